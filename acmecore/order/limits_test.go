package order_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// TestRateLimit: an error says until when the CA wants to be left alone.
func TestRateLimit(t *testing.T) {
	const day = 24 * time.Hour
	at := func(after time.Duration) string {
		return start.Add(after).Format(http.TimeFormat)
	}
	for name, row := range map[string]struct {
		retryAfter string
		want       time.Duration
	}{
		"seconds":               {"3600", time.Hour},
		"one second":            {"1", time.Second},
		"none to wait":          {"0", time.Second},
		"date":                  {at(90 * time.Minute), 90 * time.Minute},
		"date in the past":      {at(-time.Minute), time.Hour}, // makes no sense: as if absent
		"negative":              {"-1", time.Hour},
		"three thousand years":  {"99999999999", day},
		"beyond 64 bits":        {"99999999999999999999999", day},
		"below minus 64 bits":   {"-99999999999999999999999", time.Hour},
		"negative and huge":     {"-99999999999", time.Hour},
		"date in the year 9999": {"Fri, 31 Dec 9999 23:59:59 GMT", day},
		"garbage":               {"soon", time.Hour},
		"absent":                {"", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newOrder, always, refusing(&problem{Status: 429, Type: "rateLimited",
				Detail: "too many certificates already issued", RetryAfter: row.retryAfter}))
			err := s.mustFail(outcome{kind: acmecore.Limited,
				words: []string{`the CA says "too many certificates already issued" (rateLimited)`, "not before 2026-09-0"}, hint: "wait"})
			if got := limitOf(t, err).Sub(s.clock.now()); got != row.want {
				t.Errorf("limited for %v, want %v", got, row.want)
			}
			s.mustCount(newOrder, 1)
		})
	}
}

// TestRateLimitByAFastClock: a date means what it means by the CA's clock.
func TestRateLimitByAFastClock(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	date := s.clock.now().Add(2 * time.Hour).Format(http.TimeFormat)
	s.ca.on(newOrder, always, refusing(&problem{Status: 429, Type: "rateLimited", Detail: "later", RetryAfter: date}))
	s.options.Now = func() time.Time { return s.clock.now().Add(24 * time.Hour) }
	err := s.mustFail(outcome{kind: acmecore.Limited, hint: "wait"})
	if got := limitOf(t, err).Sub(s.options.Now()); got != 2*time.Hour {
		t.Errorf("limited for %v, want 2 h", got)
	}
}

// TestLimitAtEachStep: a short wait is waited, a long one ends the attempt, and
// the next attempt goes on with the order. What is sent once is not sent again.
func TestLimitAtEachStep(t *testing.T) {
	once := map[class]bool{directory: true, newOrder: true}
	for _, kind := range classes {
		limit := func(seconds string) action {
			return answering(429, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"slowly"}`, "Replay-Nonce:", "Retry-After: "+seconds)
		}
		t.Run(string(kind)+" for a minute", func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(kind, first(1), limit("60"))
			if once[kind] {
				s.mustFail(outcome{kind: acmecore.Limited, hint: "wait"})
				return
			}
			s.mustObtain()
			if got := s.clock.now().Sub(start); got < time.Minute || got > 61*time.Second {
				t.Errorf("it took %v, want a minute", got)
			}
		})
		t.Run(string(kind)+" for an hour", func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(kind, always, limit("3600"))
			err := s.mustFail(outcome{kind: acmecore.Limited, hint: "wait"})
			if got := limitOf(t, err).Sub(s.clock.now()); got != time.Hour {
				t.Errorf("limited for %v, want an hour", got)
			}
			s.mustCount(kind, 1)
			s.ca.heal()
			s.mustObtain()
			s.mustCount(newOrder, 1+sent(kind == newOrder, 1))
		})
	}
}

// TestRateLimitIsKnownByTypeOrStatus: some CAs get one of them wrong.
func TestRateLimitIsKnownByTypeOrStatus(t *testing.T) {
	for name, act := range map[string]action{
		"by status, no body":          answering(429, ""),
		"by status, another inside":   answering(429, `{"type":"about:blank","detail":"slowly","status":403}`),
		"by type":                     answering(403, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"slowly"}`),
		"by an older CA's type":       answering(403, `{"type":"urn:acme:error:rateLimited","detail":"slowly"}`),
		"503 and when, 400 inside":    answering(503, `{"detail":"slowly","status":400}`, "Retry-After: 3600"),
		"503 and when, an HTML page":  answering(503, `<html><h1>Maintenance</h1>`, "Retry-After: 3600"),
		"by type, inside of a 200":    answering(200, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"slowly"}`),
		"by status, type not a text":  answering(429, `{"type":[]}`),
		"by status, detail an object": answering(429, `{"detail":{"a":1}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newOrder, always, act)
			err := s.mustFail(outcome{kind: acmecore.Limited, hint: "wait"})
			if got := limitOf(t, err).Sub(s.clock.now()); got != time.Hour {
				t.Errorf("limited for %v, want an hour", got)
			}
		})
	}
}

