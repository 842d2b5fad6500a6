package order_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

// signedClasses are the classes whose requests are signed.
var signedClasses = []class{newOrder, authorization, challenge, orderLook, finalize, certificate}

// TestBadNonceIsAnsweredWithTheNonceThatCame: the request goes out again at
// once, with the nonce of the refusal and no other request in between (section
// 6.5: the client MUST use it).
func TestBadNonceIsAnsweredWithTheNonceThatCame(t *testing.T) {
	for _, kind := range signedClasses {
		for name, times := range map[string]int{"once": 1, "seven times": 7} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.on(kind, first(times), badNonce)
				s.mustObtain()
				s.mustCount(newNonce, 1)
				usual := 1
				if kind == authorization || kind == orderLook {
					usual = 2
				}
				s.mustCount(kind, usual+times)
				s.mustCount(newOrder, 1+sent(kind == newOrder, times))
				if got := s.clock.waited(); len(got) != 2 { // authorization and order: between the two looks
					t.Errorf("waited %v, want two waits as always", got)
				}
			})
		}
	}
}

func sent(when bool, times int) int {
	if when {
		return times
	}
	return 0
}

// TestHalfOfTheNoncesAreBad: every other request of every class is refused.
func TestHalfOfTheNoncesAreBad(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.wants("a.example", "b.example", "c.example")
	for _, kind := range signedClasses {
		s.ca.on(kind, odd, badNonce)
	}
	s.mustObtain()
	if got := s.ca.count(newNonce); got > 3 {
		t.Errorf("%d nonces were asked for, want at most one a name", got)
	}
	s.mustCount(newOrder, 2)
}

// mostDoubted is how often a request is sent whose nonces the CA takes for bad: eight
// times in a row, and that five times, with waits of 15 s in all between.
const mostDoubted = 8 * 5

// TestBadNonceForEver stops after that many sendings of the request, and the next
// attempt goes on with the same order.
func TestBadNonceForEver(t *testing.T) {
	for _, kind := range signedClasses {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(kind, always, badNonce)
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"badNonce"}, hint: "several nonces"})
			s.mustCount(kind, mostDoubted)
			s.mustCount(newNonce, 5)
			if got := s.clock.waited(); !slices.Equal(got[len(got)-4:], stumbles) {
				t.Errorf("waited %v, want %v in the end", got, stumbles)
			}
			s.ca.heal()
			s.mustObtain()
			s.mustCount(newOrder, 1+sent(kind == newOrder, mostDoubted))
		})
	}
}

// TestBadNoncesOfManyNames are no storm: when the CA has refused mostDoubted sendings in a
// row, what is under way ends, and what is not yet asked is asked once.
func TestBadNoncesOfManyNames(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("host%d.example", i))
	}
	s.wants(names...)
	s.ca.on(authorization, always, badNonce)
	if _, err := s.obtain(); acmecore.KindOf(err) != acmecore.Unreachable {
		t.Errorf("got %v, want unreachable", err)
	}
	if got, want := s.ca.count(authorization), mostDoubted+8+100; got > want {
		t.Errorf("%d requests, want at most %d", got, want)
	}
	s.ca.heal()
	s.mustObtain()
	s.mustCount(newOrder, 1)
}

// stumbles are the waits before a request goes out again that has failed.
var stumbles = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// TestBadNonceAfterManyTries: a request that was refused for its nonce was not heard, so
// that even newOrder is sent again.
func TestBadNonceAfterManyTries(t *testing.T) {
	for _, kind := range signedClasses {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(kind, first(mostDoubted-1), badNonce)
			s.mustObtain()
			s.mustCount(newOrder, 1+sent(kind == newOrder, mostDoubted-1))
			if got := len(s.ca.orders); got != 1 {
				t.Errorf("%d orders were placed, want 1", got)
			}
		})
	}
}

