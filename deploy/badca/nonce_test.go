package badca_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// TestNonces is N08: at 90 % each of 20 certificates comes, in the end; a CA that takes
// no nonce at all is sent a request mostDoubted times at most, and the attempt is over.
func TestNonces(t *testing.T) {
	t.Parallel()
	for _, share := range []int{5, 50} {
		cases.n.Add(1)
		r := newRig(t, lab.PebbleOptions{NonceReject: share})
		s := r.enrolled(t)
		for range 5 {
			if n := s.attemptsNeeded(t, 1+share/10); n == 0 {
				t.Errorf("N08 %d %%: not issued", share)
			}
		}
	}
	cases.n.Add(1)
	// Pebble cannot be set up at 90 %: the account is made at a CA that is good.
	r := newRig(t, lab.PebbleOptions{})
	s := r.enrolled(t)
	var rules []badca.Rule
	for _, class := range classes {
		if class != lab.ClassDirectory && class != lab.ClassNewNonce && class != lab.ClassRenewalInfo {
			rules = append(rules, badca.Rule{Class: class, Action: badca.Doubtful(90)})
		}
	}
	r.ca.Rules(rules...)
	s.many(t, 20)
	s.none(t)
	none := fault{id: "N08 100 %", action: badca.Doubtful(100), want: unreachable("badNonce"), only: true,
		at: all(unreachable("badNonce"), lab.ClassNewAccount, lab.ClassNewOrder, lab.ClassAuthz, lab.ClassChallenge, lab.ClassOrder, lab.ClassFinalize, lab.ClassCertificate, badca.ClassRevoke)}
	none.run(t, r, &cases.n)
}

// many obtains so many certificates, at 90 %.
func (s *site) many(t *testing.T, certificates int) {
	t.Helper()
	issued, attempts := 0, 0
	s.sent = nil
	for range certificates {
		n := s.attemptsNeeded(t, 20)
		if attempts += n; n > 0 {
			issued++
		}
	}
	if issued != certificates {
		t.Errorf("N08 90 %%: %d of %d issued", issued, certificates)
	}
	heard, doubted := 0, 0
	for _, o := range s.sent {
		heard, doubted = heard+len(o.requests)-o.doubted(), doubted+o.doubted()
	}
	most := slices.MaxFunc(s.sent, func(a, b outcome) int { return cmp.Compare(len(a.requests), len(b.requests)) })
	t.Logf("N08 90 %%: %d of %d issued, in %d attempts, of %d requests each that were heard and %d that were refused; at most %d in one",
		issued, certificates, attempts, heard/attempts, doubted/attempts, len(most.requests))
}

// none makes an attempt at a CA that takes no nonce of any request: one request is
// refused mostDoubted times, and five times a nonce is asked for.
func (s *site) none(t *testing.T) {
	t.Helper()
	cases.n.Add(1)
	var rules []badca.Rule
	for _, class := range classes {
		if class != lab.ClassDirectory && class != lab.ClassNewNonce {
			rules = append(rules, badca.Rule{Class: class, Action: badca.Doubtful(100)})
		}
	}
	s.rig.ca.Rules(rules...)
	o := s.attempt(s.rig.within(t, (*site).certify), want{})
	o.matches(s, unreachable("badNonce"))
	if got, want := len(o.requests), mostDoubted+1+5; got > want {
		t.Errorf("N08 100 %%: %d requests, want at most %d", got, want)
	}
}

// attemptsNeeded tries an hour apart, and returns how often until there was a
// certificate; 0 when there was none.
func (s *site) attemptsNeeded(t *testing.T, most int) int {
	t.Helper()
	before, err := s.pair()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= most; n++ {
		o := s.attempt(s.rig.within(t, (*site).certify), want{})
		s.sent = append(s.sent, o)
		if o.err == nil {
			after, err := s.pair()
			if err != nil || after.Leaf.SerialNumber.Cmp(before.Leaf.SerialNumber) == 0 {
				t.Errorf("issued, and the certificate in service is the one before: %v", err)
			}
			return n
		}
		if acmecore.KindOf(o.err) != acmecore.Unreachable {
			t.Errorf("got %v of kind %s, want unreachable", o.err, acmecore.KindOf(o.err))
		}
		s.rig.clock.advance(time.Hour)
	}
	return 0
}
