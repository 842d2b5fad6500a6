package order_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// TestTokensOfTheCA: a token becomes a file name, so that nothing else than one
// of section 8.3's may pass.
func TestTokensOfTheCA(t *testing.T) {
	for name, row := range map[string]struct {
		token any
		words string
	}{
		"21 characters":     {strings.Repeat("a", 21), "21 characters"},
		"129 characters":    {strings.Repeat("a", 129), "129 characters"},
		"10 kB":             {strings.Repeat("a", 10<<10), "10240 characters"},
		"missing":           {nil, "0 characters"},
		"empty":             {"", "0 characters"},
		"a path upwards":    {"../../../../../../etc/passwd", "'.'"},
		"an escaped slash":  {"aaaaaaaaaaaaaaaaaaaaaaa%2f", "'%'"},
		"a slash":           {"aaaaaaaaaaaaaaaaaaaaaaaa/b", "'/'"},
		"a backslash":       {`aaaaaaaaaaaaaaaaaaaaaaaa\b`, `'\\'`},
		"a NUL":             {"aaaaaaaaaaaaaaaaaaaaaaaa\x00", "'\\x00'"},
		"a line end":        {"aaaaaaaaaaaaaaaaaaaaaaaa\n", "'\\n'"},
		"Unicode":           {"ааааааааааааааааааааааааааа", "character"},
		"standard base64":   {"aaaaaaaaaaaaaaaaaaaaaaaa+=", "'+'"},
		"a thumbprint, too": {"aaaaaaaaaaaaaaaaaaaaaaaa.b", "'.'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(authorization, always, editing(func(object map[string]any) { httpChallengeOf(object)["token"] = row.token }))
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{"a.example was refused: the CA's token is none", row.words}, hint: "tell the CA"})
			s.mustEndWithoutChallenge()
		})
	}
}

// httpChallengeOf returns the http-01 challenge of an authorization.
func httpChallengeOf(authorization map[string]any) map[string]any {
	return authorization["challenges"].([]any)[1].(map[string]any)
}

// mustEndWithoutChallenge: nothing was published, and the order, which would
// come to the same end again, is forgotten.
func (s *setting) mustEndWithoutChallenge() {
	s.t.Helper()
	if len(s.challenges.published) > 0 || s.ca.count(challenge) > 0 {
		s.t.Errorf("%d challenges were published, and the CA told of %d", len(s.challenges.published), s.ca.count(challenge))
	}
	if s.journal.url != "" {
		s.t.Error("the journal keeps an order that comes to nothing")
	}
}

// TestChallengesOffered: http-01 among them is taken, and the name is refused
// where it is missing.
func TestChallengesOffered(t *testing.T) {
	for name, row := range map[string]struct {
		offer func(list []any) []any
		good  bool
	}{
		"none":         {func([]any) []any { return []any{} }, false},
		"no list":      {func([]any) []any { return nil }, false},
		"dns-01 only":  {func(list []any) []any { return list[:1] }, false},
		"unknown ones": {func([]any) []any { return []any{map[string]any{"type": "smoke-signal-02"}, map[string]any{}} }, false},
		"http-01 only": {func(list []any) []any { return list[1:] }, true},
		"http-01 twice": {func(list []any) []any {
			return append(list, map[string]any{"type": "http-01", "url": "https://ca.example/other", "token": randomText(32), "status": "pending"})
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(authorization, always, editing(func(object map[string]any) {
				object["challenges"] = row.offer(object["challenges"].([]any))
			}))
			if row.good {
				s.mustObtain()
				return
			}
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{"a.example was refused: the CA offers none of the challenges that can be answered for it: http-01"}, hint: "another way to prove it"})
			s.mustEndWithoutChallenge()
		})
	}
}

// TestStatesOfAnAuthorization other than pending and valid end the order at once.
func TestStatesOfAnAuthorization(t *testing.T) {
	for _, status := range []string{"invalid", "deactivated", "expired", "revoked", "sleeping"} {
		t.Run("found "+status, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(authorization, always, with("status", status))
			err := s.mustFail(outcome{kind: acmecore.Refused, words: []string{fmt.Sprintf("a.example was refused: its authorization is %q", status)}, hint: "new order"})
			if refused := new(order.RefusedError); !errors.As(err, &refused) || refused.Name != "a.example" {
				t.Errorf("%v does not name a.example", err)
			}
			s.mustEndWithoutChallenge()
		})
		t.Run("becomes "+status, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(authorization, func(nth int) bool { return nth > 2 }, with("status", status))
			s.ca.authorizingLooks = 5
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{"a.example was refused"}, hint: "new order"})
			s.mustCount(authorization, 3)
			s.ca.heal()
			s.mustObtain()
			s.mustCount(newOrder, 2)
		})
	}
}

