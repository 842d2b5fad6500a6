package order_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// TestRollOver: the next requests are signed by the new key, also after a bad nonce.
func TestRollOver(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(keyChange, first(1), badNonce)
	s.ca.on(keyChange, always, changeKey)
	s.ca.on(accountLook, only(2), badNonce)
	s.ca.on(accountLook, always, accountOf)
	fresh, client := newKey(t), s.client()
	if err := client.RollOver(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	if s.ca.accounts[0].jwk != jwkOf(&fresh.PublicKey) {
		t.Error("the CA knows another key")
	}
	for range 2 {
		if _, err := client.Account(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s.options.Key, s.options.Account = fresh, ""
	if url, found, err := s.client().Find(t.Context()); err != nil || !found || url != s.ca.accounts[0].url {
		t.Errorf("got %q, %v, %v", url, found, err)
	}
}

// TestRollOverOfWhichTheAnswerIsLost: the request is sent once, and Find tells.
func TestRollOverOfWhichTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(keyChange, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
		changeKey(ca, httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
	fresh := newKey(t)
	mustRead(t, s.client().RollOver(t.Context(), fresh), outcome{kind: acmecore.Unreachable, words: []string{"change the key of account"}})
	s.mustCount(keyChange, 1)
	s.options.Key, s.options.Account = fresh, ""
	if _, found, err := s.client().Find(t.Context()); err != nil || !found {
		t.Errorf("got %v, %v", found, err)
	}
}

// TestRefusedRollOvers: a CA that cannot is told apart from one in trouble, and asked once.
func TestRefusedRollOvers(t *testing.T) {
	for name, row := range map[string]struct {
		act  action
		want outcome
	}{
		"not implemented": {refusing(&problem{Status: 501, Type: "rejectedIdentifier", Detail: "not implemented"}),
			outcome{kind: acmecore.Refused, words: []string{"this CA cannot change the keys of accounts", "not implemented"}, hint: "--new"}},
		"nothing but a status": {answering(501, ""), outcome{kind: acmecore.Refused, words: []string{"cannot change the keys"}, hint: "--new"}},
		"in use":               {answering(409, "", "Location: https://ca.example/account/9"), outcome{kind: acmecore.Refused, words: []string{"has an account there already"}, hint: "another key"}},
		"forbidden":            {refusing(&problem{Status: 403, Type: "unauthorized", Detail: "no"}), outcome{kind: acmecore.Refused, words: []string{`"no"`}}},
		"in trouble":           {refusing(&problem{Status: 500, Type: "serverInternal", Detail: "oops"}), outcome{kind: acmecore.Unreachable, words: []string{"oops"}, hint: "later"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(keyChange, always, row.act)
			mustRead(t, s.client().RollOver(t.Context(), newKey(t)), row.want)
			s.mustCount(keyChange, 1)
		})
	}
}

func TestRollOverWhereTheDirectoryHasNone(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(directory, always, with("keyChange", nil))
	mustRead(t, s.client().RollOver(t.Context(), newKey(t)), outcome{kind: acmecore.Refused, words: []string{"cannot change", "no keyChange"}, hint: "--new"})
	s.mustCount(keyChange, 0)
}

// TestRevokeByTheCertificatesKey needs no account.
func TestRevokeByTheCertificatesKey(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.tolerant = true
	var asked wantedRevocation
	s.ca.on(revokeCert, first(1), badNonce)
	s.ca.on(revokeCert, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", ca.nonce())
		m, refusal := ca.verify(r, revokeCert)
		if refusal != nil || m.jwk == nil || *m.jwk != jwkOf(publicOf(s.options.Key)) || json.Unmarshal(m.payload, &asked) != nil {
			t.Errorf("got %+v, %v", m, refusal)
		}
	})
	s.options.Key, s.options.Account = newKey(t), ""
	if err := s.client().Revoke(t.Context(), []byte("der"), acmecore.RevokedKeyCompromise); err != nil || asked.Reason != 1 {
		t.Errorf("got %+v, %v", asked, err)
	}
	s.ca.heal()
	s.ca.on(revokeCert, always, refusing(&problem{Status: 403, Type: "unauthorized", Detail: "not its key"}))
	err := s.client().Revoke(t.Context(), []byte("der"), 0)
	mustRead(t, err, outcome{kind: acmecore.Refused, words: []string{"not its key"}, hint: "the key of that certificate"})
	if !order.IsUnauthorized(err) {
		t.Error("it is not told apart from others")
	}
	s.mustCount(newAccount, 0)
}
