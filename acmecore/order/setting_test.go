package order_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

const userAgent = "wcme/0.0-test"

// start is when a test begins.
var start = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// setting is a CA, what a client of ours needs beside it, and what they did.
type setting struct {
	t          *testing.T
	ca         *authority
	clock      *clock
	journal    *journal
	challenges *publisher
	options    order.Options
	wanted     order.Wanted
	steps      []acmecore.Step
	obtained   order.Obtained // by the last attempt
}

// newSetting returns a CA behind TLS on a port of this machine, an account
// there, and the wish for a certificate of a.example. Whatever the test does, no
// challenge may be left at its end.
func newSetting(t *testing.T) *setting {
	s := newSilent(t, &clock{time: start})
	s.serve()
	return s
}

// serve serves the CA on a port of this machine, behind TLS that the client trusts.
func (s *setting) serve(configure ...func(*httptest.Server)) {
	server := newServer(s.t, s.ca, configure...)
	s.ca.base = server.URL
	s.options.Roots = x509.NewCertPool()
	s.options.Roots.AddCert(server.Certificate())
	s.enrol()
}

// newMemory is newSetting without a network, for use in a bubble of
// testing/synctest: all of its waiting is the bubble's.
func newMemory(t *testing.T) *setting {
	s := newSilent(t, nil)
	s.ca.base = "https://ca.example"
	s.options.Base = memory{s.ca}
	s.enrol()
	return s
}

func newSilent(t *testing.T, clock *clock) *setting {
	s := &setting{t: t, clock: clock}
	now := time.Now
	if clock != nil {
		now = clock.now
		s.options.Now, s.options.Sleep = clock.now, clock.sleep
	}
	s.ca = newAuthority(t, now)
	s.journal = &journal{diary: &s.ca.diary}
	s.challenges = &publisher{diary: &s.ca.diary, pending: map[string]string{}, published: map[string]string{}}
	s.ca.visit, s.ca.response = s.challenges.visit, s.challenges.response
	s.options.UserAgent = userAgent
	s.options.Progress = s.step
	s.wants("a.example")
	t.Cleanup(s.check)
	return s
}

// enrol makes an account at the CA.
func (s *setting) enrol() {
	key := newKey(s.t)
	s.options.Directory = s.ca.base + "/directory"
	s.options.Key, s.options.Account = key, s.ca.enrol(&key.PublicKey)
}

// step notes a step. The race detector sees if they are told concurrently.
func (s *setting) step(step acmecore.Step) { s.steps = append(s.steps, step) }

// wants says which names the certificate is to have, for a new key.
func (s *setting) wants(names ...string) {
	s.wanted = order.Wanted{Key: newKey(s.t)}
	for _, name := range names {
		s.wanted.Names = append(s.wanted.Names, acmecore.Name(name))
	}
}

func (s *setting) client() *order.Client { return order.New(s.options) }

// obtain is one attempt.
func (s *setting) obtain() ([][]byte, error) { return s.obtainIn(s.t.Context()) }

func (s *setting) obtainIn(ctx context.Context) ([][]byte, error) {
	obtained, err := s.client().Obtain(ctx, s.wanted, s.journal, s.challenges)
	s.obtained = obtained
	return obtained.Chain, err
}

// check is what must be true at the end of every test.
func (s *setting) check() {
	if left := s.challenges.left(); len(left) > 0 {
		s.t.Errorf("challenges were left behind: %q", left)
	}
	for agent := range s.ca.agents {
		if agent != userAgent {
			s.t.Errorf("User-Agent is %q, want %q", agent, userAgent)
		}
	}
}

// mustObtain is an attempt that must succeed.
func (s *setting) mustObtain() *x509.Certificate {
	s.t.Helper()
	chain, err := s.obtain()
	if err != nil {
		s.t.Fatalf("obtain: %v", err)
	}
	return s.mustFit(chain)
}

// mustFit checks the chain from a visitor's point of view.
func (s *setting) mustFit(chain [][]byte) *x509.Certificate {
	s.t.Helper()
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range s.wanted.Names {
		if err := leaf.VerifyHostname(strings.Replace(string(name), "*.", "any.", 1)); err != nil {
			s.t.Error(err)
		}
	}
	if public, ok := s.wanted.Key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(leaf.PublicKey) {
		s.t.Error("the certificate is for another key")
	}
	return leaf
}

// outcome is how an attempt that must fail has to read.
type outcome struct {
	kind  acmecore.Kind
	words []string // that the error has
	hint  string   // a part of the hint; there is always one
}

// mustFail is an attempt that must fail.
func (s *setting) mustFail(want outcome) error {
	s.t.Helper()
	_, err := s.obtain()
	mustRead(s.t, err, want)
	return err
}

// mustRead checks an error as a user sees it: one line that says what is so,
// and a hint.
func mustRead(t *testing.T, err error, want outcome) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	t.Logf("error: %v", err)
	t.Logf("hint: %v", acmecore.HintOf(err))
	if got := acmecore.KindOf(err); got != want.kind {
		t.Errorf("kind is %q, want %q", got, want.kind)
	}
	for _, word := range want.words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q", word)
		}
	}
	if got := acmecore.HintOf(err); got == "" || !strings.Contains(got, want.hint) {
		t.Errorf("the hint does not say %q", want.hint)
	}
	mustBeInert(t, err.Error())
}

// mustBeInert checks what is true of every error: it is one line of printable
// text, and shows nothing of Go or of the library.
func mustBeInert(t *testing.T, text string) {
	t.Helper()
	for _, foreign := range []string{"acme: ", "json:", "acme.", "Go ", "unmarshal", "UnmarshalJSON", "net/http", "unexpected EOF", "\n"} {
		if strings.Contains(text, foreign) {
			t.Errorf("the error shows %q", foreign)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if len(line) <= 1000 && acmecore.Inert(line) != strings.TrimSpace(line) {
			t.Errorf("the error is not inert: %q", line)
		}
	}
}

// told tells whether a step has the text in it.
func (s *setting) told(text string) bool {
	return slices.ContainsFunc(s.steps, func(step acmecore.Step) bool { return strings.Contains(step.Text, text) })
}

// mustTell fails the test unless a step has the text in it.
func (s *setting) mustTell(text string) {
	s.t.Helper()
	if !s.told(text) {
		s.t.Errorf("no step tells %q: %q", text, s.steps)
	}
}

// mustCount compares how many requests of a class there were.
func (s *setting) mustCount(kind class, want int) {
	s.t.Helper()
	if got := s.ca.count(kind); got != want {
		s.t.Errorf("%d requests of class %s, want %d", got, kind, want)
	}
}

// mustBePolite is the bound of requests for one attempt with one name.
func (s *setting) mustBePolite() {
	s.t.Helper()
	if got := s.ca.count(); got > 60 {
		s.t.Errorf("%d requests for one attempt, want at most 60", got)
	}
}

// limitOf returns until when the CA wants to be left alone.
func limitOf(t *testing.T, err error) time.Time {
	t.Helper()
	limited := new(order.LimitedError)
	if !errors.As(err, &limited) {
		t.Fatalf("%v is not a LimitedError", err)
	}
	return limited.Until
}

func publicOf(key crypto.Signer) *ecdsa.PublicKey { return key.Public().(*ecdsa.PublicKey) }

// newMemoryOutside is newMemory for tests that are in no bubble.
func newMemoryOutside(t *testing.T) *setting {
	s := newSilent(t, &clock{time: start})
	s.ca.base = "https://ca.example"
	s.options.Base = memory{s.ca}
	s.enrol()
	return s
}
