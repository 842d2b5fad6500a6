package badca_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// classes are those of the catalogue: revocation and renewal information are beside
// the path of an order, and an account is made before it.
var classes = []badca.Class{lab.ClassDirectory, lab.ClassNewNonce, lab.ClassNewAccount, lab.ClassNewOrder, lab.ClassAuthz,
	lab.ClassChallenge, lab.ClassOrder, lab.ClassFinalize, lab.ClassCertificate, badca.ClassRevoke, lab.ClassRenewalInfo}

// ofOrder are the classes of an order that was placed: what passes is no reason for
// another one.
var ofOrder = []badca.Class{lab.ClassAuthz, lab.ClassChallenge, lab.ClassOrder, lab.ClassFinalize, lab.ClassCertificate}

// fault is an action, and what comes of it in each class.
type fault struct {
	id     string // "N06 503"
	action badca.Action
	from   int // the first request that it is done to, where that is not the first
	count  int // to how many requests it is done; 0 for all of the first attempt
	want   want
	// at are the classes to which it is done where that is not all of them, or where
	// what comes of it is something else.
	at   map[badca.Class]want
	only bool // at no other class
}

// tally counts the cases that were run, by family.
type tally struct{ n, p atomic.Int64 }

// run does the fault to each class.
func (f fault) run(t *testing.T, r *rig, count *atomic.Int64) {
	for _, class := range classes {
		wanted, special := f.at[class]
		if f.only && !special {
			continue
		}
		if !special {
			wanted = f.want
		}
		count.Add(1)
		t.Run(fmt.Sprintf("%s at %s", f.id, class), func(t *testing.T) {
			r.attempts(t, class, wanted, badca.Rule{Class: class, From: f.from, Count: f.count, Action: f.action})
		})
	}
}

// runAll does faults to each class, at a CA of its own.
func runAll(t *testing.T, faults []fault) {
	t.Helper()
	r := newRig(t, lab.PebbleOptions{})
	for _, f := range faults {
		f.run(t, r, &cases.n)
	}
}

// listener returns the https URL of a port of ours, and how many have come there.
func listener(t *testing.T) (url string, count func() int64) {
	t.Helper()
	l, err := net.Listen("tcp", lab.Loopback(0))
	if err != nil {
		t.Fatal(err)
	}
	var came atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "https://" + l.Addr().String() + "/", came.Load
}

// attempts makes one attempt under the rules and, when it fails, another one a day
// later at a CA that is good again: I5.
func (r *rig) attempts(t *testing.T, class badca.Class, wanted want, rules ...badca.Rule) *site {
	t.Helper()
	return r.attemptsAfter(t, class, wanted, func() { r.ca.Rules(rules...) })
}

// attemptsAfter makes them after another preparation.
func (r *rig) attemptsAfter(t *testing.T, class badca.Class, wanted want, prepare func()) *site {
	t.Helper()
	r.ca.Rules()
	r.clock.reset()
	s, work := r.workFor(t, class)
	if r.patience != s.patience {
		s.begin(r.patience)
	}
	prepare()
	first := s.attempt(work, wanted)
	first.matches(s, wanted)
	s.inspectable(wanted.kept, first.err)
	r.ca.Rules()
	if first.err != nil {
		r.clock.advance(25 * time.Hour)
		s.again = true
		s.begin(longPatience)
		second := s.attempt(work, want{})
		if second.err != nil {
			t.Errorf("at a CA that is good again: %v (after %v)", second.err, first.err)
		}
		if acmecore.KindOf(first.err) != acmecore.Refused && slices.Contains(ofOrder, class) && second.count(lab.ClassNewOrder) > 0 {
			t.Errorf("another order was placed, where the first one could be gone on with: %v", first.err)
		}
		s.inspectable(false, nil)
	}
	for _, fault := range r.ca.Faults() {
		t.Errorf("the instrument: %s", fault)
	}
	return s
}

// workFor is a site and the work that asks a request of the class.
func (r *rig) workFor(t *testing.T, class badca.Class) (*site, func(*site) error) {
	t.Helper()
	switch class {
	case lab.ClassNewAccount:
		return r.fresh(t), r.within(t, (*site).register)
	case badca.ClassRevoke:
		s := r.enrolled(t)
		if err := r.within(t, (*site).certify)(s); err != nil {
			t.Fatal(err)
		}
		return s, r.within(t, (*site).revoke)
	case lab.ClassRenewalInfo:
		return r.enrolled(t), r.within(t, (*site).inform)
	}
	s := r.enrolled(t)
	if err := s.anew(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, r.within(t, (*site).certify)
}

// within puts work on the clock, for as long as an attempt may take.
func (r *rig) within(t *testing.T, work func(*site, context.Context) error) func(*site) error {
	return func(s *site) error {
		ctx, cancel := r.clock.begin(t.Context())
		defer cancel()
		return work(s, ctx)
	}
}

// The outcomes that many cases have.
func unreachable(words string) want { return want{kind: acmecore.Unreachable, words: words} }
func refused(words string) want     { return want{kind: acmecore.Refused, words: words} }
func limited(words string) want     { return want{kind: acmecore.Limited, words: words} }

// issued is success in spite of the fault.
var issued = want{}
