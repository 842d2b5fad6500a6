package order

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // of the algorithms below
	_ "crypto/sha512"
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

// header is the protected header of a request (RFC 8555 section 6.2).
type header map[string]json.RawMessage

// resign puts another nonce into a signed request and signs it again with the
// same key.
func resign(body []byte, key crypto.Signer, nonce string) ([]byte, error) {
	return signAgain(body, key, func(h header, _ *signature) error {
		h["nonce"], _ = json.Marshal(nonce) // a string always has a JSON form
		return nil
	})
}

// payloadOf makes another payload of the one of a request, whose header is as it is
// sent; nil makes the request a POST-as-GET (RFC 8555 section 6.3).
type payloadOf func(h header, payload []byte) ([]byte, error)

// replacePayload puts another payload into a signed request, for what the library has no
// words for.
func replacePayload(body []byte, key crypto.Signer, change payloadOf) ([]byte, error) {
	return signAgain(body, key, func(h header, s *signature) error {
		payload, err := base64.RawURLEncoding.DecodeString(s.Payload)
		if err == nil {
			payload, err = change(h, payload)
		}
		s.Payload = base64.RawURLEncoding.EncodeToString(payload)
		return err
	})
}

// signAgain changes a signed request and signs it with the key that has signed it.
func signAgain(body []byte, key crypto.Signer, change func(header, *signature) error) ([]byte, error) {
	var s signature
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	text, err := base64.RawURLEncoding.DecodeString(s.Protected)
	if err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	if h == nil {
		return nil, errors.New("sign again: the protected header is no object")
	}
	if err := change(h, &s); err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	if text, err = json.Marshal(h); err != nil {
		return nil, err
	}
	s.Protected = base64.RawURLEncoding.EncodeToString(text)
	if s.Signature, err = sign(key, s.Protected+"."+s.Payload); err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	return json.Marshal(s)
}

// sign signs by the algorithm that the library chooses for the key: ES256, ES384, ES512
// or RS256 (RFC 7518 sections 3.3 and 3.4).
func sign(key crypto.Signer, text string) (string, error) {
	hash := crypto.SHA256
	public, elliptic := key.Public().(*ecdsa.PublicKey)
	if elliptic {
		switch public.Curve.Params().BitSize {
		case 256:
		case 384:
			hash = crypto.SHA384
		case 521:
			hash = crypto.SHA512
		default:
			return "", errors.New("no algorithm is known for the curve of the key")
		}
	} else if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return "", errors.New("the key is neither of an elliptic curve nor of RSA")
	}
	digest := hash.New()
	digest.Write([]byte(text))
	raw, err := key.Sign(rand.Reader, digest.Sum(nil), hash)
	if err == nil && elliptic {
		raw, err = pairOf(raw, (public.Curve.Params().BitSize+7)/8)
	}
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// pairOf turns a DER signature into R and S of so many bytes each.
func pairOf(der []byte, size int) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return nil, err
	}
	raw := make([]byte, 2*size)
	pair.R.FillBytes(raw[:size])
	pair.S.FillBytes(raw[size:])
	return raw, nil
}
