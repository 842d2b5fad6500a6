package order_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash"
	"net/http"
	"strings"
)

// account is an account object (section 7.1.2).
type account struct {
	url     string
	jwk     jwk
	contact []string
	status  string // "" is "valid"
	agreed  int    // times that its owner has agreed to the terms since
}

// enrol makes an account without a request and returns its URL.
func (ca *authority) enrol(key *ecdsa.PublicKey) string {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	return ca.addAccount(jwkOf(key), nil).url
}

func (ca *authority) addAccount(key jwk, contact []string) *account {
	added := &account{url: ca.url("account", len(ca.accounts)+1), jwk: key, contact: contact}
	ca.accounts = append(ca.accounts, added)
	return added
}

// serveNewAccount is section 7.3.
func (ca *authority) serveNewAccount(w http.ResponseWriter, m *message) *problem {
	var wanted struct {
		TermsOfServiceAgreed   bool
		Contact                []string
		OnlyReturnExisting     bool
		ExternalAccountBinding json.RawMessage
	}
	if err := strict(m.payload, &wanted); err != nil {
		return malformed(http.StatusBadRequest, err.Error())
	}
	for _, known := range ca.accounts {
		if known.jwk == *m.jwk {
			known.write(w, http.StatusOK)
			return nil
		}
	}
	if wanted.OnlyReturnExisting {
		return &problem{Status: 400, Type: "accountDoesNotExist", Detail: "there is no account of this key"}
	}
	if ca.terms != "" && !wanted.TermsOfServiceAgreed {
		return &problem{Status: 403, Type: "userActionRequired", Detail: "agree to the terms first"}
	}
	for _, contact := range wanted.Contact {
		if !strings.HasPrefix(contact, "mailto:") {
			return &problem{Status: 400, Type: "unsupportedContact", Detail: contact}
		}
	}
	if refusal := ca.checkBinding(m, wanted.ExternalAccountBinding); refusal != nil {
		return refusal
	}
	ca.addAccount(*m.jwk, wanted.Contact).write(w, http.StatusCreated)
	return nil
}

func (a *account) write(w http.ResponseWriter, status int) {
	w.Header().Set("Location", a.url)
	reply(w, status, map[string]any{"status": cmp.Or(a.status, "valid"), "contact": a.contact, "orders": a.url + "/orders"})
}

// checkBinding checks the binding of an account to an external one (section 7.3.4).
func (ca *authority) checkBinding(m *message, text json.RawMessage) *problem {
	if ca.binding == nil {
		return nil
	}
	if text == nil {
		return &problem{Status: 403, Type: "externalAccountRequired", Detail: "bind the account to yours"}
	}
	var (
		e    envelope
		head protected
		same jwk
	)
	err := strict(text, &e)
	if err == nil {
		err = errors.Join(decode(e.Protected, &head), decode(e.Payload, &same))
	}
	if err != nil {
		return malformed(http.StatusBadRequest, err.Error())
	}
	key, known := ca.binding[head.Kid]
	algorithm := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}[head.Alg]
	if algorithm == nil || ca.bindingBy != "" && ca.bindingBy != head.Alg {
		return &problem{Status: 400, Type: "badSignatureAlgorithm", Detail: head.Alg}
	}
	mac := hmac.New(algorithm, key)
	mac.Write([]byte(e.Protected + "." + e.Payload))
	sum, _ := base64.RawURLEncoding.DecodeString(e.Signature)
	if head.Nonce != "" || head.URL != m.url || same != *m.jwk || !known || !hmac.Equal(sum, mac.Sum(nil)) {
		return &problem{Status: 401, Type: "unauthorized", Detail: "the external account binding is wrong"}
	}
	return nil
}

// The classes of what is done to an account (sections 7.3.2 and 7.3.5).
const (
	accountLook class = "account"
	keyChange   class = "keyChange"
)

// accountOf serves an account to its owner, with the updates of sections 7.3.2, 7.3.3 and
// 7.3.6.
func accountOf(ca *authority, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Replay-Nonce", ca.nonce())
	m, refusal := ca.verify(r, accountLook)
	if refusal != nil {
		refusal.write(w)
		return
	}
	var wanted struct {
		Contact              *[]string
		Status               string
		TermsOfServiceAgreed bool
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	switch {
	case m.asGet:
	case strict(m.payload, &wanted) != nil || wanted.Status != "" && wanted.Status != "deactivated":
		refusal = malformed(http.StatusBadRequest, string(m.payload))
	case m.account.status != "":
		refusal = &problem{Status: http.StatusUnauthorized, Type: "unauthorized", Detail: "the account is " + m.account.status}
	default:
		if m.account.status = wanted.Status; wanted.Contact != nil {
			m.account.contact = *wanted.Contact
		}
		if wanted.TermsOfServiceAgreed {
			m.account.agreed++
		}
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	m.account.write(w, http.StatusOK)
}

// changeKey is section 7.3.5.
func changeKey(ca *authority, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Replay-Nonce", ca.nonce())
	m, refusal := ca.verify(r, keyChange)
	if refusal == nil {
		refusal = ca.changeKey(m)
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	m.account.write(w, http.StatusOK)
}

func (ca *authority) changeKey(m *message) *problem {
	var (
		inner  envelope
		head   protected
		wanted struct {
			Account string
			OldKey  jwk
		}
	)
	err := strict(m.payload, &inner)
	if err == nil {
		err = errors.Join(decode(inner.Protected, &head), decode(inner.Payload, &wanted))
	}
	if err != nil || head.JWK == nil {
		return malformed(http.StatusBadRequest, "the inner JWS is none")
	}
	fresh, err := head.JWK.public()
	ca.mu.Lock()
	defer ca.mu.Unlock()
	switch {
	case err != nil || !signedBy(fresh, inner) || head.URL != m.url || head.Nonce != "":
		return malformed(http.StatusBadRequest, "the inner JWS is wrong")
	case wanted.Account != m.account.url || wanted.OldKey != m.account.jwk:
		return malformed(http.StatusBadRequest, "the inner JWS is of another account or key")
	}
	for _, known := range ca.accounts {
		if known.jwk == *head.JWK {
			return &problem{Status: http.StatusConflict, Type: "malformed", Detail: "the key has an account"}
		}
	}
	m.account.jwk = *head.JWK
	return nil
}