// TestEachRefusedNameIsNamed, with what the CA said of it, and the others do not
// keep the error from coming.
func TestEachRefusedNameIsNamed(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.wants("a.example", "b.example", "c.example", "d.example")
	s.ca.refused["b.example"] = &problem{Status: 403, Type: "unauthorized", Detail: "the answer was \"Not found\""}
	s.ca.refused["d.example"] = &problem{Status: 400, Type: "dns", Detail: "NXDOMAIN looking up A for d.example"}
	err := s.mustFail(outcome{kind: acmecore.Refused, words: []string{
		`b.example was refused: the CA says "the answer was \"Not found\"" (unauthorized)`,
		`d.example was refused: the CA says "NXDOMAIN looking up A for d.example" (dns)`,
	}, hint: "map that path to wcme on port 80"})
	for _, fine := range []string{"a.example was", "c.example was"} {
		if strings.Contains(err.Error(), fine) {
			t.Errorf("the error speaks of %q", fine)
		}
	}
	if s.journal.url != "" {
		t.Error("the journal keeps an order that is invalid")
	}
	delete(s.ca.refused, "b.example")
	delete(s.ca.refused, "d.example")
	s.mustObtain()
	s.mustCount(newOrder, 2)
}

// TestWhatIsSaidOfARefusedName, by the problem types of section 6.7.
func TestWhatIsSaidOfARefusedName(t *testing.T) {
	for problemType, hint := range map[string]string{
		"connection": "port 80", "unauthorized": "port 80", "incorrectResponse": "port 80", "tls": "port 80",
		"dns": "look up", "caa": "CAA record", "rejectedIdentifier": "spelt", "serverInternal": "in trouble", "somethingNew": "mend",
	} {
		t.Run(problemType, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.refused["a.example"] = &problem{Status: 400, Type: problemType, Detail: "Fetching http://a.example/: \x1b[31mno\u202e"}
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{
				`a.example was refused: the CA says "Fetching http://a.example/: ?[31mno?" (` + problemType + `)`}, hint: hint})
		})
	}
}

// TestSubproblemsOfARefusedName are told too.
func TestSubproblemsOfARefusedName(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.refused["a.example"] = &problem{Status: 400, Type: "compound", Detail: "two things", Subproblems: []subproblem{
		{"a.example", "caa", "a record forbids it"}, {"example", "dns", "SERVFAIL"}}}
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{`a.example was refused: the CA says "two things" (compound)`,
		`of a.example the CA says "a record forbids it" (caa)`, `of example the CA says "SERVFAIL" (dns)`}, hint: "CAA record"})
}

// TestRefusedWithoutAWord: and with a word that is not one.
func TestRefusedWithoutAWord(t *testing.T) {
	for name, row := range map[string]struct {
		error any
		words string
	}{
		"no error":       {nil, `its authorization is "invalid"`},
		"an empty error": {map[string]any{}, "the CA does not say why"},
		"a detail only":  {map[string]any{"detail": "no"}, `the CA says "no"`},
		"very long":      {map[string]any{"type": urn + "dns", "detail": strings.Repeat("no ", 5000)}, "no no no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(authorization, always, editing(func(object map[string]any) {
				object["status"] = "invalid"
				httpChallengeOf(object)["error"] = row.error
			}))
			err := s.mustFail(outcome{kind: acmecore.Refused, words: []string{"a.example was refused: ", row.words}})
			if got := len(err.Error()); got > 1200 {
				t.Errorf("the error is %d bytes long", got)
			}
		})
	}
}

// TestChallengeInvalidWhileItsAuthorizationIsNot: some CAs leave the other
// challenges open, which are of no use here.
func TestChallengeInvalidWhileItsAuthorizationIsNot(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(authorization, func(nth int) bool { return nth > 1 }, editing(func(object map[string]any) {
		object["status"] = "pending"
		httpChallengeOf(object)["status"] = "invalid"
		httpChallengeOf(object)["error"] = (&problem{Status: 400, Type: "connection", Detail: "refused"}).object()
	}))
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{`the CA says "refused" (connection)`}, hint: "port 80"})
	s.mustCount(authorization, 2)
}