// TestBadNonceWithoutAnother is not answered at once: another one is asked for after a
// while.
func TestBadNonceWithoutAnother(t *testing.T) {
	for name, line := range map[string]string{"none": "Replay-Nonce:", "not a nonce": "Replay-Nonce: a b"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newOrder, always, answering(400, `{"type":"urn:ietf:params:acme:error:badNonce","detail":"no"}`, line))
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"badNonce"}, hint: "several nonces"})
			s.mustCount(newOrder, 5)
			s.mustCount(newNonce, 5)
			if got := s.clock.waited(); !slices.Equal(got, stumbles) {
				t.Errorf("waited %v, want %v", got, stumbles)
			}
		})
	}
}

// TestUnusableNoncesAreNeverSentBack: each signed request then needs a nonce of
// its own. The CA fails the test when one comes back.
func TestUnusableNoncesAreNeverSentBack(t *testing.T) {
	for name, line := range map[string]string{
		"none":               "Replay-Nonce:",
		"10 kB":              "Replay-Nonce: " + strings.Repeat("a", 10<<10),
		"129 characters":     "Replay-Nonce: " + strings.Repeat("a", 129),
		"standard base64":    "Replay-Nonce: ab+/==",
		"a quote":            `Replay-Nonce: a","url":"x`,
		"Latin-1":            "Replay-Nonce: caf\xe9",
		"white space inside": "Replay-Nonce: a b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			for _, kind := range signedClasses {
				s.ca.on(kind, always, saying(line))
			}
			s.mustObtain()
			s.mustCount(newNonce, 8)
		})
	}
}

// TestNonceTwice: a CA that gives the same nonce twice refuses it itself.
func TestNonceTwice(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.tolerant = true
	s.ca.on(authorization, always, saying("Replay-Nonce: oncemoreoncemore"))
	s.mustObtain()
	s.mustCount(newNonce, 1)
}

// TestNoNonceToBeHad: nothing is asked of the CA without one, and it is asked for
// a few times only.
func TestNoNonceToBeHad(t *testing.T) {
	for name, row := range map[string]struct {
		act   action
		words string
	}{
		"503":        {answering(503, "", "Replay-Nonce:"), "status 503 Service Unavailable"},
		"none":       {answering(200, "", "Replay-Nonce:"), "no usable nonce"},
		"no nonce":   {answering(204, "", "Replay-Nonce: a b"), "no usable nonce"},
		"cut":        {dropping, "cut before the answer"},
		"404":        {answering(404, "", "Replay-Nonce:"), "status 404 Not Found"},
		"redirected": {answering(302, "", "Location: /elsewhere", "Replay-Nonce:"), "redirects a HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newNonce, always, row.act)
			_, err := s.obtain()
			if err == nil || !strings.Contains(err.Error(), row.words) {
				t.Fatalf("got %v, want %q", err, row.words)
			}
			mustRead(t, err, outcome{kind: acmecore.KindOf(err)})
			s.mustCount(newOrder, 0)
			if got := s.ca.count(newNonce); got > 6 { // net/http itself asks again on a connection that was used before
				t.Errorf("asked for a nonce %d times, want at most 6", got)
			}
			s.mustBePolite()
		})
	}
}

// TestNonceAfterATime: a nonce that cannot be had is waited for, as long as the
// CA asks where it asks.
func TestNonceAfterATime(t *testing.T) {
	for name, row := range map[string]struct {
		header string
		wait   time.Duration
	}{
		"503":                      {"Replay-Nonce:", time.Second},
		"503 with Retry-After: 90": {"Retry-After: 90", 90 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newNonce, first(1), answering(503, "", "Replay-Nonce:", row.header))
			s.mustObtain()
			s.mustCount(newNonce, 2)
			s.mustCount(newOrder, 1)
			if got := s.clock.waited()[0]; got != row.wait {
				t.Errorf("waited %v, want %v", got, row.wait)
			}
		})
	}
}

// TestNonceOfAnErrorIsUsed: a nonce that comes with an error is as good as any.
func TestNonceOfAnErrorIsUsed(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(orderLook, first(2), serving(func(answer *httptest.ResponseRecorder) {
		answer.Code = 500
		answer.Body.Reset()
	}))
	s.mustObtain()
	s.mustCount(newNonce, 1)
}
