package order_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
)

// TestWaitsWithoutRetryAfter begin at 50 ms and grow to a minute, so that a CA
// that takes its time is not asked thousands of times.
func TestWaitsWithoutRetryAfter(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.authorizingLooks = 20
	s.ca.proved = map[string]bool{}
	s.mustObtain()
	waits := s.clock.waited()[:21]
	if waits[0] != 50*time.Millisecond {
		t.Errorf("the first wait is %v, want 50 ms", waits[0])
	}
	for i, wait := range waits[1:] {
		if want := min(waits[i]*3/2, time.Minute); wait != want {
			t.Errorf("wait %d is %v, want %v", i+2, wait, want)
		}
	}
	if last := waits[20]; last != time.Minute {
		t.Errorf("the last wait is %v, want a minute", last)
	}
	s.mustBePolite()
}

// TestRetryAfterWhilePolling: the CA decides how often it is looked at, between
// 1 s and 5 min. The answers' own time counts where our clock is wrong: a date in
// the past by our clock once made clients ask ten thousand times a second.
func TestRetryAfterWhilePolling(t *testing.T) {
	at := func(after time.Duration) string { return start.Add(after).Format(http.TimeFormat) }
	for name, row := range map[string]struct {
		lines []string // of the answer's header
		fast  time.Duration
		want  time.Duration
	}{
		"3 s":                                {lines: []string{"Retry-After: 3"}, want: 3 * time.Second},
		"nothing to wait":                    {lines: []string{"Retry-After: 0"}, want: time.Second},
		"negative":                           {lines: []string{"Retry-After: -5"}, want: time.Second},
		"a day":                              {lines: []string{"Retry-After: 86400"}, want: 5 * time.Minute},
		"beyond 64 bits":                     {lines: []string{"Retry-After: 99999999999999999999"}, want: 5 * time.Minute},
		"below minus 64 bits":                {lines: []string{"Retry-After: -99999999999999999999"}, want: time.Second},
		"a multiple that overflows":          {lines: []string{"Retry-After: -9223372037"}, want: time.Second},
		"a date in the past":                 {lines: []string{"Retry-After: " + at(-time.Hour)}, want: time.Second},
		"a date, the clock a day fast":       {lines: []string{"Retry-After: " + at(20*time.Second), "Date: " + at(0)}, fast: 24 * time.Hour, want: 20 * time.Second},
		"a date, the clock a day slow":       {lines: []string{"Retry-After: " + at(20*time.Second), "Date: " + at(0)}, fast: -24 * time.Hour, want: 20 * time.Second},
		"a date, the clock fast, not dated":  {lines: []string{"Retry-After: " + at(20*time.Second), "Date: now"}, fast: 24 * time.Hour, want: time.Second},
		"a date, the clock slow, not dated":  {lines: []string{"Retry-After: " + at(20*time.Second), "Date: now"}, fast: -24 * time.Hour, want: 5 * time.Minute},
		"garbage: as if there were none":     {lines: []string{"Retry-After: soon"}, want: 50 * time.Millisecond},
		"a fraction: as if there were none":  {lines: []string{"Retry-After: 1.5"}, want: 50 * time.Millisecond},
		"an empty one: as if there was none": {lines: []string{"Retry-After:  "}, want: 50 * time.Millisecond},
	} {
		for _, kind := range []class{challenge, authorization, finalize, orderLook} {
			t.Run(name+" with "+string(kind), func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.authorizingLooks, s.ca.issuingLooks = 1, 2
				now := func() time.Time { return start.Add(row.fast) }
				s.options.Now, s.ca.issuer.now = now, now
				s.ca.on(kind, only(nthOf(kind)), saying(row.lines...))
				s.mustObtain()
				if got := s.clock.waited(); !slices.Contains(got, row.want) {
					t.Errorf("waited %v, want %v among them", got, row.want)
				}
				s.mustBePolite()
			})
		}
	}
}

// nthOf is a request of the class after which there is a wait: the second look
// at an authorization is the first after its challenge was told of, and the
// third at an order is the first that finds it processing.
func nthOf(kind class) int {
	switch kind {
	case authorization:
		return 2
	case orderLook:
		return 3
	}
	return 1
}

