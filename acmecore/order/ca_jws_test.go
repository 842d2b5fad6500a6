package order_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
)

// message is a request whose signature was found to be good.
type message struct {
	url     string
	jwk     *jwk     // of a request that has no account yet
	account *account // of all others
	payload []byte
	asGet   bool // POST-as-GET (section 6.3)
}

// envelope is a JWS in flattened form (RFC 7515 section 7.2.2).
type envelope struct {
	Protected, Payload, Signature string
}

// jwk is a key on P-256 (RFC 7518 section 6.2).
type jwk struct{ Kty, Crv, X, Y string }

// thumbprint is that of RFC 7638.
func (k jwk) thumbprint() string {
	text := fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, k.Crv, k.Kty, k.X, k.Y)
	digest := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

func (k jwk) public() (*ecdsa.PublicKey, error) {
	x, errX := base64.RawURLEncoding.DecodeString(k.X)
	y, errY := base64.RawURLEncoding.DecodeString(k.Y)
	if k.Kty != "EC" || k.Crv != "P-256" || len(x) != 32 || len(y) != 32 || errX != nil || errY != nil {
		return nil, errors.New("not a key on P-256")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
}

// jwkOf is the reverse of public.
func jwkOf(key *ecdsa.PublicKey) jwk {
	point, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return jwk{Kty: "EC", Crv: "P-256", X: encode(point[1:33]), Y: encode(point[33:])}
}

// verify checks what section 6 asks of each request. Whatever is wrong with one
// fails the test, but for nonces where the CA is tolerant.
func (ca *authority) verify(r *http.Request, kind class) (*message, *problem) {
	m, refusal := ca.open(r, kind)
	if refusal != nil && (refusal.Type != "badNonce" || !ca.tolerant) {
		ca.t.Errorf("request %s %s: %s: %s", r.Method, r.URL, refusal.Type, refusal.Detail)
	}
	return m, refusal
}

func (ca *authority) open(r *http.Request, kind class) (*message, *problem) {
	switch {
	case r.Method != http.MethodPost:
		return nil, malformed(http.StatusMethodNotAllowed, "only POST-as-GET is allowed here (section 6.3)")
	case r.Header.Get("Content-Type") != "application/jose+json":
		return nil, malformed(http.StatusUnsupportedMediaType, "the type is not application/jose+json (section 6.2)")
	case r.Header.Get("User-Agent") == "":
		return nil, malformed(http.StatusBadRequest, "no User-Agent (section 6.1)")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, malformed(http.StatusBadRequest, err.Error())
	}
	var e envelope
	if err := strict(body, &e); err != nil {
		return nil, malformed(http.StatusBadRequest, err.Error())
	}
	return ca.check(e, "https://"+r.Host+r.URL.RequestURI(), kind)
}

// protected is the header of a JWS in ACME (section 6.2).
type protected struct {
	Alg, Nonce, URL, Kid string
	JWK                  *jwk
}

func (ca *authority) check(e envelope, url string, kind class) (*message, *problem) {
	var head protected
	payload, err := base64.RawURLEncoding.DecodeString(e.Payload)
	if err == nil {
		err = decode(e.Protected, &head)
	}
	if err != nil {
		return nil, malformed(http.StatusBadRequest, err.Error())
	}
	m := &message{url: url, payload: payload, asGet: e.Payload == ""}
	key, refusal := ca.keyOf(m, head, kind)
	if refusal != nil {
		return nil, refusal
	}
	switch {
	case head.Alg != "ES256":
		return nil, &problem{Status: 400, Type: "badSignatureAlgorithm", Detail: head.Alg}
	case !signedBy(key, e):
		return nil, malformed(http.StatusBadRequest, "the signature is wrong")
	case head.URL != url:
		return nil, &problem{Status: 401, Type: "unauthorized", Detail: fmt.Sprintf("signed for %s, sent to %s (section 6.4)", head.URL, url)}
	case !ca.takeNonce(head.Nonce):
		return nil, &problem{Status: 400, Type: "badNonce", Detail: "the nonce is not one of ours"}
	}
	return m, nil
}

// keyOf returns the key that must have signed: the one inside for newAccount,
// either one for revokeCert, the account's for all else (section 6.2).
func (ca *authority) keyOf(m *message, head protected, kind class) (*ecdsa.PublicKey, *problem) {
	if (head.JWK == nil) == (head.Kid == "") || kind != revokeCert && (head.JWK != nil) != (kind == newAccount) {
		return nil, malformed(http.StatusBadRequest, "jwk or kid is where the other one should be")
	}
	if head.JWK != nil {
		key, err := head.JWK.public()
		if err != nil {
			return nil, &problem{Status: 400, Type: "badPublicKey", Detail: err.Error()}
		}
		m.jwk = head.JWK
		return key, nil
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	for _, account := range ca.accounts {
		if account.url == head.Kid {
			m.account = account
			key, _ := account.jwk.public()
			return key, nil
		}
	}
	return nil, &problem{Status: 400, Type: "accountDoesNotExist", Detail: "no such account"}
}

// signedBy checks ES256 (RFC 7518 section 3.4).
func signedBy(key *ecdsa.PublicKey, e envelope) bool {
	raw, err := base64.RawURLEncoding.DecodeString(e.Signature)
	if err != nil || len(raw) != 64 {
		return false
	}
	digest := sha256.Sum256([]byte(e.Protected + "." + e.Payload))
	return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:]))
}

// nonce returns a new one.
func (ca *authority) nonce() string {
	nonce := randomText(16)
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.nonces[nonce] = true
	return nonce
}

func (ca *authority) takeNonce(nonce string) bool {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	good := ca.nonces[nonce]
	delete(ca.nonces, nonce)
	return good
}

// randomText returns a text of the base64url alphabet with so many random bytes.
func randomText(bytes int) string {
	raw := make([]byte, bytes)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func malformed(status int, detail string) *problem {
	return &problem{Status: status, Type: "malformed", Detail: detail}
}

// decode reads JSON in base64url.
func decode(text string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return strict(raw, into)
}

// strict reads JSON and refuses fields that it does not know.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
