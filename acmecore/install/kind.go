package install

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"wcme/acmecore"
)

// What {key} stands for, as HAProxy calls the certificates of a bundle.
const (
	wordECDSA = "ecdsa"
	wordRSA   = "rsa"
)

func algorithmOf(kind acmecore.KeyType) string {
	switch {
	case strings.HasPrefix(string(kind), "rsa"):
		return wordRSA
	case strings.HasPrefix(string(kind), "ec"):
		return wordECDSA
	}
	return ""
}

// of is the target as it is for that pair.
func (t Target) of(pair Pair) Target {
	t.keyless = pair.Keyless
	if leaf := firstOf(pair); leaf != nil {
		switch leaf.PublicKey.(type) {
		case *rsa.PublicKey:
			t.algorithm = wordRSA
		case *ecdsa.PublicKey:
			t.algorithm = wordECDSA
		}
	}
	return t
}

// firstOf is the certificate of a pair; nil where it cannot be read, which whoever reads
// it says.
func firstOf(pair Pair) *x509.Certificate {
	if len(pair.Chain) > 0 {
		return pair.Chain[0]
	}
	block, _ := pem.Decode(pair.FullChain)
	if block == nil {
		return nil
	}
	leaf, _ := x509.ParseCertificate(block.Bytes)
	return leaf
}

// CheckWithoutKey tells whether a certificate can go to the target whose key is
// elsewhere. The error is of kind Invalid.
func (t Target) CheckWithoutKey() error {
	secret := true
	switch t.format() {
	case Split, DER:
		secret = false
	case Templated:
		var err error
		if _, secret, err = sample().render(t.Template, ""); err != nil {
			return t.invalid(err, hintTemplate)
		}
	}
	if secret {
		return t.invalid(errors.New("its files hold the key, which is elsewhere"),
			"let the certificate go to other targets alone with `install`, or choose the format split, of which the chain is written then")
	}
	return nil
}
