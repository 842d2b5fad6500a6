package badca_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/acmecore/order"
	"wcme/acmecore/schedule"
	"wcme/acmecore/store"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

const (
	host = acmecore.Name("www.example.test")
	id   = acmecore.ID("www_example_test")
)

// How long an answer may take: longPatience outlasts a busy machine, shortPatience is
// for a CA that does not answer.
const (
	longPatience  = time.Minute
	shortPatience = 2 * time.Second // in which a good answer comes on a busy machine, too
)

// rig is a bad CA, and a state directory with an account there and a certificate, of
// which each case gets a copy.
type rig struct {
	testing.TB
	pebble   *lab.Pebble
	ca       *badca.CA
	clock    *clock
	patience time.Duration // in the attempt that fails
	template string
	wish     func(*control.CertifyRequest) // what is asked for beside the usual; nil for nothing

	delivered []byte // as the latest certificate
}

// newRig starts it. The CA takes every challenge for answered.
func newRig(tb testing.TB, options lab.PebbleOptions) *rig {
	tb.Helper()
	options.Dir, options.HTTPPort, options.AlwaysValid = tb.TempDir(), 80, true
	r := &rig{TB: tb, pebble: lab.MustPebble(tb, lab.MustBuild(tb), options), clock: new(clock), patience: longPatience}
	r.ca = badca.Must(tb, r.pebble, r.clock.now)
	r.template = filepath.Join(tb.TempDir(), "state")
	r.setup(r.template)
	ctx, cancel := r.clock.begin(tb.Context())
	defer cancel()
	s := r.open(tb, r.template)
	if err := errors.Join(s.register(ctx), s.certify(ctx)); err != nil {
		tb.Fatal(err)
	}
	return r
}

func (r *rig) setup(dir string) {
	r.Helper()
	configuration := fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n", r.ca.Directory, r.ca.Roots)
	if _, err := store.Setup(dir, []byte(configuration)); err != nil {
		r.Fatal(err)
	}
}

// site is a state directory and its manager.
type site struct {
	testing.TB
	rig      *rig
	dir      string
	manager  *manager.Manager
	patience time.Duration // of the manager
	wish     control.CertifyRequest
	steps    []string
	sent     []outcome // of the attempts that attemptsNeeded has made
	again    bool      // it is the second attempt
}

// enrolled is a site with an account and a certificate.
func (r *rig) enrolled(tb testing.TB) *site {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "state")
	if err := os.CopyFS(dir, os.DirFS(r.template)); err != nil {
		tb.Fatal(err)
	}
	closeKeys(tb, dir)
	return r.open(tb, dir)
}

// closeKeys gives the copies of files the modes that they had: CopyFS keeps those of
// files, and makes directories 0777 but for the umask.
func closeKeys(tb testing.TB, dir string) {
	tb.Helper()
	if _, err := store.Setup(dir, nil); err != nil {
		tb.Fatal(err)
	}
}

// fresh is a site without an account.
func (r *rig) fresh(tb testing.TB) *site {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "state")
	r.setup(dir)
	return r.open(tb, dir)
}

func (r *rig) open(tb testing.TB, dir string) *site {
	tb.Helper()
	s := &site{TB: tb, rig: r, dir: dir, wish: control.CertifyRequest{Names: []acmecore.Name{host}, Force: true}}
	if r.wish != nil {
		r.wish(&s.wish)
	}
	s.begin(longPatience)
	return s
}

// begin starts a manager, as each run of the program does.
func (s *site) begin(patience time.Duration) {
	s.Helper()
	root, err := store.Open(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	s.patience = patience
	s.manager, err = manager.New(root, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		s.Fatal(err)
	}
	s.manager.GoBy(manager.Clock{Now: s.rig.clock.now, Sleep: s.rig.clock.sleep, Patience: patience})
	if err := s.manager.Recover(); err != nil {
		s.Fatal(err)
	}
}

// heard collects the steps of a run.
func (s *site) heard(step acmecore.Step) { s.steps = append(s.steps, step.Subject+": "+step.Text) }

func (s *site) register(ctx context.Context) error {
	_, err := s.manager.Register(ctx, control.RegisterRequest{}, s.heard)
	return err
}

// anew makes another account, which has no authorizations: Pebble reuses one in a
// hundred even where it is to reuse none.
func (s *site) anew(ctx context.Context) error {
	_, err := s.manager.Register(ctx, control.RegisterRequest{New: true}, s.heard)
	return err
}

func (s *site) certify(ctx context.Context) error {
	_, err := s.manager.Certify(ctx, s.wish, s.heard)
	return err
}

func (s *site) revoke(ctx context.Context) error {
	_, err := s.manager.Revoke(ctx, control.RevokeRequest{ID: id}, s.heard)
	if s.again && errors.Is(err, order.ErrRevoked) {
		return nil // the first attempt did it, and did not hear so
	}
	return err
}

// inform asks the CA when to renew.
func (s *site) inform(ctx context.Context) error {
	text, err := os.ReadFile(s.rig.ca.Roots)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	pair, err := s.pair()
	if err != nil {
		return err
	}
	name, err := schedule.CertificateID(pair.Leaf)
	if err != nil {
		return err
	}
	client := order.New(order.Options{Directory: s.rig.ca.Directory, Roots: roots, UserAgent: "wcme/test",
		Now: s.rig.clock.now, Sleep: s.rig.clock.sleep, Patience: s.patience})
	_, err = client.RenewalInfo(ctx, name)
	return err
}

// pair is the certificate in service, with its key.
func (s *site) pair() (tls.Certificate, error) {
	current := filepath.Join(s.dir, "priv", "certificates", string(id), "current")
	return tls.LoadX509KeyPair(filepath.Join(current, "fullchain.pem"), filepath.Join(current, "key.pem"))
}
