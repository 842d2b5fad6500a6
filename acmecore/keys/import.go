package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"wcme/acmecore"
)

// Import reads a private key that was made elsewhere: one PEM block, of PKCS #8 (RFC
// 5958), SEC 1 (RFC 5915) or PKCS #1 (RFC 8017). It refuses an encrypted one, and kinds
// and sizes that a certificate cannot have here. The error is of kind Invalid, and no
// part of the text is in it.
func Import(text []byte) (crypto.Signer, error) {
	block, err := onlyKey(text)
	if err != nil {
		return nil, unusable(err, "give a file with one private key, PEM: PKCS #8, SEC 1 or PKCS #1")
	}
	key, err := parseKey(block)
	if err != nil {
		return nil, unusable(err, "give a file with one private key, PEM: PKCS #8, SEC 1 or PKCS #1")
	}
	if TypeOf(key.Public()) == "" {
		return nil, unusable(fmt.Errorf("it is a key of kind %s", kindInWords(key.Public())), fmt.Sprintf("certificates have keys of the kinds %v", acmecore.KeyTypes()))
	}
	if pair, ok := key.(*rsa.PrivateKey); ok {
		if err := pair.Validate(); err != nil {
			return nil, unusable(errors.New("its numbers do not belong together"), "the file is damaged: take it from its source again")
		}
	}
	return key, nil
}

func unusable(cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "import key", Cause: cause, Hint: hint}
}

// onlyKey returns the one block of a private key in the text.
func onlyKey(text []byte) (found *pem.Block, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "EC PARAMETERS", block.Type == "CERTIFICATE": // which stand beside keys: OpenSSL writes the first
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
			return nil, errors.New("the key is encrypted, and nobody would be there to type its password at a renewal")
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, fmt.Errorf("a PEM block %q is in it", acmecore.Inert(block.Type))
		case found != nil:
			return nil, errors.New("more than one private key is in it")
		default:
			found = block
		}
	}
	if found == nil {
		return nil, errors.New("no private key is in it")
	}
	return found, nil
}

// parseKey reads the block by its type.
func parseKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("a PEM block %q is in it, which is of no kind that is known", acmecore.Inert(block.Type))
	}
	if err != nil { // which may show a part of it
		return nil, fmt.Errorf("its block %q cannot be read", block.Type)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it is a key that cannot sign")
	}
	return signer, nil
}

// kindInWords names a kind of key that a certificate cannot have here.
func kindInWords(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA with %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA on " + key.Curve.Params().Name
	}
	algorithm, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprintf("%T", public), "*"), ".") // "ed25519"
	return algorithm
}

// Equal tells whether two public keys are the same one; false where one is nil.
func Equal(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && b != nil && comparable.Equal(b)
}
