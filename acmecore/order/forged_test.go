package order_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// forged puts other bytes into what the issuer has signed, where Go's own encoder has no
// words for them, and signs it again.
func (i *issuer) forged(t *testing.T, leaf *x509.Certificate, from, to []byte) []byte {
	t.Helper()
	var whole struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(leaf.Raw, &whole); err != nil {
		t.Fatal(err)
	}
	if len(from) != len(to) || bytes.Count(whole.TBS.FullBytes, from) != 1 {
		t.Fatalf("%x is not there once", from)
	}
	whole.TBS.FullBytes = bytes.Replace(whole.TBS.FullBytes, from, to, 1)
	digest := sha256.Sum256(whole.TBS.FullBytes)
	signature, err := i.intermediate.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	whole.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	der, err := asn1.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestForgedCertificates: dates and serial numbers that no encoder writes are refused by
// a sentence (P11, P17).
func TestForgedCertificates(t *testing.T) {
	end := func(year int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotAfter = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	}
	serial := func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0x7a0b0c0d0e0f) }
	for name, row := range map[string]struct {
		leaf     func(*x509.Certificate)
		from, to string
		words    string
	}{
		"the year 0000":           {end(2060), "20600101000000Z", "00000101000000Z", "it ended at 0000-01-01T00:00:00Z"},
		"2050 with two digits":    {end(2049), "490101000000Z", "500101000000Z", "it ended at 1950-01-01T00:00:00Z"},
		"the 13th month":          {end(2049), "490101000000Z", "491301000000Z", "certificate 1 of the chain: "},
		"no time zone":            {end(2049), "490101000000Z", "4901010000000", "certificate 1 of the chain: "},
		"a negative serial":       {serial, "\x7a\x0b\x0c\x0d\x0e\x0f", "\xfa\x0b\x0c\x0d\x0e\x0f", "certificate 1 of the chain: "},
		"a name that is no ASCII": {nil, "a.example", "\xff.example", "certificate 1 of the chain: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.leaf = row.leaf
			s.ca.chain = func(c []*x509.Certificate) []*x509.Certificate {
				return []*x509.Certificate{{Raw: s.ca.forged(t, c[0], []byte(row.from), []byte(row.to))}, c[1]}
			}
			s.mustBeUnfit(row.words)
		})
	}
}
