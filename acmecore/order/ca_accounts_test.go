package order_test

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// account is an account object (section 7.1.2).
type account struct {
	url     string
	jwk     jwk
	contact []string
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
	reply(w, status, map[string]any{"status": "valid", "contact": a.contact, "orders": a.url + "/orders"})
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
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(e.Protected + "." + e.Payload))
	sum, _ := base64.RawURLEncoding.DecodeString(e.Signature)
	if head.Alg != "HS256" || head.Nonce != "" || head.URL != m.url || same != *m.jwk || !known || !hmac.Equal(sum, mac.Sum(nil)) {
		return &problem{Status: 401, Type: "unauthorized", Detail: "the external account binding is wrong"}
	}
	return nil
}
