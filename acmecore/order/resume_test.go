package order_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"wcme/acmecore"
)

// interrupted is a setting whose journal has an order, as a killed run leaves it.
func interrupted(t *testing.T) *setting {
	s := newSetting(t)
	s.ca.on(authorization, always, answering(401, `{"type":"urn:ietf:params:acme:error:userActionRequired","detail":"killed here"}`))
	if _, err := s.obtain(); err == nil || s.journal.url == "" {
		t.Fatalf("no order was left behind: %v", err)
	}
	s.ca.heal()
	clear(s.ca.counts)
	return s
}

// TestOrderIsTakenUp at each state that still leads to a certificate.
func TestOrderIsTakenUp(t *testing.T) {
	proved := func(o *caOrder) {
		for _, p := range o.proofs {
			p.status, p.challenge = "valid", "valid"
		}
	}
	for name, row := range map[string]struct {
		bring       func(s *setting, o *caOrder)
		told, asked int // challenges told of, certificates asked for
	}{
		"pending": {func(*setting, *caOrder) {}, 1, 1},
		"pending, the CA at work on the challenge": {func(_ *setting, o *caOrder) { o.proofs[0].challenge = "processing" }, 0, 1},
		"pending, all names proved":                {func(_ *setting, o *caOrder) { proved(o) }, 0, 1},
		"ready":                                    {func(_ *setting, o *caOrder) { proved(o); o.status = "ready" }, 0, 1},
		"processing": {func(s *setting, o *caOrder) {
			proved(o)
			o.status, o.looks, o.chain = "processing", 3, s.ca.issue(s.wanted.Key.Public(), o.names)
		}, 0, 0},
		"valid": {func(s *setting, o *caOrder) {
			proved(o)
			o.status, o.chain = "valid", s.ca.issue(s.wanted.Key.Public(), o.names)
		}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := interrupted(t)
			row.bring(s, s.ca.orders[0])
			url := s.journal.url
			s.mustObtain()
			s.mustCount(newOrder, 0)
			s.mustCount(challenge, row.told)
			s.mustCount(finalize, row.asked)
			if s.journal.url != url {
				t.Errorf("journal has %q, want %q", s.journal.url, url)
			}
		})
	}
}

// TestOrderIsGivenUp where nothing can come of it, and another one is placed.
func TestOrderIsGivenUp(t *testing.T) {
	refusal := func(status int, problemType string) action {
		return refusing(&problem{Status: status, Type: problemType, Detail: "no such order"})
	}
	for name, act := range map[string]action{
		"invalid":           with("status", "invalid"),
		"404":               refusal(404, "malformed"),
		"404, an HTML page": answering(404, "<html>Not found"),
		"410":               answering(410, ""),
		"of somebody else":  refusal(403, "unauthorized"),
		"malformed":         refusal(400, "malformed"),
		"other names":       with("identifiers", []any{map[string]string{"type": "dns", "value": "b.example"}}),
		"no finalize":       with("finalize", nil),
		"no authorizations": with("authorizations", nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := interrupted(t)
			s.ca.on(orderLook, first(1), act)
			s.mustObtain()
			s.mustCount(newOrder, 1)
			if got := s.ca.diary.read(); !slices.Contains(got, "forget") {
				t.Errorf("the journal was not told: %q", got)
			}
			if want := s.ca.url(orderLook, 2); s.journal.url != want {
				t.Errorf("journal has %q, want %q", s.journal.url, want)
			}
		})
	}
}

// TestOrderElsewhere: a URL that nothing may be sent to is no order.
func TestOrderElsewhere(t *testing.T) {
	for name, url := range map[string]string{
		"another host": "https://elsewhere.example/order/1", "http": "http://127.0.0.1/order/1", "garbage": "::", "relative": "/order/1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.journal.url = url
			s.mustObtain()
			s.mustCount(newOrder, 1)
		})
	}
}

// TestOrderIsKept where it is not the order that is in the way.
func TestOrderIsKept(t *testing.T) {
	for name, row := range map[string]struct {
		act  action
		kind acmecore.Kind
	}{
		"trouble at the CA": {answering(500, ""), acmecore.Unreachable},
		"cut":               {dropping, acmecore.Unreachable},
		"limited":           {answering(429, "", "Retry-After: 7200"), acmecore.Limited},
		"new terms":         {refusing(&problem{Status: 403, Type: "userActionRequired", Detail: "agree"}), acmecore.Refused},
		"garbage":           {answering(200, "<html>"), acmecore.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := interrupted(t)
			url := s.journal.url
			s.ca.on(orderLook, always, row.act)
			s.mustFail(outcome{kind: row.kind, words: []string{"fetch order " + url}})
			s.mustCount(newOrder, 0)
			if s.journal.url != url {
				t.Errorf("journal has %q, want %q", s.journal.url, url)
			}
			s.ca.heal()
			s.mustObtain()
			s.mustCount(newOrder, 0)
		})
	}
}

