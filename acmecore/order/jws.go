package order

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// signature is a flattened JWS (RFC 7515 section 7.2.2).
type signature struct {
	Protected string `json:"protected"`
	Payload   string `json:"payload"`
	Signature string `json:"signature"`
}

// resign puts another nonce into a signed request and signs it again with the
// same account key.
func resign(body []byte, key crypto.Signer, nonce string) ([]byte, error) {
	var s signature
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	header, err := base64.RawURLEncoding.DecodeString(s.Protected)
	if err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(header, &fields); err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	if fields == nil {
		return nil, errors.New("sign again: the protected header is no object")
	}
	fields["nonce"], _ = json.Marshal(nonce) // a string always has a JSON form
	if header, err = json.Marshal(fields); err != nil {
		return nil, err
	}
	s.Protected = base64.RawURLEncoding.EncodeToString(header)
	if s.Signature, err = signES256(key, s.Protected+"."+s.Payload); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// signES256 signs as RFC 7518 section 3.4: R and S, 32 bytes each.
func signES256(key crypto.Signer, text string) (string, error) {
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || public.Curve.Params().BitSize != 256 {
		return "", errors.New("sign again: the account key is not of P-256")
	}
	digest := sha256.Sum256([]byte(text))
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return "", err
	}
	var raw [64]byte
	pair.R.FillBytes(raw[:32])
	pair.S.FillBytes(raw[32:])
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}
