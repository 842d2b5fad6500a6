package manager_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

func contextEnded() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, cancel
}

// The numbers are those of the fault catalogue: where the run was killed.

func TestRecoverPublishesWhatWasKept(t *testing.T) { // C23, C24
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	s.publish()
	before := s.read("ssl", "fullchain_www_example_test.pem")
	s.keep(s.key(), 0, "www.example.test")
	s.manager()
	after := s.read("ssl", "fullchain_www_example_test.pem")
	if want := s.read(s.current("fullchain.pem")...) + s.read(s.current("key.pem")...); after == before || after != want {
		t.Errorf("the product is not the current version:\n%s", after)
	}
	if leaf := s.read("ssl", "cert_www_example_test.pem"); leaf != s.read(s.current("fullchain.pem")...) {
		t.Errorf("cert_: got\n%s", leaf)
	}
	info, err := os.Stat(s.path("ssl", "fullchain_www_example_test.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, %v", info.Mode(), err)
	}
}

func TestRecoverLeavesTheProductsOfADamagedVersionAlone(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"fullchain.pem", "key.pem"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t, "")
			s.record(recordOfOne)
			s.keep(s.key(), 1, "www.example.test")
			s.publish()
			whole := s.read("ssl", "fullchain_www_example_test.pem")
			s.write("garbage", s.current(file)...)
			err := s.unrecovered().Recover()
			if err == nil || !strings.Contains(err.Error(), string(id)) {
				t.Errorf("got %v, want an error that names the certificate", err)
			}
			if after := s.read("ssl", "fullchain_www_example_test.pem"); after != whole {
				t.Errorf("the product is no longer what it was:\n%s", after)
			}
		})
	}
}

func TestRecoverDropsTheJournalOfAFinishedOrder(t *testing.T) { // C23 to C30
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	journal, err := s.root.OpenJournal(id, order("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.SetURL("https://ca.example/order/1"); err != nil {
		t.Fatal(err)
	}
	s.keep(journal.Key(), 0, "www.example.test")
	s.manager()
	s.gone("priv", "orders", string(id))
	s.read("ssl", "fullchain_www_example_test.pem")
}

func TestRecoverDropsWhatIsLeftOfAJournal(t *testing.T) { // within C30
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	if _, err := s.root.OpenJournal(id, order("www.example.test")); err != nil {
		t.Fatal(err)
	}
	s.keep(s.key(), 0, "www.example.test")
	s.remove("priv", "orders", string(id), "key.pem")
	s.manager()
	s.gone("priv", "orders", string(id))
}

// TestRecoverKeepsAnOrderInFlight: its key, its URL, and its challenge, which the
// CA may be about to fetch.
func TestRecoverKeepsAnOrderInFlight(t *testing.T) { // C10 to C19
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	s.keep(s.key(), 61, "www.example.test")
	s.publish()
	journal, err := s.root.OpenJournal(id, order("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.SetURL("https://ca.example/order/1"); err != nil {
		t.Fatal(err)
	}
	token := s.challenge()
	s.manager()
	again, err := s.root.OpenJournal(id, order("www.example.test"))
	if err != nil || again.URL() != "https://ca.example/order/1" {
		t.Fatalf("URL: got %q, %v", again.URL(), err)
	}
	if _, err := challenge.Directory(s.root.Challenges()).Lookup(string(token)); err != nil {
		t.Errorf("the challenge of the order: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	s.manager()
	s.gone("www", string(token))
}

// challenge publishes one.
func (s *setting) challenge() acmecore.Token {
	s.Helper()
	token := acmecore.Token(strings.Repeat("t", 43))
	if err := challenge.Directory(s.root.Challenges()).Publish(token, string(token)+"."+strings.Repeat("k", 43)); err != nil {
		s.Fatal(err)
	}
	return token
}

func TestRecoverRemovesStaleChallenges(t *testing.T) { // C12 to C15
	t.Parallel()
	s := newSetting(t, "")
	token := s.challenge()
	s.write("half", "www", "."+string(token)+"1234")
	s.write("the administrator's own", "www", "index.html")
	s.manager()
	s.gone("www", string(token))
	s.gone("www", "."+string(token)+"1234")
	if got := s.read("www", "index.html"); got != "the administrator's own" {
		t.Errorf("index.html: got %q", got)
	}
}

func TestRecoverRemovesWhatIsHalfMade(t *testing.T) { // C02, C07, C20, C21, C25, C33
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	for _, dir := range []string{
		"priv/certificates/www_example_test/.draft-123",
		"priv/certificates/www_example_test/.current123",
		"priv/certificates/www_example_test/.000000.gone",
		"priv/accounts/ca-0123/.draft-123",
		"priv/orders/.www_example_test.gone",
	} {
		if err := os.MkdirAll(s.path(filepath.FromSlash(dir)), 0o700); err != nil {
			t.Fatal(err)
		}
		s.write("half", filepath.FromSlash(dir), "key.pem")
	}
	s.write("half", "ssl", ".fullchain_www_example_test.pem123")
	s.write("half", "etc", "certificates", ".www_example_test.toml123")
	s.write("mine", "etc", "certificates", ".www_example_test.toml.swp")
	s.manager()
	err := filepath.WalkDir(s.dir, func(path string, entry os.DirEntry, err error) error {
		if strings.HasPrefix(entry.Name(), ".") && !strings.HasSuffix(path, ".swp") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if got := s.read("etc", "certificates", ".www_example_test.toml.swp"); got != "mine" {
		t.Errorf("the editor's file: got %q", got)
	}
}

func TestRecoverForgetsTheKeyOfAnAccountThatIsKept(t *testing.T) { // within C05
	t.Parallel()
	s := newSetting(t, "")
	const directory = "https://ca.example/dir"
	if _, err := s.root.PendingAccountKey(directory); err != nil {
		t.Fatal(err)
	}
	pending, err := filepath.Glob(s.path("priv", "accounts", "*", "pending"))
	if err != nil || len(pending) != 1 {
		t.Fatalf("got %v, %v", pending, err)
	}
	key, err := os.ReadFile(filepath.Join(pending[0], "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.root.KeepAccount(acmecore.Account{Directory: directory, URL: "https://ca.example/account/1"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(pending[0], 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(pending[0], "key.pem"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	s.manager()
	if _, err := os.Stat(pending[0]); err == nil {
		t.Error("it is still pending: another account would get the same key")
	}
	if account, _, err := s.root.Account(directory); err != nil || account.URL != "https://ca.example/account/1" {
		t.Errorf("account: got %+v, %v", account, err)
	}
}

// TestRecoverGoesOnAfterAProblem: one certificate that cannot be recovered keeps
// none of the others from it.
func TestRecoverGoesOnAfterAProblem(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	token := s.challenge()
	if err := s.root.PutRecord("a_example_test", []byte("names = [\"a.example.test\"]")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.root.KeepVersion("a_example_test", s.key(), [][]byte{[]byte("garbage")}, acmecore.Issue{}); err != nil {
		t.Fatal(err)
	}
	if err := s.unrecovered().Recover(); err == nil || !strings.Contains(err.Error(), "a_example_test") {
		t.Errorf("got %v, want an error that names a_example_test", err)
	}
	s.read("ssl", "fullchain_www_example_test.pem")
	s.gone("www", string(token))
}
