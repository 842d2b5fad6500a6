package order_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

const terms = "https://ca.example/terms/v3"

// newStranger is a setting whose key has no account yet.
func newStranger(t *testing.T) *setting {
	s := newSetting(t)
	s.options.Key, s.options.Account = newKey(t), ""
	return s
}

func (s *setting) register(contact []string, agreed string, binding *order.Binding) (acmecore.Account, error) {
	return s.client().Register(s.t.Context(), contact, agreed, binding)
}

// mustBeRefused is a registration that must fail.
func (s *setting) mustBeRefused(binding *order.Binding, agreed string, want outcome) {
	s.t.Helper()
	_, err := s.register(nil, agreed, binding)
	mustRead(s.t, err, want)
}

// TestNewAccount: with contacts and terms, and then a certificate by the same client.
func TestNewAccount(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.ca.terms = terms
	client := s.client()
	account, err := client.Register(t.Context(), []string{"a@a.example", "b@a.example"}, terms, nil)
	if err != nil {
		t.Fatal(err)
	}
	if account.Existing || account.Terms != terms || account.Directory != s.options.Directory || account.URL != s.ca.accounts[1].url {
		t.Errorf("account is %+v", account)
	}
	if got := s.ca.accounts[1].contact; !slices.Equal(got, []string{"mailto:a@a.example", "mailto:b@a.example"}) {
		t.Errorf("the CA knows the contacts %q", got)
	}
	s.mustCount(newAccount, 1)
	obtained, err := client.Obtain(t.Context(), s.wanted, s.journal, s.challenges)
	if err != nil {
		t.Fatal(err)
	}
	s.mustFit(obtained.Chain)
	s.mustCount(newAccount, 1)
}

// TestExistingAccount: the key finds its account again (section 7.3.1).
func TestExistingAccount(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	want := s.options.Account
	s.options.Account = ""
	account, err := s.register([]string{"a@a.example"}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !account.Existing || account.URL != want {
		t.Errorf("account is %+v, want the existing %s", account, want)
	}
	if got := len(s.ca.accounts); got != 1 {
		t.Errorf("the CA has %d accounts, want 1", got)
	}
}

// TestTerms are agreed to by their URL, before anything is sent.
func TestTerms(t *testing.T) {
	for name, row := range map[string]struct{ agreed, words string }{
		"not agreed to":  {"", "its terms of service are not agreed to: " + terms},
		"others by now":  {"https://ca.example/terms/v2", "its terms of service are other ones than those agreed to: " + terms},
		"something else": {"yes", "other ones than those agreed to"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			s.ca.terms = terms
			s.mustBeRefused(nil, row.agreed, outcome{kind: acmecore.Refused, words: []string{row.words}, hint: "--accept-terms"})
			s.mustCount(newAccount, 0)
		})
	}
}

// TestHostileTermsAreInert: they are shown to people.
func TestHostileTermsAreInert(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.ca.terms = "https://ca.example/\x1b[2J\u202e"
	s.mustBeRefused(nil, "", outcome{kind: acmecore.Refused, words: []string{"https://ca.example/?[2J?"}, hint: "--accept-terms"})
}

// TestBinding binds the account to one that the user has there.
func TestBinding(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	key := []byte("0123456789abcdef0123456789abcdef")
	s.ca.binding = map[string][]byte{"kid-7": key}
	account, err := s.register(nil, "", &order.Binding{KeyID: "kid-7", Key: key})
	if err != nil || account.URL == "" {
		t.Fatalf("got %+v, %v", account, err)
	}
}

// TestBindingByEachAlgorithm that RFC 7518 section 3.2 has, also after a bad nonce; the key
// is nowhere in what is said.
func TestBindingByEachAlgorithm(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef0123456789abcdef")
	for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
		s := newStranger(t)
		s.ca.binding, s.ca.bindingBy = map[string][]byte{"kid-7": key}, algorithm
		s.ca.on(newAccount, first(1), badNonce)
		account, err := s.register([]string{"a@a.example"}, "", &order.Binding{KeyID: "kid-7", Key: key, Algorithm: algorithm})
		if err != nil || account.URL == "" || account.Status != "valid" {
			t.Errorf("%s: got %+v, %v", algorithm, account, err)
		}
		if got := s.ca.accounts[1].contact; !slices.Equal(got, []string{"mailto:a@a.example"}) {
			t.Errorf("%s: the contacts are lost: %q", algorithm, got)
		}
	}
	s := newStranger(t)
	s.ca.binding = map[string][]byte{"kid-7": key}
	s.mustBeRefused(&order.Binding{KeyID: "kid-7", Key: key, Algorithm: "none"}, "",
		outcome{kind: acmecore.Invalid, words: []string{`signed by "none"`, "HS384"}, hint: "--eab-kid"})
	s.mustCount(newAccount, 0)
}