// TestForeignAuthorization: nothing is proved that was not ordered.
func TestForeignAuthorization(t *testing.T) {
	for name, identifier := range map[string]any{
		"another name":    map[string]string{"type": "dns", "value": "b.example"},
		"a name below":    map[string]string{"type": "dns", "value": "x.a.example"},
		"an address":      map[string]string{"type": "ip", "value": "192.0.2.1"},
		"not a DNS name":  map[string]string{"type": "email", "value": "a.example"},
		"hostile text":    map[string]string{"type": "dns", "value": "\x1b[2Ja.example\r\n"},
		"with a wildcard": map[string]string{"type": "dns", "value": "*.a.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(authorization, always, with("identifier", identifier))
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{"which was not ordered"}, hint: "tell the CA"})
			s.mustEndWithoutChallenge()
		})
	}
}

// TestChallengeRefused: a CA that does not want to hear of the challenge ends
// the order.
func TestChallengeRefused(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(challenge, always, refusing(&problem{Status: 400, Type: "malformed", Detail: "no"}))
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{"tell the CA of the challenge of a.example", `"no"`}, hint: "mend"})
	if s.journal.url != "" {
		t.Error("the journal keeps an order that comes to nothing")
	}
}

// TestPublishingFails: the CA is not told, what is half published is withdrawn,
// and the order is good for another time.
func TestPublishingFails(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.wants("a.example", "b.example")
	full := errors.New("no space left on device")
	s.challenges.fails = func(string) error { return full }
	if _, err := s.obtain(); !errors.Is(err, full) || acmecore.KindOf(err) != acmecore.Internal {
		t.Errorf("got %v of kind %s, want %v", err, acmecore.KindOf(err), full)
	}
	s.mustCount(challenge, 0)
	s.challenges.fails = nil
	s.mustObtain()
	s.mustCount(newOrder, 1)
}

// TestJournalFails: nothing is published for an order that could be lost.
func TestJournalFails(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.journal.fails = errors.New("read-only file system")
	if _, err := s.obtain(); !errors.Is(err, s.journal.fails) {
		t.Errorf("got %v, want %v", err, s.journal.fails)
	}
	s.mustCount(authorization, 0)
}

// TestChallengeThatLooksPendingWhileTheCALooks: Boulder's do, and it is told
// once all the same.
func TestChallengeThatLooksPendingWhileTheCALooks(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.authorizingLooks = 3
	s.ca.on(authorization, always, editing(func(object map[string]any) {
		if object["status"] == "pending" {
			httpChallengeOf(object)["status"] = "pending"
		}
	}))
	s.mustObtain()
	s.mustCount(challenge, 1)
}

// TestAuthorizationListedTwice is proved once, or twice: it does no harm.
func TestAuthorizationListedTwice(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(newOrder, always, editing(func(object map[string]any) {
		list := object["authorizations"].([]any)
		object["authorizations"] = append(list, list...)
	}))
	s.mustObtain()
}

// TestOneNameDecidesForAll: where several things go wrong at once, a refusal
// counts more than a limit, and a limit more than trouble.
func TestOneNameDecidesForAll(t *testing.T) {
	trouble, limit := answering(502, ""), answering(429, "", "Retry-After: 7200")
	refusal := refusing(&problem{Status: 404, Type: "malformed", Detail: "no such authorization"})
	for name, row := range map[string]struct {
		acts []action
		kind acmecore.Kind
	}{
		"trouble and a refusal": {[]action{trouble, refusal}, acmecore.Refused},
		"a limit and a refusal": {[]action{limit, refusal}, acmecore.Refused},
		"trouble and a limit":   {[]action{trouble, limit}, acmecore.Limited},
		"a limit and trouble":   {[]action{limit, trouble}, acmecore.Limited},
		"trouble twice":         {[]action{trouble, trouble}, acmecore.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.wants("a.example", "b.example")
			s.ca.on(authorization, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
				_, id := parsePath(r.URL.Path)
				row.acts[id-1](ca, w, r)
			})
			_, err := s.obtain()
			mustRead(t, err, outcome{kind: row.kind, words: []string{"authorization/1", "authorization/2"}})
			if limited := errors.As(err, new(*order.LimitedError)); limited != strings.Contains(name, "limit") {
				t.Errorf("it says until when to wait: %v", limited)
			}
		})
	}
}
