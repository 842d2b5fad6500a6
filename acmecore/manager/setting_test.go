package manager_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/keys"
	"wcme/acmecore/manager"
	"wcme/acmecore/store"
)

// setting is a state directory and what a killed run, a hand or a bad disk can
// do to it.
type setting struct {
	testing.TB
	dir   string
	root  *store.Root
	began time.Time // all ages are counted from it: what is of the same age ends at the same time
}

const id = acmecore.ID("www_example_test")

func newSetting(tb testing.TB, configuration string) *setting {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "state")
	if _, err := store.Setup(dir, []byte(configuration)); err != nil {
		tb.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return &setting{TB: tb, dir: dir, root: root, began: time.Now().Truncate(time.Second)}
}

// manager returns one that has recovered, as each overseer and verb has.
func (s *setting) manager() *manager.Manager {
	s.Helper()
	m := s.unrecovered()
	if err := m.Recover(); err != nil {
		s.Fatalf("recover: %v", err)
	}
	return m
}

func (s *setting) unrecovered() *manager.Manager {
	s.Helper()
	m, err := manager.New(s.root, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		s.Fatal(err)
	}
	return m
}

// record writes the record of the certificate.
func (s *setting) record(text string) {
	s.Helper()
	if err := s.root.PutRecord(id, []byte(text)); err != nil {
		s.Fatal(err)
	}
}

// keep makes a version with a certificate for the key, which lasts 90 days and
// began so many days ago.
func (s *setting) keep(key crypto.Signer, daysOld int, names ...string) (chain [][]byte) {
	s.Helper()
	begin := s.began.Add(-time.Duration(daysOld) * 24 * time.Hour)
	template := &x509.Certificate{SerialNumber: big.NewInt(0xabc), NotBefore: begin, NotAfter: begin.Add(90 * 24 * time.Hour), DNSNames: names}
	template.Issuer.CommonName, template.Subject.CommonName = "Test CA", "Test CA"
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.Fatal(err)
	}
	chain = [][]byte{der}
	if _, err := s.root.KeepVersion(id, key, chain, acmecore.Issue{}); err != nil {
		s.Fatal(err)
	}
	return chain
}

func (s *setting) key() crypto.Signer {
	s.Helper()
	key, err := keys.Generate(acmecore.EC256)
	if err != nil {
		s.Fatal(err)
	}
	return key
}

// publish brings the products into line with the current version.
func (s *setting) publish() {
	s.Helper()
	if _, err := s.root.PublishProducts(id); err != nil {
		s.Fatal(err)
	}
}

func (s *setting) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

func (s *setting) read(elements ...string) string {
	s.Helper()
	text, err := os.ReadFile(s.path(elements...))
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

func (s *setting) write(text string, elements ...string) {
	s.Helper()
	if err := os.WriteFile(s.path(elements...), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *setting) remove(elements ...string) {
	s.Helper()
	if err := os.RemoveAll(s.path(elements...)); err != nil {
		s.Fatal(err)
	}
}

// gone fails the test when something is there.
func (s *setting) gone(elements ...string) {
	s.Helper()
	if _, err := os.Lstat(s.path(elements...)); err == nil {
		s.Errorf("%s is still there", s.path(elements...))
	}
}

// order is the order in flight of the certificate.
func order(names ...acmecore.Name) store.Order {
	return store.Order{Directory: "https://ca.example/dir", Account: "https://ca.example/account/1", Names: names,
		Key: acmecore.EC256, Began: time.Now()}
}

const recordOfOne = "names = [\"www.example.test\"]\n"

// current is where the files of the current version are.
func (s *setting) current(file string) []string {
	return []string{"priv", "certificates", string(id), "current", file}
}
