package store_test

import (
	"crypto/ecdsa"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

const caDirectory = "https://ca.example/directory"

// registered has an account, and returns it.
func registered(t *testing.T) (*store.Root, acmecore.Account) {
	t.Helper()
	root := setUp(t)
	if _, err := root.PendingAccountKey(caDirectory); err != nil {
		t.Fatal(err)
	}
	account := acmecore.Account{Directory: caDirectory, URL: "https://ca.example/1", Contact: []string{"a@example.org"}}
	if err := root.KeepAccount(account); err != nil {
		t.Fatal(err)
	}
	return root, account
}

// TestRolloverNeverLosesAKey: the old one is the account's until the new one is.
func TestRolloverNeverLosesAKey(t *testing.T) {
	root, account := registered(t)
	_, old, err := root.Account(caDirectory)
	if err != nil {
		t.Fatal(err)
	}
	if _, pending, err := root.Rollover(caDirectory); pending || err != nil {
		t.Errorf("none: got %v, %v", pending, err)
	}
	fresh, err := root.NewAccountKey(caDirectory)
	if err != nil {
		t.Fatal(err)
	}
	again, err := root.NewAccountKey(caDirectory)
	if err != nil || !again.Public().(*ecdsa.PublicKey).Equal(fresh.Public()) {
		t.Errorf("a second try has another key, %v", err)
	}
	if _, key, err := root.Account(caDirectory); err != nil || !key.Public().(*ecdsa.PublicKey).Equal(old.Public()) {
		t.Errorf("meanwhile the account has another key, %v", err)
	}
	if err := root.Sweep(); err != nil {
		t.Fatal(err)
	}
	if _, pending, err := root.Rollover(caDirectory); !pending || err != nil {
		t.Errorf("after a sweep: got %v, %v", pending, err)
	}
	if err := root.FinishRollover(account); err != nil {
		t.Fatal(err)
	}
	if kept, key, err := root.Account(caDirectory); err != nil || kept.URL != account.URL || !key.Public().(*ecdsa.PublicKey).Equal(fresh.Public()) {
		t.Errorf("afterwards: got %+v, %v", kept, err)
	}
	if _, pending, err := root.Rollover(caDirectory); pending || err != nil {
		t.Errorf("afterwards: got %v, %v", pending, err)
	}
	if key, err := root.AccountKey(caDirectory, account.URL); err != nil || !key.Public().(*ecdsa.PublicKey).Equal(fresh.Public()) {
		t.Errorf("by its URL: it has another key, %v", err)
	}
	if err := root.FinishRollover(account); err == nil {
		t.Error("a rollover without a key was finished")
	}
}

// TestSweepEndsARolloverThatIsOver: a run was killed before the key's copy was removed, or
// before the key was made.
func TestSweepEndsARolloverThatIsOver(t *testing.T) {
	root, account := registered(t)
	dirs, err := filepath.Glob(filepath.Join(root.Dir(), "priv/accounts/*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("got %v, %v", dirs, err)
	}
	left := filepath.Join(dirs[0], "rollover")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, ".key.pem123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := func(what string) {
		t.Helper()
		if err := root.Sweep(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("%s: it is still there", what)
		}
	}
	gone("without a key")
	if _, err := root.NewAccountKey(caDirectory); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(left, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := root.FinishRollover(account); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "key.pem"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	gone("with the account's key")
}

// TestRolloverIsSetAside, whatever its key is, and kept; another one can be begun.
func TestRolloverIsSetAside(t *testing.T) {
	root, _ := registered(t)
	if aside, err := root.SetAsideRollover(caDirectory); err != nil || aside != "" {
		t.Errorf("none: got %q, %v", aside, err)
	}
	for what, text := range map[string]string{"as it was made": "", "cut short": "-----BEGIN"} {
		if _, err := root.NewAccountKey(caDirectory); err != nil {
			t.Fatal(err)
		}
		keys, err := filepath.Glob(filepath.Join(root.Dir(), "priv/accounts/*/rollover/key.pem"))
		if err != nil || len(keys) != 1 {
			t.Fatalf("got %v, %v", keys, err)
		}
		if text != "" {
			if err := os.WriteFile(keys[0], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		made, err := os.ReadFile(keys[0])
		if err != nil {
			t.Fatal(err)
		}
		aside, err := root.SetAsideRollover(caDirectory)
		if err != nil || !strings.HasPrefix(aside, filepath.Dir(keys[0])+".bad-") {
			t.Fatalf("%s: got %q, %v", what, aside, err)
		}
		if err := root.Sweep(); err != nil {
			t.Fatal(err)
		}
		if kept, err := os.ReadFile(filepath.Join(aside, "key.pem")); err != nil || string(kept) != string(made) {
			t.Errorf("%s: it is not kept: %v", what, err)
		}
		if _, pending, err := root.Rollover(caDirectory); pending || err != nil {
			t.Errorf("%s: afterwards: got %v, %v", what, pending, err)
		}
	}
}

// TestAnAccountThatIsOverIsKeptForTheRecord, and found by nobody.
func TestAnAccountThatIsOverIsKeptForTheRecord(t *testing.T) {
	for _, status := range []string{"deactivated", "revoked"} {
		root, account := registered(t)
		_, key, err := root.Account(caDirectory)
		if err != nil {
			t.Fatal(err)
		}
		account.Status = status
		if err := root.ReplaceAccount(account, key); err != nil {
			t.Fatal(err)
		}
		if _, _, err := root.Account(caDirectory); acmecore.KindOf(err) != acmecore.NotFound || !strings.Contains(err.Error(), account.URL+", is "+status) {
			t.Errorf("%s: got %v", status, err)
		}
		if _, err := root.AccountKey(caDirectory, account.URL); acmecore.KindOf(err) != acmecore.NotFound {
			t.Errorf("%s: its key: got %v", status, err)
		}
		if _, err := root.PendingAccountKey(caDirectory); err != nil {
			t.Fatal(err)
		}
		if err := root.KeepAccount(acmecore.Account{Directory: caDirectory, URL: "https://ca.example/2"}); err != nil {
			t.Fatal(err)
		}
		if kept, _, err := root.Account(caDirectory); err != nil || kept.URL != "https://ca.example/2" {
			t.Errorf("%s: another one: got %+v, %v", status, kept, err)
		}
	}
}

// TestAccountKeyOfAnEarlierAccount: what it has ordered can be revoked by it.
func TestAccountKeyOfAnEarlierAccount(t *testing.T) {
	root, first := registered(t)
	_, key, err := root.Account(caDirectory)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := root.PendingAccountKey(caDirectory); err != nil {
		t.Fatal(err)
	}
	if err := root.KeepAccount(acmecore.Account{Directory: caDirectory, URL: "https://ca.example/2"}); err != nil {
		t.Fatal(err)
	}
	if got, err := root.AccountKey(caDirectory, first.URL); err != nil || !got.Public().(*ecdsa.PublicKey).Equal(key.Public()) {
		t.Errorf("got another key, %v", err)
	}
	for _, url := range []string{"https://ca.example/3", ""} {
		if _, err := root.AccountKey(caDirectory, url); acmecore.KindOf(err) != acmecore.NotFound {
			t.Errorf("%q: got %v", url, err)
		}
	}
	if _, err := root.AccountKey("https://other.example/directory", first.URL); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("another CA: got %v", err)
	}
}

// TestTroubleOfAnAccount is remembered until the account is another one.
func TestTroubleOfAnAccount(t *testing.T) {
	root, account := registered(t)
	trouble := acmecore.Failure{At: time.Now().UTC().Truncate(time.Second), Kind: acmecore.Refused, Cause: "new terms", Hint: "agree"}
	note := func() {
		t.Helper()
		if err := root.NoteAccountTrouble(caDirectory, trouble); err != nil {
			t.Fatal(err)
		}
	}
	read := func() acmecore.Failure {
		t.Helper()
		kept, _, err := root.Account(caDirectory)
		if err != nil {
			t.Fatal(err)
		}
		return kept.Trouble
	}
	note()
	if got := read(); got.Cause != trouble.Cause || !got.At.Equal(trouble.At) || got.Kind != trouble.Kind {
		t.Errorf("got %+v", got)
	}
	_, key, err := root.Account(caDirectory)
	if err != nil {
		t.Fatal(err)
	}
	if err := root.ReplaceAccount(account, key); err != nil || !read().At.IsZero() {
		t.Errorf("after an update: got %+v, %v", read(), err)
	}
	note()
	if _, err := root.PendingAccountKey(caDirectory); err != nil {
		t.Fatal(err)
	}
	if err := root.KeepAccount(account); err != nil || !read().At.IsZero() {
		t.Errorf("of another account: got %+v, %v", read(), err)
	}
	note()
	files, err := filepath.Glob(filepath.Join(root.Dir(), "priv/accounts/*/trouble.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got %v, %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil || !read().At.IsZero() {
		t.Errorf("damaged: got %+v, %v", read(), err)
	}
}

// TestReadSecretOfTheCommandLine refuses what is none.
func TestReadSecretOfTheCommandLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := store.ReadSecret(path); acmecore.KindOf(err) != acmecore.Invalid || strings.Contains(acmecore.HintOf(err), "systemd") {
		t.Errorf("none: got %v, %q", err, acmecore.HintOf(err))
	}
	for mode, wide := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o602: true} {
		if err := os.WriteFile(path, []byte(" secret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		text, err := store.ReadSecret(path)
		if wide && (acmecore.KindOf(err) != acmecore.Invalid || text != "" || !strings.Contains(acmecore.HintOf(err), "chmod o=")) || !wide && (err != nil || text != "secret") {
			t.Errorf("%o: got %q, %v", mode, text, err)
		}
	}
}
