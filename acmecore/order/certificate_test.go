package order_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/keys"
)

// TestKeysOfAllKinds: the certificate is for the key that was wanted.
func TestKeysOfAllKinds(t *testing.T) {
	for _, kind := range acmecore.KeyTypes() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			key, err := keys.Generate(kind)
			if err != nil {
				t.Fatal(err)
			}
			s.wanted.Key = key
			leaf := s.mustObtain()
			if got := keys.TypeOf(leaf.PublicKey); got != kind {
				t.Errorf("the key is %s, want %s", got, kind)
			}
		})
	}
}

// TestProfile is asked for where it is wanted.
func TestProfile(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.profiles = []string{"classic", "shortlived"}
	s.wanted.Profile = "shortlived"
	s.mustObtain()
	if got := s.ca.orders[0].profile; got != "shortlived" {
		t.Errorf("the order has the profile %q", got)
	}
}

// TestProfileThatTheCAHasNot ends the attempt before an order is placed.
func TestProfileThatTheCAHasNot(t *testing.T) {
	for name, row := range map[string]struct {
		profiles []string
		words    string
	}{
		"others": {[]string{"classic", "tls\x1bserver"}, `the CA has no profile "nosuch"; it has classic, tls?server`},
		"none":   {nil, `the CA has no profiles, and "nosuch" was asked for`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.profiles = row.profiles
			s.wanted.Profile = "nosuch"
			s.mustFail(outcome{kind: acmecore.Invalid, words: []string{row.words}, hint: "wcme check ca"})
			s.mustCount(newOrder, 0)
		})
	}
}

// mustBeUnfit is an attempt whose certificate must not be taken.
func (s *setting) mustBeUnfit(words string) {
	s.t.Helper()
	hint := "does not come into service"
	if strings.Contains(words, "it begins at") || strings.Contains(words, "it ended at") {
		hint = "clock"
	}
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{"check certificate of a.example: ", words}, hint: hint})
	if s.journal.url != "" {
		s.t.Error("the journal keeps the order")
	}
	s.mustBePolite()
}

// mustBeUnreadable is an attempt whose chain never comes whole: the order stays.
func (s *setting) mustBeUnreadable(words string) {
	s.t.Helper()
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"download certificate " + s.ca.url(certificate, 1), words}, hint: "try again later"})
	if s.journal.url == "" {
		s.t.Error("the journal has forgotten the order")
	}
	s.mustBePolite()
}

// TestCertificatesThatWereNotOrdered are told from the one that was, before
// anything is kept.
func TestCertificatesThatWereNotOrdered(t *testing.T) {
	extension := func(extension pkix.Extension) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, extension) }
	}
	for name, row := range map[string]struct {
		leaf  func(*x509.Certificate)
		words string
	}{
		"other names":           {func(c *x509.Certificate) { c.DNSNames = []string{"b.example", "c.example"} }, "the name a.example is not in it"},
		"a subset":              {func(c *x509.Certificate) { c.DNSNames = c.DNSNames[:1] }, "the name b.example is not in it"},
		"a superset":            {func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "c.example") }, `the name "c.example" is in it, which was not ordered`},
		"no names":              {func(c *x509.Certificate) { c.DNSNames = nil; c.Subject.CommonName = "a.example" }, "the name a.example is not in it"},
		"a wildcard":            {func(c *x509.Certificate) { c.DNSNames = []string{"*.example"} }, "the name a.example is not in it"},
		"a dot":                 {func(c *x509.Certificate) { c.DNSNames = []string{"a.example", "b.example", "a.example."} }, `"a.example."`},
		"hostile text":          {func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "<script>\x1b") }, `"<script>?" is in it`},
		"no IDN":                {func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "xn--\x7f.example") }, `"xn--?.example" is in it`},
		"CR and LF":             {func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "a.example\r\nb") }, `"a.example  b" is in it`},
		"another address in it": {func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("2001:db8::1")} }, `the name "2001:db8::1" is in it, which was not ordered`},
		"5,000 others": {func(c *x509.Certificate) {
			for i := range 5000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("host%d.example", i))
			}
		}, `the name "host0.example" is in it, which was not ordered`},
		"a NUL in it":    {func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "a.example\x00.evil") }, `"a.example?.evil" is in it`},
		"an address":     {func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }, `the name "192.0.2.1" is in it, which was not ordered`},
		"a mail address": {func(c *x509.Certificate) { c.EmailAddresses = []string{"a@a.example"} }, "other than host names"},
		"a URL":          {func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "https", Host: "a.example"}} }, "other than host names"},
		"an authority":   {func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }, "the certificate of an authority"},
		"a precertificate": {extension(pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}, Critical: true, Value: []byte{5, 0}}),
			"precertificate"},
		"expired":           {func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Minute) }, "it ended at 2026-09-01T11:59:00Z, and it is 2026-09-01T12:00:00Z"},
		"expired just now":  {func(c *x509.Certificate) { c.NotAfter = start }, "it ended at"},
		"in an hour":        {func(c *x509.Certificate) { c.NotBefore = start.Add(time.Hour) }, "it begins at 2026-09-01T13:00:00Z, and it is 2026-09-01T12:00:00Z"},
		"next year":         {func(c *x509.Certificate) { c.NotBefore = start.AddDate(1, 0, 0); c.NotAfter = start.AddDate(2, 0, 0) }, "it begins at 2027-"},
		"ends as it begins": {func(c *x509.Certificate) { c.NotBefore = start.Add(time.Minute); c.NotAfter = c.NotBefore }, "it ends before it begins"},
		"ends before it did": {func(c *x509.Certificate) {
			c.NotBefore = start.Add(3 * time.Minute)
			c.NotAfter = start.Add(time.Minute)
		}, "it ends before it begins"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.wants("a.example", "b.example")
			s.ca.leaf = row.leaf
			s.mustBeUnfit(row.words)
		})
	}
}

