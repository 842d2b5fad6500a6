package manager_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
)

// door is a responder that counts.
type door struct {
	shows
	open, opened int
	problem      error
}

func (d *door) Open() (release func(), err error) {
	if d.problem != nil {
		return nil, d.problem
	}
	d.open++
	d.opened++
	return func() { d.open-- }, nil
}

// shows is a responder's part for tls-alpn-01: whether it has one.
type shows bool

func (s shows) Shows() bool { return bool(s) }

func (s shows) OpenTLS() (release func(), err error) { return func() {}, nil }

func (s shows) Show(acmecore.Name, *tls.Certificate) (hide func()) { return func() {} }

// nobody is the directory of a CA that does not answer.
const nobody = "https://127.0.0.1:9/dir"

// registered has an account at nobody's.
func registered(t *testing.T, configuration string) *setting {
	t.Helper()
	s := newSetting(t, fmt.Sprintf("ca = %q\n%s", nobody, configuration))
	if _, err := s.root.PendingAccountKey(nobody); err != nil {
		t.Fatal(err)
	}
	if err := s.root.KeepAccount(acmecore.Account{Directory: nobody, URL: nobody + "/account/1"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func certifyOne(t *testing.T, s *setting, d *door) error {
	t.Helper()
	m := s.manager()
	if d != nil {
		m.AnswerBy(d)
	}
	_, err := m.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}}, nil)
	return err
}

func TestResponderIsOpenForAnOrderAndNoLonger(t *testing.T) {
	t.Parallel()
	s := registered(t, "")
	d := new(door)
	if err := certifyOne(t, s, d); acmecore.KindOf(err) != acmecore.Unreachable {
		t.Errorf("got %v, want that the CA is unreachable", err)
	}
	if d.opened != 1 || d.open != 0 {
		t.Errorf("opened %d times, and still open %d times", d.opened, d.open)
	}
}

// TestNothingIsOrderedThatCannotBeAnswered: the CA, which would be unreachable, is
// not even asked.
func TestNothingIsOrderedThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	good, gone := t.TempDir(), filepath.Join(t.TempDir(), "gone")
	taken := &acmecore.Error{Kind: acmecore.Busy, Op: "answer challenges on", Subject: ":80", Cause: errors.New("address already in use")}
	for _, row := range []struct {
		what, configuration string
		door                *door
		want                string
	}{
		{"a webroot that is not there", fmt.Sprintf("challenge.webroot = [%q, %q]", good, gone), new(door), "use webroot " + gone},
		{"a port that is taken", fmt.Sprintf("challenge.webroot = [%q]", good), &door{problem: taken}, "answer challenges on :80"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			s := registered(t, row.configuration)
			if err := certifyOne(t, s, row.door); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
			if row.door.opened != 0 {
				t.Error("the responder was opened")
			}
			s.gone("priv", "orders", string(id))
		})
	}
}

// TestRecoverRemovesCopiesOfItsOwn, and nobody else's.
func TestRecoverRemovesCopiesOfItsOwn(t *testing.T) {
	t.Parallel()
	webroot, other := t.TempDir(), t.TempDir()
	s := newSetting(t, fmt.Sprintf("challenge.webroot = [%q, %q, %q]", webroot, other, filepath.Join(other, "gone")))
	token := s.challenge()
	authorization := s.read("www", string(token))
	stranger := acmecore.Token(strings.Repeat("s", 43))
	for _, dir := range []string{webroot, other} {
		if err := challenge.Webroot(dir).Publish(stranger, string(stranger)+".another"); err != nil {
			t.Fatal(err)
		}
	}
	if err := challenge.Webroot(webroot).Publish(token, authorization); err != nil {
		t.Fatal(err)
	}
	s.file(filepath.Join(webroot, "."+string(token)+"4711"), "half")
	s.file(filepath.Join(webroot, ".htaccess"), "mine")
	s.file(filepath.Join(other, string(token)), string(token)+".of.another.account")
	s.manager()
	s.gone("www", string(token))
	if got, want := s.names(webroot), fmt.Sprintf("[.htaccess %s]", stranger); got != want {
		t.Errorf("webroot: got %s, want %s", got, want)
	}
	if got, want := s.names(other), fmt.Sprintf("[%s %s]", stranger, token); got != want {
		t.Errorf("the other webroot: got %s, want %s", got, want)
	}
}

// TestRecoverKeepsTheCopiesOfAnOrderInFlight, as long as it is.
func TestRecoverKeepsTheCopiesOfAnOrderInFlight(t *testing.T) {
	t.Parallel()
	webroot := t.TempDir()
	s := newSetting(t, fmt.Sprintf("challenge.webroot = [%q]", webroot))
	s.record(recordOfOne)
	journal, err := s.root.OpenJournal(id, order("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.SetURL("https://ca.example/order/1"); err != nil {
		t.Fatal(err)
	}
	token := s.challenge()
	if err := challenge.Webroot(webroot).Publish(token, s.read("www", string(token))); err != nil {
		t.Fatal(err)
	}
	s.manager()
	if got, want := s.names(webroot), fmt.Sprintf("[%s]", token); got != want {
		t.Errorf("in flight: got %s, want %s", got, want)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	s.manager()
	if got := s.names(webroot); got != "[]" {
		t.Errorf("ended: got %s", got)
	}
}

// TestRecoverTellsOfACopyThatItCannotRemove, and remembers it.
func TestRecoverTellsOfACopyThatItCannotRemove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	webroot := filepath.Join(dir, "webroot")
	s := newSetting(t, fmt.Sprintf("challenge.webroot = [%q]", webroot))
	token := s.challenge()
	s.file(webroot, "no directory at all")
	if err := s.unrecovered().Recover(); err == nil || !strings.Contains(err.Error(), webroot) {
		t.Errorf("got %v, want an error that names %s", err, webroot)
	}
	s.read("www", string(token))
}

func (s *setting) file(path, text string) {
	s.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s *setting) names(dir string) string {
	s.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return fmt.Sprint(names)
}
