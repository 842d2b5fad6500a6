package order

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"

	"wcme/acmecore"
)

// Binding binds the account to one that the user has at the CA by other means
// (RFC 8555 section 7.3.4).
type Binding struct {
	KeyID     string
	Key       []byte // the HMAC key
	Algorithm string // "HS256", "HS384" or "HS512" (RFC 7518 section 3.2); "" is the first
}

// hash returns the hash function of the algorithm; nil of one that is not known.
func (b *Binding) hash() func() hash.Hash {
	switch b.Algorithm {
	case "", "HS256":
		return sha256.New
	case "HS384":
		return sha512.New384
	case "HS512":
		return sha512.New
	}
	return nil
}

// algorithm is its name.
func (b *Binding) algorithm() string {
	if b.Algorithm == "" {
		return "HS256"
	}
	return b.Algorithm
}

// bindTo adds the binding to the payload of a newAccount request, in whose header the
// account's key is. The library knows HS256 alone.
func (b *Binding) bindTo(h header, payload []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return nil, err
	}
	protected, err := json.Marshal(map[string]any{"alg": b.algorithm(), "kid": b.KeyID, "url": h["url"]})
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	inner := signature{Protected: encode(protected), Payload: encode(h["jwk"])}
	mac := hmac.New(b.hash(), b.Key)
	mac.Write([]byte(inner.Protected + "." + inner.Payload))
	inner.Signature = encode(mac.Sum(nil))
	if fields["externalAccountBinding"], err = json.Marshal(inner); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// check finds what no CA could make anything of. The key is not in the error.
func (b *Binding) check() error {
	switch {
	case b.KeyID == "":
		return errors.New("the key identifier of the external account binding is empty")
	case len(b.Key) == 0:
		return errors.New("the HMAC key of the external account binding is empty")
	case b.hash() == nil:
		return fmt.Errorf("no external account binding is signed by %q; HS256, HS384 and HS512 are known", acmecore.Inert(b.Algorithm))
	}
	return nil
}

// checkBinding tells whether the CA gets the binding that it asks for.
func checkBinding(authority acmecore.Authority, binding *Binding) error {
	wrong := &acmecore.Error{Kind: acmecore.Refused, Op: "register at", Subject: authority.Directory,
		Hint: hintForProblem("externalAccountRequired", acmecore.Refused)}
	switch {
	case binding == nil && authority.ExternalAccount:
		wrong.Cause = errors.New("it binds each account to one that you have there already")
		return wrong
	case binding == nil:
		return nil
	}
	if wrong.Cause = binding.check(); wrong.Cause == nil {
		return nil
	}
	wrong.Kind = acmecore.Invalid
	return wrong
}
