package store_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/keys"
	"wcme/acmecore/store"
)

func setUp(t *testing.T) *store.Root {
	t.Helper()
	dir := t.TempDir()
	if _, err := store.Setup(dir, []byte("# test\n")); err != nil {
		t.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// pair makes a key and a chain of two certificates.
func pair(t *testing.T) (crypto.Signer, [][]byte) {
	t.Helper()
	key, err := keys.Generate(acmecore.EC256)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"a.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return key, [][]byte{der, der}
}

func TestSetupIsIdempotentAndMendsModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	done, err := store.Setup(dir, []byte("first\n"))
	if err != nil || len(done) == 0 {
		t.Fatalf("first time: %q, %v", done, err)
	}
	if done, err := store.Setup(dir, []byte("second\n")); err != nil || len(done) != 0 {
		t.Errorf("second time: did %q, %v; want nothing", done, err)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "etc/wcme.toml")); string(text) != "first\n" {
		t.Errorf("the configuration was overwritten: %q", text)
	}
	if err := os.Chmod(filepath.Join(dir, "priv"), 0o755); err != nil {
		t.Fatal(err)
	}
	done, err = store.Setup(dir, nil)
	if err != nil || len(done) != 1 || !strings.Contains(done[0], "0755 to 0700") {
		t.Errorf("a wide mode: did %q, %v", done, err)
	}
	for name, want := range map[string]fs.FileMode{"priv": 0o700, "priv/orders": 0o700, "www": 0o755, "etc/wcme.toml": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

func TestOpenRefusesAMissingOrIncompleteDirectory(t *testing.T) {
	dir := t.TempDir()
	_, err := store.Open(dir)
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(acmecore.HintOf(err), "wcme setup --root "+dir) {
		t.Errorf("empty: got %v, hint %q", err, acmecore.HintOf(err))
	}
	root := setUp(t)
	if err := os.RemoveAll(filepath.Join(root.Dir(), "priv", "certificates")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(root.Dir()); err == nil || !strings.Contains(err.Error(), "priv/certificates") {
		t.Errorf("incomplete: got %v", err)
	}
}

func TestTheLockIsTheKernels(t *testing.T) {
	root := setUp(t)
	lock, err := root.TryLock("test one")
	if err != nil {
		t.Fatal(err)
	}
	_, err = root.TryLock("test two")
	if acmecore.KindOf(err) != acmecore.Busy || !strings.Contains(err.Error(), "test one (process ") {
		t.Errorf("held: got %v, want an error of kind busy that names the holder", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := root.WaitLock(ended, "test two"); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("waiting in vain: got %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	// The file with its note stays, and means nothing.
	lock, err = root.TryLock("test two")
	if err != nil {
		t.Fatalf("free: got %v", err)
	}
	if got := root.Holder(); !strings.HasPrefix(got, "test two") {
		t.Errorf("holder: got %q", got)
	}
	lock.Release()
}

func TestTheLockEndsWithItsProcess(t *testing.T) {
	root := setUp(t)
	holder := exec.Command("flock", "--no-fork", filepath.Join(root.Dir(), "priv", "lock"), "sh", "-c", "echo held; exec sleep 1000")
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer holder.Wait()
	defer holder.Process.Kill()
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := root.TryLock("test"); acmecore.KindOf(err) != acmecore.Busy {
		t.Fatalf("held by another process: got %v", err)
	}
}

func TestVersionsSwitchAsAPair(t *testing.T) {
	root := setUp(t)
	for i := range 8 {
		key, chain := pair(t)
		version, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{})
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%06d", i+1); version != want {
			t.Errorf("version %s, want %s", version, want)
		}
		kept, current, err := root.Chain("a_example")
		if err != nil || current != version || len(kept) != 2 || string(kept[0]) != string(chain[0]) {
			t.Errorf("chain of %s: got version %s, %v", version, current, err)
		}
		again, err := root.Key("a_example")
		if err != nil || !again.Public().(*ecdsa.PublicKey).Equal(key.Public()) {
			t.Errorf("key of %s is another one, %v", version, err)
		}
		if err := root.Prune("a_example"); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root.Dir(), "priv/certificates/a_example"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got := strings.Join(names, " "); got != "000004 000005 000006 000007 000008 current" {
		t.Errorf("after pruning: %s", got)
	}
}

func TestPruneKeepsTheCurrentVersionAndTheOneBefore(t *testing.T) {
	root := setUp(t)
	dir := filepath.Join(root.Dir(), "priv/certificates/a_example")
	for range 8 {
		key, chain := pair(t)
		if _, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "current")), os.Symlink("000002", filepath.Join(dir, "current")),
		os.Mkdir(filepath.Join(dir, ".draft-1"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := root.Prune("a_example"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"000001": true, "000002": true, "000003": false, "000004": true, "000008": true, ".draft-1": false} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: there is %v, want there: %v", name, err == nil, want)
		}
	}
}

func TestALinkOutOfTheDirectoryIsNotFollowed(t *testing.T) {
	root := setUp(t)
	key, chain := pair(t)
	if _, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{}); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(root.Dir(), "priv/certificates/a_example/current")
	for _, target := range []string{"/etc", "../../..", "000001/../000001", "999999"} {
		if err := errors.Join(os.Remove(link), os.Symlink(target, link)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := root.Chain("a_example"); err == nil {
			t.Errorf("current → %s was followed", target)
		}
	}
}

func TestProductsAreOnePairAndRepaired(t *testing.T) {
	root := setUp(t)
	key, chain := pair(t)
	if _, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{}); err != nil {
		t.Fatal(err)
	}
	if changed, err := root.PublishProducts("a_example"); err != nil || len(changed) != 3 {
		t.Fatalf("first: changed %q, %v", changed, err)
	}
	combined := filepath.Join(root.Dir(), "ssl/fullchain_a_example.pem")
	if _, err := tls.LoadX509KeyPair(combined, combined); err != nil {
		t.Errorf("the combined file is no pair: %v", err)
	}
	for name, want := range map[string]fs.FileMode{"fullchain": 0o600, "cert": 0o644, "chain": 0o644} {
		if info, err := os.Stat(filepath.Join(root.Dir(), "ssl", name+"_a_example.pem")); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	if changed, err := root.PublishProducts("a_example"); err != nil || len(changed) != 0 {
		t.Errorf("again: changed %q, %v; want nothing", changed, err)
	}
	if err := errors.Join(os.Chmod(combined, 0o644), os.Remove(filepath.Join(root.Dir(), "ssl/chain_a_example.pem"))); err != nil {
		t.Fatal(err)
	}
	if changed, err := root.PublishProducts("a_example"); err != nil || len(changed) != 2 {
		t.Errorf("a wide mode and a missing file: changed %q, %v; want both", changed, err)
	}
	if info, _ := os.Stat(combined); info.Mode() != 0o600 {
		t.Errorf("the mode was not mended: %v", info.Mode())
	}
}

func TestTheJournalIsTakenUpForTheSameOrderOnly(t *testing.T) {
	root := setUp(t)
	order := store.Order{Directory: "https://ca.example/", Account: "https://ca.example/1", Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256}
	journal, err := root.OpenJournal("a_example", order)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.SetURL("https://ca.example/order/1"); err != nil {
		t.Fatal(err)
	}
	again, err := root.OpenJournal("a_example", order)
	if err != nil || again.URL() != "https://ca.example/order/1" || !again.Key().Public().(*ecdsa.PublicKey).Equal(journal.Key().Public()) {
		t.Errorf("the same order: got URL %q, %v; want its URL and its key", again.URL(), err)
	}
	for what, change := range map[string]func(*store.Order){
		"other names":    func(o *store.Order) { o.Names = []acmecore.Name{"a.example", "b.example"} },
		"another CA":     func(o *store.Order) { o.Directory = "https://other.example/" },
		"another key":    func(o *store.Order) { o.Key = acmecore.EC384 },
		"another user":   func(o *store.Order) { o.Account = "https://ca.example/2" },
		"other profiles": func(o *store.Order) { o.Profile = "short" },
		"another life":   func(o *store.Order) { o.Validity = 24 * time.Hour },
	} {
		begun, err := root.OpenJournal("a_example", order)
		if err == nil {
			err = begun.SetURL("https://ca.example/order/1")
		}
		if err != nil {
			t.Fatal(err)
		}
		other := order
		change(&other)
		fresh, err := root.OpenJournal("a_example", other)
		if err != nil || fresh.URL() != "" {
			t.Errorf("%s: got URL %q, %v; want a new journal", what, fresh.URL(), err)
		}
	}
	if ids, err := root.InFlight(); err != nil || len(ids) != 1 || ids[0] != "a_example" {
		t.Errorf("in flight: %v, %v", ids, err)
	}
}

func TestADamagedJournalIsBegunAnew(t *testing.T) {
	root := setUp(t)
	order := store.Order{Directory: "https://ca.example/", Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256}
	for _, file := range []string{"key.pem", "order.json"} {
		for what, damage := range map[string]func(string) error{
			"missing": os.Remove,
			"empty":   func(path string) error { return os.Truncate(path, 0) },
			"garbage": func(path string) error { return os.WriteFile(path, []byte("\x00garbage"), 0o600) },
			"a directory": func(path string) error {
				return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
			},
		} {
			journal, err := root.OpenJournal("a_example", order)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(journal.SetURL("https://ca.example/1"), damage(filepath.Join(root.Dir(), "priv/orders/a_example", file))); err != nil {
				t.Fatal(err)
			}
			fresh, err := root.OpenJournal("a_example", order)
			if err != nil || fresh.URL() != "" || fresh.Key() == nil {
				t.Errorf("%s %s: got %v; want a new journal", file, what, err)
			}
		}
	}
}

func TestAFinishedJournalIsDropped(t *testing.T) {
	root := setUp(t)
	order := store.Order{Directory: "https://ca.example/", Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256}
	journal, err := root.OpenJournal("a_example", order)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := pair(t)
	for _, row := range []struct {
		key  crypto.Signer
		left int
	}{{other, 1}, {journal.Key(), 0}} {
		if err := root.DropFinished("a_example", row.key); err != nil {
			t.Fatal(err)
		}
		if ids, _ := root.InFlight(); len(ids) != row.left {
			t.Errorf("in flight: %v, want %d", ids, row.left)
		}
	}
}

func TestAnAccountKeyIsDurableBeforeItIsUsed(t *testing.T) {
	root := setUp(t)
	const directory = "https://ca.example/directory"
	if _, _, err := root.Account(directory); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("none: got %v", err)
	}
	key, err := root.PendingAccountKey(directory)
	if err != nil {
		t.Fatal(err)
	}
	again, err := root.PendingAccountKey(directory)
	if err != nil || !again.Public().(*ecdsa.PublicKey).Equal(key.Public()) {
		t.Errorf("a second try has another key, %v", err)
	}
	account := acmecore.Account{Directory: directory, URL: "https://ca.example/1", Contact: []string{"a@example.org"}}
	if err := root.KeepAccount(account); err != nil {
		t.Fatal(err)
	}
	kept, keptKey, err := root.Account(directory)
	if err != nil || kept.URL != account.URL || !keptKey.Public().(*ecdsa.PublicKey).Equal(key.Public()) {
		t.Errorf("kept: got %+v, %v", kept, err)
	}
	if _, _, err := root.Account("https://other.example/directory"); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("another CA: got %v", err)
	}
	second, err := root.PendingAccountKey(directory)
	if err != nil || second.Public().(*ecdsa.PublicKey).Equal(key.Public()) {
		t.Errorf("another account has the same key, %v", err)
	}
	if err := root.DropPendingAccount(directory); err != nil {
		t.Fatal(err)
	}
	if kept, _, err := root.Account(directory); err != nil || kept.URL != account.URL {
		t.Errorf("after a refusal: got %+v, %v; want the account kept", kept, err)
	}
}

func TestARefusedAccountLeavesNothing(t *testing.T) {
	root := setUp(t)
	if _, err := root.PendingAccountKey("https://ca.example/directory"); err != nil {
		t.Fatal(err)
	}
	if err := root.DropPendingAccount("https://ca.example/directory"); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Join(root.Dir(), "priv/accounts")); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestNoKeyFileIsWide(t *testing.T) {
	root := setUp(t)
	key, chain := pair(t)
	if _, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{}); err != nil {
		t.Fatal(err)
	}
	if _, err := root.PublishProducts("a_example"); err != nil {
		t.Fatal(err)
	}
	if _, err := root.PendingAccountKey("https://ca.example/"); err != nil {
		t.Fatal(err)
	}
	found := 0
	err := filepath.WalkDir(root.Dir(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "PRIVATE KEY") {
			return err
		}
		found++
		info, err := entry.Info()
		if err == nil && info.Mode() != 0o600 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil || found != 3 {
		t.Errorf("found %d keys, %v; want 3", found, err)
	}
}

func TestRecordsAreThoseOfCertificates(t *testing.T) {
	root := setUp(t)
	if err := errors.Join(root.PutRecord("b_example", []byte("x")), root.PutRecord("a_example", []byte("x")),
		os.WriteFile(filepath.Join(root.Dir(), "etc/certificates/README"), nil, 0o644),
		os.WriteFile(filepath.Join(root.Dir(), "etc/certificates/UPPER.toml"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if ids, err := root.Records(); err != nil || fmt.Sprint(ids) != "[a_example b_example]" {
		t.Errorf("got %v, %v", ids, err)
	}
	if _, _, err := root.Record("c_example"); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("missing: got %v", err)
	}
}
