package order_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEachStepIsKeptBeforeTheNext: the journal has the order's URL before the
// first challenge can be answered, a challenge can be answered before the CA is
// told of it, and it is withdrawn when all is over.
func TestEachStepIsKeptBeforeTheNext(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.mustObtain()
	want := "directory newNonce newOrder keep authorization publish challenge authorization order finalize order certificate withdraw"
	if got := strings.Join(s.ca.diary.read(), " "); got != want {
		t.Errorf("what happened:\n got %s\nwant %s", got, want)
	}
}

// TestNamesInParallel obtains the largest certificate there is.
func TestNamesInParallel(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.authorizingLooks = 3
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("host%d.example", i))
	}
	s.wants(names...)
	leaf := s.mustObtain()
	if got := len(leaf.DNSNames); got != 100 {
		t.Errorf("%d names, want 100", got)
	}
	s.mustCount(newOrder, 1)
	s.mustCount(challenge, 100)
	s.mustCount(authorization, 100*5)
	if got := s.ca.count(newNonce); got > 10 { // Let's Encrypt allows a burst of 10
		t.Errorf("%d nonces were asked for, want at most 10", got)
	}
	if got := s.ca.visits[certificate]; len(got) != 100 {
		t.Errorf("at the end %d challenges could be answered, want 100", len(got))
	}
}

// TestNothingIsPublishedForNamesProvedBefore: an authorization that is valid
// already needs no challenge.
func TestNothingIsPublishedForNamesProvedBefore(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.wants("a.example", "b.example", "c.example")
	s.ca.proved["a.example"], s.ca.proved["b.example"] = true, true
	s.mustObtain()
	s.mustCount(challenge, 1)
	if got := len(s.challenges.published); got != 1 {
		t.Errorf("%d challenges were published, want 1", got)
	}

	s = newSetting(t)
	s.ca.proved["a.example"] = true
	s.mustObtain()
	s.mustCount(authorization, 0) // the order is ready as soon as it is placed
}

// TestChallengesStayUntilTheOrderHasEnded: a CA looks from several places, and
// again before it issues.
func TestChallengesStayUntilTheOrderHasEnded(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.wants("a.example", "b.example")
	s.mustObtain()
	for _, when := range []class{finalize, certificate} {
		if got := slices.Sorted(slices.Values(s.ca.visits[when])); !slices.Equal(got, []string{"a.example", "b.example"}) {
			t.Errorf("at %s the challenges of %q could be answered", when, got)
		}
	}
}
