package proving_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/proving"
	"wcme/acmecore/store"
)

// setting is a state directory.
type setting struct {
	testing.TB
	dir  string
	root *store.Root
	log  *slog.Logger // of provers
}

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
	return &setting{TB: tb, dir: dir, root: root, log: slog.New(slog.DiscardHandler)}
}

// prover returns one that goes by the configuration as it is now.
func (s *setting) prover() *proving.Prover {
	s.Helper()
	path, text, err := s.root.Configuration()
	if err != nil {
		s.Fatal(err)
	}
	parsed, err := config.Parse(path, text)
	if err != nil {
		s.Fatal(err)
	}
	return proving.New(proving.Settings{Root: s.root, Config: func() *config.Config { return parsed }, Log: s.log, Now: time.Now})
}

// recovered returns one that has done what is done at the start of an overseer, while no
// order is in flight.
func (s *setting) recovered() *proving.Prover {
	s.Helper()
	p := s.prover()
	for what, err := range map[string]error{"end hooks": p.EndHooks(), "sweep": p.Sweep()} {
		if err != nil {
			s.Fatalf("%s: %v", what, err)
		}
	}
	return p
}

func (s *setting) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

func (s *setting) write(text string, elements ...string) {
	s.Helper()
	if err := os.WriteFile(s.path(elements...), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// waysOf are those of a record.
func waysOf(p *proving.Prover, record string, past acmecore.Standing) (*proving.Ways, error) {
	parsed, err := config.ParseCertificate("record", []byte(record))
	if err != nil {
		return nil, err
	}
	return p.Ways(parsed, past), nil
}

// prepare prepares to prove the names of a record of which nothing is remembered.
func prepare(ctx context.Context, p *proving.Prover, record string, names ...acmecore.Name) (*proving.Ways, func(), error) {
	ways, err := waysOf(p, record, acmecore.Standing{})
	if err != nil {
		return nil, nil, err
	}
	release, err := ways.Prepare(ctx, names, func(acmecore.Step) {})
	return ways, release, err
}
