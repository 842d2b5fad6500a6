package order_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// revokeCert is the class of RFC 8555 section 7.6.
const revokeCert class = "revokeCert"

// wantedRevocation is what a request for a revocation asks for.
type wantedRevocation struct {
	Certificate string `json:"certificate"`
	Reason      int    `json:"reason"`
}

// revoking is a CA that revokes what its account asks for, and notes what that was.
func revoking(asked *wantedRevocation) action {
	return func(ca *authority, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", ca.nonce())
		message, refusal := ca.verify(r, revokeCert)
		if refusal == nil {
			if err := json.Unmarshal(message.payload, asked); err != nil {
				refusal = malformed(http.StatusBadRequest, err.Error())
			}
		}
		if refusal != nil {
			refusal.write(w)
			return
		}
		w.WriteHeader(http.StatusOK)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	var asked wantedRevocation
	s.ca.on(revokeCert, always, revoking(&asked))
	if err := s.client().Revoke(t.Context(), []byte("der"), acmecore.RevokedSuperseded); err != nil {
		t.Fatal(err)
	}
	if want := base64.RawURLEncoding.EncodeToString([]byte("der")); asked.Certificate != want || asked.Reason != 4 {
		t.Errorf("got %+v, want %q, 4", asked, want)
	}
	if len(s.steps) != 1 || s.steps[0].Stage != "revoke" {
		t.Errorf("steps: got %+v", s.steps)
	}
}

// TestRevokeAfterABadNonce is sent again with a nonce that is good, as all requests are.
func TestRevokeAfterABadNonce(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.tolerant = true
	s.ca.on(revokeCert, first(2), badNonce)
	s.ca.on(revokeCert, always, revoking(new(wantedRevocation)))
	if err := s.client().Revoke(t.Context(), []byte("der"), 0); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedRevocations: the CA's no, in its own words.
func TestRefusedRevocations(t *testing.T) {
	for name, row := range map[string]struct {
		act  action
		want outcome
	}{
		"revoked already": {refusing(&problem{Status: 400, Type: "alreadyRevoked", Detail: "it is"}),
			outcome{kind: acmecore.Refused, words: []string{"the CA says that it is revoked already"}, hint: "nothing left"}},
		"of another account": {refusing(&problem{Status: 403, Type: "unauthorized", Detail: "not yours"}),
			outcome{kind: acmecore.Refused, words: []string{`the CA says "not yours" (unauthorized)`}, hint: "another account"}},
		"another reason": {refusing(&problem{Status: 400, Type: "badRevocationReason", Detail: "not 4"}),
			outcome{kind: acmecore.Refused, words: []string{`the CA says "not 4" (badRevocationReason)`}, hint: "another reason"}},
		"of no certificate": {refusing(&problem{Status: 400, Type: "malformed", Detail: "no certificate"}),
			outcome{kind: acmecore.Refused, words: []string{`"no certificate"`}, hint: "mend"}},
		"too often": {refusing(&problem{Status: 429, Type: "rateLimited", Detail: "slow down", RetryAfter: "60"}),
			outcome{kind: acmecore.Limited, words: []string{"slow down", "not before"}, hint: "wait"}},
		"in trouble": {refusing(&problem{Status: 500, Type: "serverInternal", Detail: "oops"}),
			outcome{kind: acmecore.Unreachable, words: []string{"oops"}, hint: "later"}},
		"hostile": {refusing(&problem{Status: 403, Type: "unauthorized", Detail: "\x1b[2J<script>\u202e"}),
			outcome{kind: acmecore.Refused, words: []string{"?[2J<script>?"}, hint: "another account"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(revokeCert, always, row.act)
			err := s.client().Revoke(t.Context(), []byte("der"), acmecore.RevokedSuperseded)
			mustRead(t, err, row.want)
			if got := errors.Is(err, order.ErrRevoked); got != (name == "revoked already") {
				t.Errorf("is it revoked already: got %v", got)
			}
			if sent := s.ca.count(revokeCert); sent != 1 {
				t.Errorf("it was asked for %d times, want once", sent)
			}
		})
	}
}

// TestRevokeWhereTheCACannot asks for nothing.
func TestRevokeWhereTheCACannot(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(directory, always, serving(func(answer *httptest.ResponseRecorder) {
		var object map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &object); err != nil {
			t.Error(err)
		}
		delete(object, "revokeCert")
		answer.Body.Reset()
		if err := json.NewEncoder(answer.Body).Encode(object); err != nil {
			t.Error(err)
		}
	}))
	mustRead(t, s.client().Revoke(t.Context(), []byte("der"), 0),
		outcome{kind: acmecore.Refused, words: []string{"its directory has no revokeCert"}, hint: "tell the CA"})
}