// TestTroubleAtTheCA: 5xx is returned, not repeated, where the request must be
// sent once; nothing of an error page can do harm.
func TestTroubleAtTheCA(t *testing.T) {
	page := "<html><body>\x1b[2J\x00\r\nInternal \u202egnorw\u202c error<script>alert(1)</script>" + strings.Repeat("x", 5000)
	for name, row := range map[string]struct {
		act   action
		words string
	}{
		"500 with an HTML page": {answering(500, page), `status 500 Internal Server Error: "<html><body>?[2J?  Internal ?gnorw? error<script>`},
		"502":                   {answering(502, ""), "the CA answers with status 502 Bad Gateway"},
		"503 without when":      {answering(503, "no"), `status 503 Service Unavailable: "no"`},
		"503 with nonsense":     {answering(503, "no", "Retry-After: soon"), `status 503 Service Unavailable: "no"`},
		"serverInternal":        {refusing(&problem{Status: 500, Type: "serverInternal", Detail: "oops"}), `the CA says "oops" (serverInternal)`},
		"204":                   {answering(204, ""), "status 204 No Content, which RFC 8555 does not foresee"},
		"202":                   {answering(202, "{}"), "status 202 Accepted, which RFC 8555 does not foresee"},
		"a problem with 200":    {answering(200, `{"type":"urn:ietf:params:acme:error:malformed","detail":"no","status":400}`), "status 200 OK, which RFC 8555 does not foresee here (malformed)"},
		"304":                   {answering(304, ""), "status 304 Not Modified"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newOrder, always, row.act)
			err := s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{row.words}, hint: "try again later"})
			if got := len(err.Error()); got > 1500 {
				t.Errorf("the error is %d bytes long", got)
			}
			s.mustCount(newOrder, 1)
		})
	}
}

