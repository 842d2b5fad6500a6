package schedule_test

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// exampleOfTheRFC is the certificate of RFC 9773 appendix A.
const exampleOfTheRFC = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`

const idOfTheRFC = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"

func TestCertificateIDIsThatOfTheRFC(t *testing.T) {
	block, _ := pem.Decode([]byte(exampleOfTheRFC))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := schedule.CertificateID(leaf); err != nil || got != idOfTheRFC {
		t.Errorf("got %q (%v), want %q", got, err, idOfTheRFC)
	}
}

func TestCertificateID(t *testing.T) {
	authority := []byte{0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C, 0xDE, 0x01, 0xC8, 0xD4}
	power := func(bits uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), bits) }
	for name, row := range map[string]struct {
		authority []byte
		serial    *big.Int
		want      string // "" for none
	}{
		"a high bit has a zero before it": {authority, big.NewInt(0x8765_4321), idOfTheRFC},
		"no high bit":                     {[]byte{0xFF, 0xFF}, big.NewInt(0x7F), "__8.fw"},
		"zero":                            {[]byte{1}, big.NewInt(0), "AQ.AA"},
		"P17 negative":                    {[]byte{1}, big.NewInt(-1), "AQ._w"},
		"20 bytes":                        {[]byte{1}, power(158), "AQ.QAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		"P17 huge":                        {[]byte{1}, power(8 * 200), ""},
		"a huge authority":                {make([]byte, 65), big.NewInt(1), ""},
		"no authority":                    {nil, big.NewInt(1), ""},
		"no serial number":                {authority, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := schedule.CertificateID(&x509.Certificate{AuthorityKeyId: row.authority, SerialNumber: row.serial})
			if got != row.want || (err != nil) != (row.want == "") {
				t.Errorf("got %q (%v), want %q", got, err, row.want)
			}
			if err != nil && (acmecore.KindOf(err) != acmecore.NotFound || acmecore.HintOf(err) == "") {
				t.Errorf("%v is of kind %s, with the hint %q", err, acmecore.KindOf(err), acmecore.HintOf(err))
			}
		})
	}
	if id, err := schedule.CertificateID(nil); err == nil {
		t.Errorf("no certificate has the identifier %q", id)
	}
}
