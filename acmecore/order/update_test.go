package order_test

import (
	"net/http"
	"slices"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

func TestAccountIsAskedForByItsOwnURL(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(accountLook, first(1), badNonce)
	s.ca.on(accountLook, always, accountOf)
	s.ca.accounts[0].contact = []string{"mailto:a@a.example"}
	account, err := s.client().Account(t.Context())
	if err != nil || account.URL != s.options.Account || account.Status != "valid" || !slices.Equal(account.Contact, []string{"a@a.example"}) {
		t.Errorf("got %+v, %v", account, err)
	}
	s.mustCount(accountLook, 2)
	s.mustCount(newAccount, 0)

	s.ca.accounts[0].status = "deactivated"
	if account, err = s.client().Account(t.Context()); err != nil || !order.IsDeactivated(account.Status) {
		t.Errorf("deactivated: got %+v, %v", account, err)
	}
}

func TestFindTheAccountOfAKey(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	want := s.options.Account
	s.options.Account = ""
	if url, found, err := s.client().Find(t.Context()); err != nil || !found || url != want {
		t.Errorf("got %q, %v, %v; want %q", url, found, err, want)
	}
	s.options.Key = newKey(t)
	if url, found, err := s.client().Find(t.Context()); err != nil || found {
		t.Errorf("another key: got %q, %v, %v", url, found, err)
	}
	if len(s.ca.accounts) != 1 {
		t.Errorf("the CA has %d accounts, want 1", len(s.ca.accounts))
	}
	s.ca.on(newAccount, always, refusing(&problem{Status: 401, Type: "unauthorized", Detail: "deactivated"}))
	_, _, err := s.client().Find(t.Context())
	mustRead(t, err, outcome{kind: acmecore.Refused, words: []string{"look for the account of a key", "deactivated"}})
	if !order.IsUnauthorized(err) {
		t.Error("it is not told apart from others")
	}
}

// TestUpdate: also to no contact at all, which the library cannot say.
func TestUpdate(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(accountLook, always, accountOf)
	for _, contact := range [][]string{{"a@a.example", "b@a.example"}, {}, {"c@a.example"}, nil} {
		account, err := s.client().Update(t.Context(), contact, false)
		if err != nil || !slices.Equal(account.Contact, contact) || len(s.ca.accounts[0].contact) != len(contact) {
			t.Errorf("%q: got %+v, %v; the CA has %q", contact, account, err, s.ca.accounts[0].contact)
		}
	}
	if got := s.ca.accounts[0].agreed; got != 0 {
		t.Errorf("the terms were agreed to %d times", got)
	}
	if _, err := s.client().Update(t.Context(), nil, true); err != nil || s.ca.accounts[0].agreed != 1 {
		t.Errorf("agreed to %d times, %v", s.ca.accounts[0].agreed, err)
	}
	s.ca.heal()
	s.ca.on(accountLook, always, refusing(&problem{Status: 400, Type: "unsupportedContact", Detail: "no"}))
	_, err := s.client().Update(t.Context(), []string{"a@a.example"}, false)
	mustRead(t, err, outcome{kind: acmecore.Refused, words: []string{"update account", "unsupportedContact"}, hint: "`contact`"})
}

func TestDeactivate(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(accountLook, always, accountOf)
	if err := s.client().Deactivate(t.Context()); err != nil || s.ca.accounts[0].status != "deactivated" {
		t.Fatalf("got %q, %v", s.ca.accounts[0].status, err)
	}
	mustRead(t, s.client().Deactivate(t.Context()), outcome{kind: acmecore.Refused, words: []string{"deactivate account", "the account is deactivated"}})
}

// TestAnAnswerThatIsNoAccount is not taken for one.
func TestAnAnswerThatIsNoAccount(t *testing.T) {
	for name, act := range map[string]action{
		"nothing": answering(200, ""), "another object": answering(200, `{"termsOfService":"x"}`), "a list": answering(200, `[]`), "a page": answering(200, "<html>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(accountLook, always, act)
			_, err := s.client().Account(t.Context())
			mustRead(t, err, outcome{kind: acmecore.Unreachable, words: []string{"look at account"}})
		})
	}
}

// TestActionRequired: the error leads to the terms too, wherever the CA says so (RFC 8555
// section 7.3.3).
func TestActionRequired(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(newOrder, always, answering(403, `{"type":"urn:ietf:params:acme:error:userActionRequired","detail":"new terms","instance":"https://ca.example/agree"}`,
		`Link: <https://ca.example/directory>;rel="index", <https://ca.example/terms/v4,2>; rel="terms-of-service"`))
	_, err := s.obtain()
	mustRead(t, err, outcome{kind: acmecore.Refused,
		words: []string{"see https://ca.example/agree", "its terms of service are https://ca.example/terms/v4,2"}, hint: "wcme account update --accept-terms"})
	if !order.IsActionRequired(err) || order.IsUnauthorized(err) {
		t.Error("it is not told apart from others")
	}
	s.mustCount(newOrder, 1)
}

// TestARefusedNameIsNotTheAccount, though the type of the error is the same.
func TestARefusedNameIsNotTheAccount(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.refused["a.example"] = &problem{Status: http.StatusForbidden, Type: "unauthorized", Detail: "not what I want"}
	if _, err := s.obtain(); err == nil || order.IsUnauthorized(err) {
		t.Errorf("got %v", err)
	}
	s.ca.on(newOrder, always, refusing(&problem{Status: http.StatusForbidden, Type: "unauthorized", Detail: "deactivated"}))
	if _, err := s.obtain(); !order.IsUnauthorized(err) {
		t.Errorf("got %v", err)
	}
}