// TestOrderReadyAfterFinalize: a CA that has heard and still says ready is asked
// again how the order is, and not again for the certificate.
func TestOrderReadyAfterFinalize(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(finalize, always, with("status", "ready"))
	s.ca.on(orderLook, func(nth int) bool { return nth > 1 && nth < 6 }, with("status", "ready"))
	s.mustObtain()
	s.mustCount(finalize, 1)
	s.mustCount(orderLook, 6)
}

// TestFinalizeWithoutLocation: RFC 8555 promises none.
func TestFinalizeWithoutLocation(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(finalize, always, saying("Location:"))
	s.ca.on(orderLook, always, saying("Location:"))
	s.mustObtain()
}

// TestOrderNotReady: a CA that has not yet seen itself that all names are proved
// is asked again later, and not for ever.
func TestOrderNotReady(t *testing.T) {
	t.Parallel()
	notReady := refusing(&problem{Status: 403, Type: "orderNotReady", Detail: "not yet"})
	s := newSetting(t)
	s.ca.on(finalize, first(2), notReady)
	s.mustObtain()
	s.mustCount(finalize, 3)
	s.mustCount(newOrder, 1)

	s = newSetting(t)
	s.ca.on(finalize, always, notReady)
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{"finalize order", "not yet"}, hint: "new order"})
	s.mustCount(finalize, 5)
}

// TestOrderPendingAfterItsAuthorizations are all valid: it is waited for.
func TestOrderPendingAfterItsAuthorizations(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(orderLook, first(4), with("status", "pending"))
	s.mustObtain()
	s.mustCount(challenge, 1)
}

// TestEachStepThatNeverEnds: no CA keeps an attempt longer than half an hour, nor
// makes it send more than sixty requests, and the next attempt goes on.
func TestEachStepThatNeverEnds(t *testing.T) {
	for name, hold := range map[string]func(*authority){
		"authorization": func(ca *authority) { ca.authorizingLooks = 1 << 30 },
		"issuance":      func(ca *authority) { ca.issuingLooks = 1 << 30 },
		"pending":       func(ca *authority) { ca.on(orderLook, always, with("status", "pending")) },
		"ready":         func(ca *authority) { ca.on(orderLook, always, with("status", "ready")) },
		"Retry-After: 86400": func(ca *authority) {
			ca.authorizingLooks = 1 << 30
			ca.on(authorization, always, saying("Retry-After: 86400"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMemory(t)
				hold(s.ca)
				began := time.Now()
				s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{s.ca.url(orderLook, 1), "within 30 minutes"}, hint: "goes on with the same order"})
				if got := time.Since(began); got != 30*time.Minute {
					t.Errorf("it took %v, want 30 minutes", got)
				}
				s.mustBePolite()
				s.mustCount(finalize, sent(name == "issuance" || name == "ready", 1))
				s.ca.heal()
				for _, proof := range s.ca.proofs {
					proof.looks = 0
				}
				for _, order := range s.ca.orders {
					order.looks = 0
				}
				s.mustObtain()
				s.mustCount(newOrder, 1)
			})
		})
	}
}

// TestStumblesAreWaitedFor: a second, two, four, eight.
func TestStumblesAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(authorization, always, dropping)
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"look at authorization https://"}, hint: "try again later"})
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}
	if got := s.clock.waited(); !slices.Equal(got, want) {
		t.Errorf("waited %v, want %v", got, want)
	}
}

// TestHalfAnHourEndsInARequest as well as in a wait.
func TestHalfAnHourEndsInARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(t)
		s.ca.authorizingLooks = 1 << 30
		began := time.Now()
		s.ca.on(authorization, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
			if time.Since(began) > 28*time.Minute {
				hanging(ca, w, r)
			}
			ca.serve(w, r)
		})
		s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"within 30 minutes"}, hint: "goes on"})
		if got := time.Since(began); got != 30*time.Minute {
			t.Errorf("it took %v, want 30 minutes", got)
		}
	})
}

// TestRetryAfterOfAnEarlierAnswer does not count for a request that had none.
func TestRetryAfterOfAnEarlierAnswer(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(authorization, first(1), saying("Retry-After: 120"))
	s.ca.on(challenge, first(1), dropping)
	s.mustObtain()
	if got := s.clock.waited()[0]; got != time.Second {
		t.Errorf("waited %v after the stumble, want 1 s", got)
	}
}
