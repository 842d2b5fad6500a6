package acmecore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// KeyType is the kind of a private key, as the configuration spells it.
type KeyType string

// The kinds of key that public CAs accept.
const (
	EC256   KeyType = "ec256" // ECDSA on P-256: the default
	EC384   KeyType = "ec384" // ECDSA on P-384
	RSA2048 KeyType = "rsa2048"
	RSA3072 KeyType = "rsa3072"
	RSA4096 KeyType = "rsa4096"
)

// KeyTypes lists all kinds, the default first.
func KeyTypes() []KeyType { return []KeyType{EC256, EC384, RSA2048, RSA3072, RSA4096} }

// ParseKeyType returns text as a KeyType, or an error of kind Invalid that
// names those there are.
func ParseKeyType(text string) (KeyType, error) {
	for _, kind := range KeyTypes() {
		if strings.EqualFold(text, string(kind)) {
			return kind, nil
		}
	}
	return "", &Error{Kind: Invalid, Op: "key type", Subject: quote(text),
		Cause: fmt.Errorf("is none of %v", KeyTypes())}
}

// UnmarshalText is ParseKeyType, for configurations and requests.
func (k *KeyType) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKeyType(string(text))
	return err
}

// MarshalText is its reverse.
func (k KeyType) MarshalText() ([]byte, error) { return []byte(k), nil }

// GenerateKey makes a new key of the kind.
func GenerateKey(kind KeyType) (crypto.Signer, error) {
	switch kind {
	case EC256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EC384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("generate key: unknown kind %q", kind)
}

// KeyTypeOf tells the kind of a public key; "" for one that is none of ours.
func KeyTypeOf(public crypto.PublicKey) KeyType {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return EC256
		case elliptic.P384():
			return EC384
		}
	case *rsa.PublicKey:
		kind, err := ParseKeyType(fmt.Sprintf("rsa%d", key.N.BitLen()))
		if err == nil {
			return kind
		}
	}
	return ""
}

// EncodeKey returns the key as PEM, PKCS #8 (RFC 5958).
func EncodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// DecodeKey reads the first block of a PEM text as a private key. No part of
// the text is in the error.
func DecodeKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("no PEM block PRIVATE KEY")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the block PRIVATE KEY is not PKCS #8")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", key)
	}
	return signer, nil
}
