package install

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"software.sslmate.com/src/go-pkcs12"

	"wcme/acmecore"
)

// fillPKCS12 encrypts key and chain with the password, by AES-256-CBC, PBKDF2 and
// HMAC-SHA-256: what OpenSSL 1.1 and Java 8u301 read.
//
// Salts and initialisation vectors come from the key, the chain and the password
// in place of chance, so that the same pair makes the same bytes, and whether a file
// is current is told by comparing them. Decrypting what stands there would be at
// the mercy of whoever may write to the file: it says how often the password is to be
// hashed, up to 2^31 times.
func (t Target) fillPKCS12(file *output, m *material) error {
	password, err := t.password()
	if err != nil {
		return err
	}
	hash := sha256.Sum256(bytes.Join([][]byte{[]byte(password), m.fullPEM}, []byte{0}))
	chance, err := hkdf.Key(sha256.New, m.keyDER, hash[:], "wcme pkcs12", 1024)
	if err != nil {
		return fmt.Errorf("encode PKCS #12: %w", err)
	}
	encoder := pkcs12.Modern2023.WithRand(bytes.NewReader(chance))
	if file.content, err = encoder.Encode(m.key, m.chain[0], m.chain[1:], password); err != nil {
		return t.invalid(fmt.Errorf("encode PKCS #12: %s", acmecore.Inert(err.Error())), "choose a password of plain letters and digits")
	}
	file.same = func(found []byte) bool { return samePKCS12(found, password, m) }
	return nil
}

func (t Target) password() (string, error) {
	password, err := t.Password()
	if err == nil && password == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", t.invalid(fmt.Errorf("read password: %w", err), "look at the file that `password_file` names")
	}
	return password, nil
}

// samePKCS12 tells whether a file holds the same as the material.
func samePKCS12(found []byte, password string, m *material) bool {
	key, leaf, issuers, err := pkcs12.DecodeChain(found, password)
	if err != nil {
		return false
	}
	private, ok := key.(interface{ Equal(crypto.PrivateKey) bool })
	return ok && private.Equal(m.key) &&
		slices.EqualFunc(append([]*x509.Certificate{leaf}, issuers...), m.chain, (*x509.Certificate).Equal)
}

// leafOfPKCS12 returns the leaf in a file; nil where it cannot be read.
func (t Target) leafOfPKCS12(content []byte) *x509.Certificate {
	password, err := t.password()
	if err != nil {
		return nil
	}
	_, leaf, _, err := pkcs12.DecodeChain(content, password)
	if err != nil {
		return nil
	}
	return leaf
}
