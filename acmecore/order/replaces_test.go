package order_test

import (
	"net/http"
	"testing"

	"wcme/acmecore"
)

// replacing is a setting whose CA knows of renewals, and whose certificate takes the
// place of another one.
func replacing(t *testing.T) *setting {
	s := newSetting(t)
	s.ca.renews = true
	s.wanted.Replaces = someID
	return s
}

// TestReplaces: the CA is told which certificate is replaced (RFC 9773 section 5), beside
// whatever else an order has.
func TestReplaces(t *testing.T) {
	t.Parallel()
	s := replacing(t)
	s.ca.profiles, s.wanted.Profile = []string{"shortlived"}, "shortlived"
	s.mustObtain()
	if got := s.ca.orders[0]; got.replaces != someID || got.profile != "shortlived" {
		t.Errorf("the order replaces %q with the profile %q", got.replaces, got.profile)
	}
	if s.obtained.Replaces != someID {
		t.Errorf("it is said to replace %q", s.obtained.Replaces)
	}
	s.mustCount(newOrder, 1)
	s.mustCount(directory, 1)
	if s.told("replacement") {
		t.Errorf("the steps tell %q", s.steps)
	}
}

// TestReplacesIsSignedAgain with each fresh nonce, too.
func TestReplacesIsSignedAgain(t *testing.T) {
	t.Parallel()
	s := replacing(t)
	s.ca.on(newOrder, first(3), badNonce)
	s.mustObtain()
	if got := s.ca.orders[0].replaces; got != someID {
		t.Errorf("the order replaces %q", got)
	}
}

// TestReplacesIsNotSaid where it means nothing to the CA, or is no identifier.
func TestReplacesIsNotSaid(t *testing.T) {
	for name, row := range map[string]struct {
		renews bool
		id     string
	}{
		"no renewalInfo":   {false, someID},
		"no certificate":   {true, ""},
		"no identifier":    {true, "no identifier"},
		"half of one":      {true, "aYhba4dGQEHhs3uEe6CuLN4ByNQ."},
		"a text of quotes": {true, `a.b","profile":"x`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.renews, s.wanted.Replaces = row.renews, row.id
			s.mustObtain()
			if got := s.ca.orders[0].replaces; got != "" || s.obtained.Replaces != "" {
				t.Errorf("the order replaces %q, and is said to replace %q", got, s.obtained.Replaces)
			}
			s.mustCount(newOrder, 1)
		})
	}
}

// TestReplacesIsRefused: the certificate is ordered all the same, by a second newOrder
// that says nothing of it, the only one that there ever is.
func TestReplacesIsRefused(t *testing.T) {
	for name, refusal := range map[string]*problem{
		"replaced already":       {Status: 409, Type: "alreadyReplaced", Detail: "another order has done that"},
		"409 of another type":    {Status: 409, Type: "conflict", Detail: "no"},
		"of another account":     {Status: 403, Type: "unauthorized", Detail: "requester account did not request the certificate being replaced by this order"},
		"no name in common":      {Status: 400, Type: "malformed", Detail: "certificate replaced by this order and identifiers in this order do not overlap"},
		"no certificate of ours": {Status: 404, Type: "notFound", Detail: "no certificate " + someID},
		"unknown":                {Status: 500, Type: "serverInternal", Detail: "could not find an order for the given certificate: no rows"},
		"not parsed":             {Status: 400, Type: "malformed", Detail: "parsing ARI CertID failed: illegal base64"},
		"an unknown field":       {Status: 400, Type: "malformed", Detail: `json: unknown field "replaces"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := replacing(t)
			s.ca.on(newOrder, only(1), refusing(refusal))
			s.mustObtain()
			s.mustCount(newOrder, 2)
			if got := s.ca.orders[0].replaces; got != "" || s.obtained.Replaces != "" {
				t.Errorf("the order replaces %q, and is said to replace %q", got, s.obtained.Replaces)
			}
			s.mustTell("placing it once more, as the replacement of nothing: ")
		})
	}
}

// TestSecondReplacement: a certificate is replaced once.
func TestSecondReplacement(t *testing.T) {
	t.Parallel()
	s := replacing(t)
	s.mustObtain()
	s.journal.url = ""
	s.mustObtain()
	s.mustCount(newOrder, 3)
	s.mustTell("another order has done that")
}

// TestOrdersRefusedForOtherReasons are not placed again: neither after such a refusal, nor
// where nobody knows whether the first one was heard.
func TestOrdersRefusedForOtherReasons(t *testing.T) {
	for name, row := range map[string]struct {
		act  action
		kind acmecore.Kind
	}{
		"a forbidden name":    {refusing(&problem{Status: 400, Type: "rejectedIdentifier", Detail: "policy forbids it"}), acmecore.Refused},
		"the account":         {refusing(&problem{Status: 403, Type: "unauthorized", Detail: "account is deactivated"}), acmecore.Refused},
		"malformed":           {refusing(&problem{Status: 400, Type: "malformed", Detail: "no"}), acmecore.Refused},
		"limited":             {refusing(&problem{Status: 429, Type: "rateLimited", Detail: "too many certificates replaced", RetryAfter: "3600"}), acmecore.Limited},
		"trouble":             {answering(http.StatusInternalServerError, ""), acmecore.Unreachable},
		"the answer was lost": {losing, acmecore.Unreachable},
		"nothing arrived":     {dropping, acmecore.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := replacing(t)
			s.ca.on(newOrder, always, row.act)
			s.mustFail(outcome{kind: row.kind})
			s.mustCount(newOrder, 1)
		})
	}
}

// TestRefusedTwice: the second refusal is the one that is told.
func TestRefusedTwice(t *testing.T) {
	t.Parallel()
	s := replacing(t)
	s.ca.on(newOrder, only(1), refusing(&problem{Status: 409, Type: "alreadyReplaced", Detail: "by another"}))
	s.ca.on(newOrder, only(2), refusing(&problem{Status: 409, Type: "conflict", Detail: "again"}))
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{`"again"`}})
	s.mustCount(newOrder, 2)
}

// TestReplacesIsNotRepeated by the CA, which RFC 9773 section 5 asks of it: that is told.
func TestReplacesIsNotRepeated(t *testing.T) {
	for name, act := range map[string]action{
		"absent": with("replaces", nil), "another": with("replaces", "aYhb.AIdl"), "no text": with("replaces", 7),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := replacing(t)
			s.ca.on(newOrder, always, act)
			s.mustObtain()
			s.mustTell("the CA does not say whether it takes it as the replacement")
			if s.obtained.Replaces != someID {
				t.Errorf("it is said to replace %q", s.obtained.Replaces)
			}
		})
	}
}

// TestReplacesOfAnOrderTakenUp is what the order itself says.
func TestReplacesOfAnOrderTakenUp(t *testing.T) {
	for name, replaces := range map[string]string{"it does": someID, "it does not": "", "it replaces another": "aYhb.AIdl"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := interrupted(t)
			s.ca.renews, s.wanted.Replaces, s.ca.orders[0].replaces = true, someID, replaces
			s.mustObtain()
			s.mustCount(newOrder, 0)
			if got := s.obtained.Replaces; (got == someID) != (replaces == someID) || got != "" && got != someID {
				t.Errorf("it is said to replace %q", got)
			}
		})
	}
}
