package order_test

import (
	"net/http"
	"strings"
	"testing"

	"wcme/acmecore"
)

// TestWhatTheCASaysHasNoToken: CAs name the URL that they fetched, and the key
// authorization that they expected there. Neither may come into a report or a log.
func TestWhatTheCASaysHasNoToken(t *testing.T) {
	for name, row := range map[string]struct{ detail, words string }{
		"the URL": {"Invalid response from http://a.example/.well-known/acme-challenge/TOKEN: 404",
			`"Invalid response from http://a.example/.well-known/acme-challenge/…: 404"`},
		"the key authorization": {"expected AUTHORIZATION, got nothing", `"expected …, got nothing"`},
		"all, and again":        {"AUTHORIZATION TOKEN AUTHORIZATION", `"… … …"`},
		"neither":               {"NXDOMAIN looking up A for a.example", `"NXDOMAIN looking up A for a.example"`},
	} {
		for when, first := range map[string]int{"found invalid": 1, "becomes invalid": 2} {
			t.Run(name+", "+when, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.on(authorization, func(nth int) bool { return nth >= first }, s.saying(func(object map[string]any, said string) {
					object["status"] = "invalid"
					httpChallengeOf(object)["error"] = (&problem{Status: 403, Type: "unauthorized", Detail: said,
						Subproblems: []subproblem{{"a.example", "dns", said}}}).object()
				}, row.detail))
				s.mustConceal("a.example was refused: the CA says "+row.words, "of a.example the CA says "+row.words)
			})
		}
	}
	t.Run("when it is told of the challenge", func(t *testing.T) {
		t.Parallel()
		s := newSetting(t)
		s.ca.on(challenge, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
			refusing(&problem{Status: 400, Type: "malformed", Detail: s.secrets().Replace("no: TOKEN")})(ca, w, r)
		})
		s.mustConceal(`"no: …"`)
	})
	t.Run("of the order", func(t *testing.T) {
		t.Parallel()
		s := newSetting(t)
		s.ca.on(orderLook, always, s.saying(func(object map[string]any, said string) {
			object["status"] = "invalid"
			object["error"] = (&problem{Status: 403, Type: "unauthorized", Detail: said}).object()
		}, "it was not at TOKEN"))
		s.mustConceal(`"it was not at …"`)
	})
}

// secrets fills in those of the only challenge.
func (s *setting) secrets() *strings.Replacer {
	token := s.ca.proofs[0].token
	return strings.NewReplacer("TOKEN", token, "AUTHORIZATION", token+"."+s.ca.accounts[0].jwk.thumbprint())
}

// saying edits an answer, in which the CA says something that has secrets in it.
func (s *setting) saying(edit func(object map[string]any, said string), text string) action {
	return editing(func(object map[string]any) { edit(object, s.secrets().Replace(text)) })
}

// mustConceal is an attempt that fails, and that says so in these words and without a
// secret.
func (s *setting) mustConceal(words ...string) {
	s.t.Helper()
	err := s.mustFail(outcome{kind: acmecore.Refused, words: words})
	token := s.ca.proofs[0].token
	for _, secret := range []string{token, s.ca.accounts[0].jwk.thumbprint()} {
		if strings.Contains(err.Error()+acmecore.HintOf(err), secret) {
			s.t.Errorf("the error has %s in it: %v", secret, err)
		}
	}
}
