package order_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
	"wcme/deploy/lab"
)

// atPebble is a setting with an account at a real CA, which takes every challenge for
// answered.
func atPebble(t *testing.T, o lab.PebbleOptions) (*setting, *lab.Pebble) {
	t.Helper()
	o.Dir, o.AlwaysValid, o.Strict = t.TempDir(), true, true
	pebble := lab.MustPebble(t, lab.MustBuild(t), o)
	s := newSilent(t, nil)
	s.options.Directory, s.options.Key, s.options.Roots = pebble.Directory, newKey(t), rootsIn(t, pebble.Roots)
	authority, err := s.client().Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	account, err := s.client().Register(t.Context(), nil, authority.Terms, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.options.Account = account.URL
	return s, pebble
}

// TestPebbleIsToldOfReplacements: with a profile, and once for each certificate.
func TestPebbleIsToldOfReplacements(t *testing.T) {
	t.Parallel()
	s, _ := atPebble(t, lab.PebbleOptions{Profiles: map[string]time.Duration{"shortlived": 6 * day}})
	s.wanted.Profile = "shortlived"
	before := s.mustObtain()
	id, err := schedule.CertificateID(before)
	if err != nil {
		t.Fatal(err)
	}
	for _, replaced := range []bool{true, false} { // the second time Pebble answers 409
		s.journal.url, s.wanted.Replaces, s.steps = "", id, nil
		s.mustObtain()
		if got := s.obtained.Replaces == id; got != replaced {
			t.Errorf("it replaces the one before: %v, want %v", got, replaced)
		}
		if got := s.told("(alreadyReplaced)"); got == replaced {
			t.Errorf("the steps tell %q", s.steps)
		}
	}
	for name, id := range map[string]string{"unknown": someID, "of other names": id} {
		s.journal.url, s.wanted.Replaces, s.steps = "", id, nil
		if name == "of other names" {
			s.wants("b.example")
			s.wanted.Replaces = mustIdentify(t, s.mustObtain())
			s.journal.url, s.wanted.Names = "", []acmecore.Name{"c.example"}
		}
		s.mustObtain()
		s.mustTell("placing it once more")
	}
}

func mustIdentify(t *testing.T, leaf *x509.Certificate) string {
	t.Helper()
	id, err := schedule.CertificateID(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestPebbleLetsTheLifeBeChosen, and gives must-staple.
func TestPebbleLetsTheLifeBeChosen(t *testing.T) {
	t.Parallel()
	s, _ := atPebble(t, lab.PebbleOptions{})
	s.wanted.Validity, s.wanted.MustStaple = 10*day, true
	before := time.Now()
	leaf := s.mustObtain()
	if first, last := before.Add(10*day-time.Second), time.Now().Add(10*day); leaf.NotAfter.Before(first) || leaf.NotAfter.After(last) {
		t.Errorf("it is valid until %v, want a time from %v to %v", leaf.NotAfter, first, last)
	}
}

// TestPebbleCertifiesAllKindsOfNames in one certificate, but for addresses of both kinds,
// which Pebble sorts in two ways and then takes for others.
func TestPebbleCertifiesAllKindsOfNames(t *testing.T) {
	t.Parallel()
	s, _ := atPebble(t, lab.PebbleOptions{})
	s.challenges.methods = []acmecore.Method{acmecore.TLSALPN01, acmecore.DNS01}
	for name, address := range map[string]string{"a.example": "192.0.2.1", "b.example": "2001:db8::1"} {
		s.journal.url = ""
		s.wants(name, "*."+name, address)
		leaf := s.mustObtain()
		if len(leaf.DNSNames) != 2 || len(leaf.IPAddresses) != 1 {
			t.Errorf("it is for %v and %v", leaf.DNSNames, leaf.IPAddresses)
		}
		if got := s.obtained.Methods; got[acmecore.Name("*."+name)] != acmecore.DNS01 || got[acmecore.Name(address)] != acmecore.TLSALPN01 {
			t.Errorf("proved were %v", got)
		}
	}
}

// TestPebbleOffersChains to several roots, each with several intermediates.
func TestPebbleOffersChains(t *testing.T) {
	t.Parallel()
	s, pebble := atPebble(t, lab.PebbleOptions{AlternateRoots: 2, ChainLength: 3})
	first := topOf(t, s)
	names := map[string]bool{first: true}
	for _, wanted := range []string{first, "no such root"} {
		s.wanted.Chain = wanted
		if got := topOf(t, s); got != first {
			t.Errorf("the chain ends at %q, want %q", got, first)
		}
	}
	for _, other := range []string{rootOf(t, pebble, 1), rootOf(t, pebble, 2)} {
		names[other] = true
		s.wanted.Chain = other
		if got := topOf(t, s); got != other {
			t.Errorf("the chain ends at %q, want %q", got, other)
		}
	}
	if len(names) != 3 {
		t.Errorf("the chains end at %v", names)
	}
}

// rootOf names one of Pebble's roots.
func rootOf(t *testing.T, pebble *lab.Pebble, number int) string {
	t.Helper()
	answer, err := pebble.Client.Get(fmt.Sprintf("%s/roots/%d", pebble.Management, number))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(text)[0].Subject.CommonName
}

// topOf is where the chain of another attempt ends.
func topOf(t *testing.T, s *setting) string {
	t.Helper()
	s.journal.url, s.steps = "", nil
	s.mustObtain()
	if len(s.obtained.Chain) != 4 {
		t.Errorf("%d certificates", len(s.obtained.Chain))
	}
	last, err := x509.ParseCertificate(s.obtained.Chain[3])
	if err != nil {
		t.Fatal(err)
	}
	return last.Issuer.CommonName
}