// TestOrderBecomesInvalid while it is looked at: the error says why, and the next
// attempt places a new one.
func TestOrderBecomesInvalid(t *testing.T) {
	for name, row := range map[string]struct {
		change func(map[string]any)
		words  string
		hint   string
	}{
		"without a reason": {func(o map[string]any) { o["status"] = "invalid" }, `it is "invalid"`, "new order"},
		"with one": {func(o map[string]any) {
			o["status"], o["error"] = "invalid", (&problem{Status: 403, Type: "caa", Detail: "CAA record for a.example forbids it"}).object()
		}, `the CA says "CAA record for a.example forbids it" (caa)`, "CAA record"},
		"with the CA's own trouble": {func(o map[string]any) {
			o["status"], o["error"] = "invalid", (&problem{Status: 500, Type: "serverInternal", Detail: "oops"}).object()
		}, `the CA says "oops" (serverInternal)`, "in trouble"},
		"of one name": {func(o map[string]any) {
			o["status"], o["error"] = "invalid", (&problem{Status: 403, Type: "compound", Detail: "some",
				Subproblems: []subproblem{{"a.example", "caa", "forbidden"}}}).object()
		}, `of a.example the CA says "forbidden" (caa)`, "CAA record"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(orderLook, func(nth int) bool { return nth > 1 }, editing(row.change))
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{"order " + s.ca.url(orderLook, 1), row.words}, hint: row.hint})
			s.mustCount(orderLook, 2)
			if s.journal.url != "" {
				t.Error("the journal keeps an invalid order")
			}
			s.ca.heal()
			s.mustObtain()
			s.mustCount(newOrder, 2)
		})
	}
}

// TestOrderVanishes while it is looked at.
func TestOrderVanishes(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(orderLook, always, answering(404, `{"type":"urn:ietf:params:acme:error:malformed","detail":"no such order"}`))
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{"no such order"}})
	s.ca.heal()
	s.mustObtain()
	s.mustCount(newOrder, 2)
}

// TestFinalizeRefused ends the order: with the same key it would be refused again.
func TestFinalizeRefused(t *testing.T) {
	for problemType, hint := range map[string]string{"badCSR": "`key`", "badPublicKey": "`key`", "caa": "CAA record", "rejectedIdentifier": "spelt"} {
		t.Run(problemType, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(finalize, always, refusing(&problem{Status: 400, Type: problemType, Detail: "no"}))
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{"finalize order", problemType}, hint: hint})
			s.mustCount(finalize, 1)
			if s.journal.url != "" {
				t.Error("the journal keeps an order that comes to nothing")
			}
		})
	}
}

// TestKilledAfterTheCAHasHeard: what the next attempt with the same journal
// finds. Only an order whose URL nobody could keep is placed a second time.
func TestKilledAfterTheCAHasHeard(t *testing.T) {
	for _, kind := range []class{newOrder, authorization, challenge, orderLook, finalize, certificate} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			s.ca.on(kind, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
				ca.serve(httptest.NewRecorder(), r)
				kill()
				panic(http.ErrAbortHandler)
			})
			if _, err := s.obtainIn(ctx); err != context.Canceled {
				t.Fatalf("got %v, want %v", err, context.Canceled)
			}
			s.ca.heal()
			s.mustObtain()
			s.mustCount(newOrder, 1+sent(kind == newOrder, 1))
			s.mustCount(challenge, 1)
			s.mustCount(finalize, 1)
		})
	}
}

// TestLostAnswerInBetween: the CA has heard of the challenge, or has been asked
// for the certificate, and is not bothered a second time.
func TestLostAnswerInBetween(t *testing.T) {
	for _, kind := range []class{challenge, finalize} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.authorizingLooks, s.ca.issuingLooks = 2, 2
			s.ca.on(kind, first(1), losing)
			s.mustObtain()
			s.mustCount(kind, 1)
		})
	}
}