// TestRefusedOrders: 4xx is the CA's no, in its own words.
func TestRefusedOrders(t *testing.T) {
	for name, row := range map[string]struct {
		act         action
		words, hint string
	}{
		"rejected": {refusing(&problem{Status: 400, Type: "rejectedIdentifier", Detail: "policy forbids it"}),
			`the CA says "policy forbids it" (rejectedIdentifier)`, "spelt"},
		"several names": {refusing(&problem{Status: 400, Type: "compound", Detail: "several problems", Subproblems: []subproblem{
			{"a.example", "rejectedIdentifier", "on a list"}, {"b.example", "caa", "forbidden"}}}),
			`(compound); of a.example the CA says "on a list" (rejectedIdentifier); of b.example the CA says "forbidden" (caa)`, "spelt"},
		"no account":      {refusing(&problem{Status: 400, Type: "accountDoesNotExist", Detail: "who?"}), `"who?"`, "register --new"},
		"deactivated":     {refusing(&problem{Status: 401, Type: "unauthorized", Detail: "account is deactivated"}), "deactivated", "register --new"},
		"teapot":          {answering(418, "short and stout"), `status 418 I'm a teapot: "short and stout"`, "try again"},
		"an unknown type": {answering(403, `{"type":"https://ca.example/e/7","detail":"no"}`), `the CA says "no" (https://ca.example/e/7)`, "mend"},
		"no binding":      {refusing(&problem{Status: 403, Type: "externalAccountRequired", Detail: "bind it"}), `"bind it"`, "eab_kid"},
		"profile":         {refusing(&problem{Status: 400, Type: "invalidProfile", Detail: "gone"}), `"gone"`, "wcme check ca"},
		"of no name": {answering(403, `{"type":"urn:ietf:params:acme:error:compound","detail":"two","subproblems":[{"type":"urn:ietf:params:acme:error:caa","detail":"no"},{}]}`),
			`(compound); the CA says "no" (caa); the CA does not say why`, "CAA"},
		"without a detail": {answering(403, `{"type":"urn:ietf:params:acme:error:caa"}`), "status 403 Forbidden (caa)", "CAA"},
		"new terms": {answering(403, `{"type":"urn:ietf:params:acme:error:userActionRequired","detail":"terms","instance":"https://ca.example/terms"}`),
			"see https://ca.example/terms", "wcme account update"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newOrder, always, row.act)
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{row.words}, hint: row.hint})
			s.mustCount(newOrder, 1)
		})
	}
}

// TestOrderAnsweredWith200 is sent once, although it may look as if it had not
// been heard.
func TestOrderAnsweredWith200(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(newOrder, always, serving(func(answer *httptest.ResponseRecorder) { answer.Code = 200 }))
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"status 200 OK"}, hint: "try again later"})
	s.mustCount(newOrder, 1)
}

// TestStumblesArePassedOver: one answer that is lost or wrong does not end an
// attempt, wherever the request may be sent again.
func TestStumblesArePassedOver(t *testing.T) {
	for name, act := range map[string]action{
		"500":     answering(500, ""),
		"503":     answering(503, "", "Retry-After: 2"),
		"dropped": dropping,
		"lost":    losing,
		"empty":   answering(200, ""),
		"garbage": answering(200, "<html>"),
	} {
		for _, kind := range []class{newNonce, authorization, challenge, orderLook, finalize, certificate} {
			if kind == newNonce && (name == "empty" || name == "garbage") {
				continue // these have a nonce, and that is all that is asked for
			}
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.on(kind, first(1), act)
				s.mustObtain()
				s.mustCount(newOrder, 1)
				if got := s.ca.count(challenge); got > 2 {
					t.Errorf("the challenge was told of %d times", got)
				}
				s.mustBePolite()
			})
		}
	}
}

// TestStumblesEnd: a CA that does not get up again is left alone, at growing
// distances; the journal keeps the order for another time.
func TestStumblesEnd(t *testing.T) {
	for _, kind := range []class{authorization, challenge, orderLook, finalize, certificate} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(kind, always, answering(502, "<html>Bad Gateway</html>"))
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"502 Bad Gateway"}, hint: "try again later"})
			if got := s.ca.count(kind); got > 5 {
				t.Errorf("%d requests, want at most 5", got)
			}
			if s.journal.url == "" {
				t.Error("the order is forgotten")
			}
			s.ca.heal()
			s.mustObtain()
			s.mustCount(newOrder, 1)
		})
	}
}

// TestWhatIsSentOnceIsSentOnce, whatever the library would do: this is the last
// defence against a second order.
func TestWhatIsSentOnceIsSentOnce(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(newOrder, always, answering(200, ""))
	err := order.PostTwice(t.Context(), s.client(), s.ca.base+"/newOrder")
	if err == nil || !strings.Contains(err.Error(), "already sent") {
		t.Errorf("the second one: %v", err)
	}
	s.mustCount(newOrder, 1)
}