// TestCertificatesThatAreFit although they look unusual.
func TestCertificatesThatAreFit(t *testing.T) {
	for name, leaf := range map[string]func(*x509.Certificate){
		"in another case":     func(c *x509.Certificate) { c.DNSNames = []string{"A.EXAMPLE", "B.example"} },
		"in another order":    func(c *x509.Certificate) { slices.Reverse(c.DNSNames) },
		"a name twice":        func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "a.example") },
		"begins in 30 s":      func(c *x509.Certificate) { c.NotBefore = start.Add(30 * time.Second) },
		"ends in a minute":    func(c *x509.Certificate) { c.NotAfter = start.Add(time.Minute) },
		"valid for ten years": func(c *x509.Certificate) { c.NotAfter = start.AddDate(10, 0, 0) },
		"until the year 9999": func(c *x509.Certificate) { c.NotAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) },
		"from 1950 on":        func(c *x509.Certificate) { c.NotBefore = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC) },
		"a name 5,000 times": func(c *x509.Certificate) {
			c.DNSNames = append(c.DNSNames, slices.Repeat([]string{"b.example"}, 5000)...)
		},
		"no serial to speak of": func(c *x509.Certificate) { c.SerialNumber = new(big.Int) },
		"a huge serial":         func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 500) },
		"a common name":         func(c *x509.Certificate) { c.Subject.CommonName = "a.example" },
		"a critical extension that nobody knows": func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.wants("a.example", "b.example")
			s.ca.leaf = leaf
			chain, err := s.obtain()
			if err != nil || len(chain) != 2 {
				t.Errorf("got %d certificates, %v", len(chain), err)
			}
		})
	}
}

// TestCertificateForAnotherKey: of anybody's, and of the account's.
func TestCertificateForAnotherKey(t *testing.T) {
	for name, key := range map[string]func(*setting) crypto.PublicKey{
		"anybody's":     func(s *setting) crypto.PublicKey { return newKey(s.t).Public() },
		"the account's": func(s *setting) crypto.PublicKey { return s.options.Key.Public() },
		"P14 RSA 512":   func(*setting) crypto.PublicKey { return modulus(512) },
		"P14 RSA 16384": func(*setting) crypto.PublicKey { return modulus(16384) },
		"P14 Ed25519":   func(*setting) crypto.PublicKey { return ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)) },
		"P14 P-521": func(s *setting) crypto.PublicKey {
			key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
			if err != nil {
				s.t.Fatal(err)
			}
			return key.Public()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.another = key(s)
			s.mustBeUnfit("it is for another key than ours")
		})
	}
}

// modulus is a public key of so many bits, whose private key nobody has.
func modulus(bits uint) *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), bits)
	return &rsa.PublicKey{N: n.Sub(n, big.NewInt(3)), E: 65537}
}
