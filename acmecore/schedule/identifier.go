package schedule

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"

	"wcme/acmecore"
)

// maxIdentifier bounds each half of an identifier, in bytes: a serial number has
// 20 (RFC 5280 section 4.1.2.2), and a key identifier is a hash.
const maxIdentifier = 64

// CertificateID returns the identifier by which a CA knows the certificate when it
// is asked about its renewal, and when it is replaced (RFC 9773 section 4.1). The
// error is of kind NotFound: such a certificate has none.
func CertificateID(leaf *x509.Certificate) (string, error) {
	if leaf == nil || leaf.SerialNumber == nil {
		return "", noIdentifier(errors.New("it has no serial number"))
	}
	authority := leaf.AuthorityKeyId
	if len(authority) == 0 {
		return "", noIdentifier(errors.New("it has no authority key identifier"))
	}
	serial, err := contentOf(leaf.SerialNumber)
	if err != nil {
		return "", noIdentifier(err)
	}
	if len(authority) > maxIdentifier || len(serial) > maxIdentifier {
		return "", noIdentifier(fmt.Errorf("its authority key identifier or its serial number is longer than %d bytes", maxIdentifier))
	}
	return base64.RawURLEncoding.EncodeToString(authority) + "." + base64.RawURLEncoding.EncodeToString(serial), nil
}

// contentOf returns the DER encoding of an INTEGER without its tag and length.
// The zero that keeps a high bit from being a sign is a part of it.
func contentOf(number any) ([]byte, error) {
	der, err := asn1.Marshal(number)
	if err != nil {
		return nil, err
	}
	var value asn1.RawValue
	if _, err := asn1.Unmarshal(der, &value); err != nil {
		return nil, err
	}
	return value.Bytes, nil
}

func noIdentifier(cause error) error {
	return &acmecore.Error{Kind: acmecore.NotFound, Op: "identify certificate", Cause: cause,
		Hint: "its CA cannot be asked when to renew it; its life decides"}
}
