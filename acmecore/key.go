package acmecore

import (
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
