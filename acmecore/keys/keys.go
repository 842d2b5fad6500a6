// Package keys makes private keys, and writes and reads them as PEM. It stands
// apart from the nouns so that the script, which has to do with no key, links no
// cryptography for them.
package keys

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

	"wcme/acmecore"
)

// Generate makes a new key of the kind.
func Generate(kind acmecore.KeyType) (crypto.Signer, error) {
	switch kind {
	case acmecore.EC256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case acmecore.EC384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case acmecore.RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case acmecore.RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case acmecore.RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("generate key: unknown kind %q", kind)
}

// TypeOf tells the kind of a public key; "" for one that is none of ours.
func TypeOf(public crypto.PublicKey) acmecore.KeyType {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return acmecore.EC256
		case elliptic.P384():
			return acmecore.EC384
		}
	case *rsa.PublicKey:
		kind, err := acmecore.ParseKeyType(fmt.Sprintf("rsa%d", key.N.BitLen()))
		if err == nil {
			return kind
		}
	}
	return ""
}

// Encode returns the key as PEM, PKCS #8 (RFC 5958).
func Encode(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Decode reads the first block of a PEM text as a private key. No part of
// the text is in the error.
func Decode(text []byte) (crypto.Signer, error) {
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
