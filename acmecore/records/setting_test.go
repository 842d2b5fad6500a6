package records_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore/records"
	"wcme/acmecore/store"
)

// setting is a state directory, and what the overseer, a hand or a bad disk has written
// into it.
type setting struct {
	testing.TB
	dir  string
	root *store.Root
}

func newSetting(tb testing.TB) *setting {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "state")
	if _, err := store.Setup(dir, nil); err != nil {
		tb.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return &setting{TB: tb, dir: dir, root: root}
}

func (s *setting) reader() *records.Reader {
	return records.NewReader(s.root, time.Now, slog.New(slog.DiscardHandler))
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