// TestBindingRefused: none, or a wrong one.
func TestBindingRefused(t *testing.T) {
	for name, row := range map[string]struct {
		binding     *order.Binding
		words, hint string
		sent        int
	}{
		"none":            {nil, "it binds each account to one that you have there already", "eab_kid", 0},
		"unknown":         {&order.Binding{KeyID: "kid-8", Key: []byte("0123456789abcdef")}, "the external account binding is wrong", "eab_kid", 1},
		"of another key":  {&order.Binding{KeyID: "kid-7", Key: []byte("fedcba9876543210")}, "the external account binding is wrong", "eab_kid", 1},
		"with no key":     {&order.Binding{KeyID: "kid-7"}, "the HMAC key of the external account binding is empty", "eab_kid", 0},
		"with no name":    {&order.Binding{Key: []byte("0123456789abcdef")}, "the key identifier of the external account binding is empty", "eab_kid", 0},
		"with both wrong": {&order.Binding{KeyID: "\x1b", Key: []byte{0}}, "the external account binding is wrong", "eab_kid", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			s.ca.binding = map[string][]byte{"kid-7": []byte("0123456789abcdef")}
			kind := acmecore.Refused
			if name == "with no key" || name == "with no name" {
				kind = acmecore.Invalid
			}
			s.mustBeRefused(row.binding, "", outcome{kind: kind, words: []string{row.words}, hint: row.hint})
			s.mustCount(newAccount, row.sent)
		})
	}
}

// TestBindingThatIsNotAskedFor is sent all the same: some CAs take it gladly.
func TestBindingThatIsNotAskedFor(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	if _, err := s.register(nil, "", &order.Binding{KeyID: "kid", Key: []byte("0123456789abcdef")}); err != nil {
		t.Error(err)
	}
}

// TestTermsAndBindingAtOnce: one error names both.
func TestTermsAndBindingAtOnce(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.ca.terms, s.ca.binding = terms, map[string][]byte{}
	s.mustBeRefused(nil, "", outcome{kind: acmecore.Refused, words: []string{"terms of service", "it binds each account"}, hint: "--accept-terms"})
}

// TestRefusedRegistrations: the CA's no, in its own words.
func TestRefusedRegistrations(t *testing.T) {
	for name, row := range map[string]struct {
		act         action
		words, hint string
	}{
		"contact":         {refusing(&problem{Status: 400, Type: "invalidContact", Detail: "example.org is forbidden"}), "example.org is forbidden", "`contact`"},
		"kind of contact": {refusing(&problem{Status: 400, Type: "unsupportedContact", Detail: "no"}), "unsupportedContact", "`contact`"},
		"terms changed": {answering(403, `{"type":"urn:ietf:params:acme:error:userActionRequired","detail":"agree first","instance":"https://ca.example/agree"}`),
			`the CA says "agree first" (userActionRequired); see https://ca.example/agree`, "wcme account update"},
		"deactivated": {refusing(&problem{Status: 401, Type: "unauthorized", Detail: "account deactivated"}), "deactivated", "--new"},
		"key":         {refusing(&problem{Status: 400, Type: "badPublicKey", Detail: "no P-256"}), "no P-256", ""},
		"revoked":     {with("status", "revoked"), `the account is "revoked"`, "register --new"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			s.ca.on(newAccount, always, row.act)
			s.mustBeRefused(nil, "", outcome{kind: acmecore.Refused, words: []string{"register at " + s.options.Directory, row.words}, hint: row.hint})
			s.mustCount(newAccount, 1)
		})
	}
}

// TestAccountWithoutURL is none: no later request could be signed for it.
func TestAccountWithoutURL(t *testing.T) {
	for name, line := range map[string]string{
		"none": "Location:", "relative": "Location: /account/2", "elsewhere": "Location: https://elsewhere.example/account/2", "http": "Location: http://127.0.0.1/account/2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			s.ca.on(newAccount, always, saying(line))
			s.mustBeRefused(nil, "", outcome{kind: acmecore.Unreachable, words: []string{"has no URL of the account"}, hint: "tell the CA"})
		})
	}
}

