package order_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestCancelledAtEachRequest: the attempt ends at once with the context's error,
// nothing of it goes on (the bubble sees to that), no challenge is left, and the
// order is good for another time.
func TestCancelledAtEachRequest(t *testing.T) {
	for _, kind := range classes {
		for name, act := range map[string]action{"unheard": hanging, "heard": losing} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newMemory(t)
					s.wants("a.example", "b.example", "c.example")
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					s.ca.on(kind, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
						cancel()
						act(ca, w, r)
					})
					began := time.Now()
					if _, err := s.obtainIn(ctx); err != context.Canceled {
						t.Errorf("got %v, want %v", err, context.Canceled)
					}
					if got := time.Since(began); got > time.Second {
						t.Errorf("it took %v", got)
					}
					if left := s.challenges.left(); len(left) > 0 {
						t.Errorf("challenges were left behind: %q", left)
					}
					s.ca.heal()
					s.mustObtain()
					s.mustCount(newOrder, 1+sent(kind == newOrder, 1))
				})
			})
		}
	}
}

// TestCancelledWhileWaiting: for the CA to decide, and for the certificate.
func TestCancelledWhileWaiting(t *testing.T) {
	for name, hold := range map[string]func(*authority){
		"authorization": func(ca *authority) { ca.authorizingLooks = 1 << 30 },
		"issuance":      func(ca *authority) { ca.issuingLooks = 1 << 30 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMemory(t)
				hold(s.ca)
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				began := time.Now()
				if _, err := s.obtainIn(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
				}
				if got := time.Since(began); got != 90*time.Second {
					t.Errorf("it took %v, want 90 s", got)
				}
				if left := s.challenges.left(); len(left) > 0 {
					t.Errorf("challenges were left behind: %q", left)
				}
				if s.journal.url == "" {
					t.Error("the order is forgotten")
				}
			})
		})
	}
}

// TestCancelledBeforeItBegan sends nothing.
func TestCancelledBeforeItBegan(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.obtainIn(ctx); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if got := s.ca.count(); got != 0 {
		t.Errorf("%d requests were made", got)
	}
}

// TestCancelledRegistration ends with the context's error.
func TestCancelledRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(t)
		s.options.Key, s.options.Account = newKey(t), ""
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.ca.on(newAccount, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
			cancel()
			hanging(ca, w, r)
		})
		if _, err := s.client().Register(ctx, nil, "", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}