// TestLimitedRegistration says until when.
func TestLimitedRegistration(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.ca.on(newAccount, always, refusing(&problem{Status: 429, Type: "rateLimited", Detail: "too many accounts", RetryAfter: "10800"}))
	_, err := s.register(nil, "", nil)
	mustRead(t, err, outcome{kind: acmecore.Limited, words: []string{"too many accounts"}, hint: "wait"})
	if got := limitOf(t, err).Sub(s.clock.now()).Hours(); got != 3 {
		t.Errorf("limited for %v h, want 3", got)
	}
	s.mustCount(newAccount, 1)
}

// TestRegistrationOfWhichTheAnswerIsLost: the account is there, and the same key
// finds it; there is never a second one.
func TestRegistrationOfWhichTheAnswerIsLost(t *testing.T) {
	for name, act := range map[string]action{"cut": losing, "garbage": rewriting(func(string) string { return "<html>" }), "500": serving(func(answer *httptest.ResponseRecorder) {
		answer.Code = http.StatusInternalServerError
	})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			s.ca.on(newAccount, first(1), act)
			s.mustBeRefused(nil, "", outcome{kind: acmecore.Unreachable, words: []string{"register at"}})
			s.mustCount(newAccount, 1)
			account, err := s.register(nil, "", nil)
			if err != nil || !account.Existing || len(s.ca.accounts) != 2 {
				t.Errorf("got %+v, %v, %d accounts", account, err, len(s.ca.accounts))
			}
		})
	}
}

// TestBadNonceAtRegistration, also of the account's own request.
func TestBadNonceAtRegistration(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.ca.binding = map[string][]byte{"kid-7": []byte("0123456789abcdef")}
	s.ca.on(newAccount, first(7), badNonce)
	if _, err := s.register(nil, "", &order.Binding{KeyID: "kid-7", Key: []byte("0123456789abcdef")}); err != nil {
		t.Error(err)
	}
	s.mustCount(newAccount, 8)
	s.mustCount(newNonce, 1)

	s = newStranger(t)
	s.ca.on(newAccount, always, badNonce)
	s.mustBeRefused(nil, "", outcome{kind: acmecore.Unreachable, words: []string{"badNonce"}, hint: "several nonces"})
	s.mustCount(newAccount, mostDoubted)
}

// TestObtainWithoutAnAccount asks for one, and sends nothing.
func TestObtainWithoutAnAccount(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.mustFail(outcome{kind: acmecore.Invalid, words: []string{"there is no account"}, hint: "wcme register"})
	if got := s.ca.count(); got != 0 {
		t.Errorf("%d requests were made", got)
	}
}

// TestDirectoryIsRead: what a CA says of itself, inert.
func TestDirectoryIsRead(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.terms, s.ca.binding, s.ca.profiles = terms, map[string][]byte{}, []string{"b", "a\x1b"}
	got, err := s.client().Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := acmecore.Authority{Directory: s.options.Directory, Terms: terms, Website: "https://ca.example/", CAA: []string{"ca.example"},
		Profiles: []string{"a?", "b"}, ExternalAccount: true}
	if got.Directory != want.Directory || got.Terms != want.Terms || got.Website != want.Website || !slices.Equal(got.CAA, want.CAA) ||
		!slices.Equal(got.Profiles, want.Profiles) || got.ExternalAccount != want.ExternalAccount {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s.mustCount(directory, 1)
}

// TestCheckTermsAgreesToNoTerms: a CA without terms needs no agreement.
func TestCheckTermsAgreesToNoTerms(t *testing.T) {
	t.Parallel()
	for _, agreed := range []string{"", terms} {
		if err := order.CheckTerms(acmecore.Authority{}, agreed); err != nil {
			t.Errorf("agreed to %q: %v", agreed, err)
		}
	}
	if err := order.CheckTerms(acmecore.Authority{Terms: terms}, terms); err != nil {
		t.Error(err)
	}
	if err := order.CheckTerms(acmecore.Authority{Terms: terms}, strings.ToUpper(terms)); err == nil {
		t.Error("another URL counts as agreed to")
	}
}

// TestRegistrationWithoutADirectory ends there.
func TestRegistrationWithoutADirectory(t *testing.T) {
	t.Parallel()
	s := newStranger(t)
	s.ca.on(directory, always, answering(200, "<html>"))
	s.mustBeRefused(nil, "", outcome{kind: acmecore.Unreachable, words: []string{"read directory", "no ACME directory"}, hint: "is this the URL"})
}
