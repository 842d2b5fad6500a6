package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/keys"
)

// csr makes a request, DER.
func csr(key crypto.Signer, change func(*x509.CertificateRequest)) []byte {
	template := &x509.CertificateRequest{DNSNames: []string{"www.example.org", "*.Example.net"}}
	if change != nil {
		change(template)
	}
	return must(x509.CreateCertificateRequest(rand.Reader, template, key))
}

// extension is one in DER.
func extension(id []int, value any) func(*x509.CertificateRequest) {
	return func(r *x509.CertificateRequest) {
		r.ExtraExtensions = append(r.ExtraExtensions, pkix.Extension{Id: id, Value: must(asn1.Marshal(value))})
	}
}

func usage(bits ...int) asn1.BitString {
	text := asn1.BitString{Bytes: make([]byte, 2), BitLength: 9}
	for _, bit := range bits {
		text.Bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	return text
}

var (
	serverAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	clientAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	signCode   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}
	tlsFeature = []int{1, 3, 6, 1, 5, 5, 7, 1, 24}
)

func TestRequestsAreRead(t *testing.T) {
	t.Parallel()
	ec, rs := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(rsa.GenerateKey(rand.Reader, 3072))
	for _, row := range []struct {
		what   string
		text   []byte
		names  string
		kind   acmecore.KeyType
		staple bool
	}{
		{"DER", csr(ec, nil), "[www.example.org *.example.net]", acmecore.EC256, false},
		{"PEM", []byte(block("CERTIFICATE REQUEST", csr(rs, nil))), "[www.example.org *.example.net]", acmecore.RSA3072, false},
		{"PEM as Windows has it", []byte("text\n" + block("NEW CERTIFICATE REQUEST", csr(rs, nil))), "[www.example.org *.example.net]", acmecore.RSA3072, false},
		{"a common name that is among the names", csr(ec, func(r *x509.CertificateRequest) { r.Subject.CommonName = "WWW.example.org" }), "[www.example.org *.example.net]", acmecore.EC256, false},
		{"addresses", csr(ec, func(r *x509.CertificateRequest) {
			r.DNSNames, r.IPAddresses = nil, []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1")}
		}), "[192.0.2.1 2001:db8::1]", acmecore.EC256, false},
		{"key usages of servers", csr(ec, func(r *x509.CertificateRequest) {
			extension([]int{2, 5, 29, 15}, usage(0, 2))(r)
			extension([]int{2, 5, 29, 37}, []asn1.ObjectIdentifier{serverAuth, clientAuth})(r)
			extension([]int{2, 5, 29, 19}, struct{}{})(r)
			extension([]int{2, 5, 29, 14}, []byte{1, 2})(r)
		}), "[www.example.org *.example.net]", acmecore.EC256, false},
		{"must staple", csr(ec, extension(tlsFeature, []int{5})), "[www.example.org *.example.net]", acmecore.EC256, true},
	} {
		got, err := keys.ParseRequest(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.what, err)
			continue
		}
		if fmt.Sprint(got.Names) != row.names || got.Kind != row.kind || got.MustStaple != row.staple {
			t.Errorf("%s: got %v, %s, %v; want %s, %s, %v", row.what, got.Names, got.Kind, got.MustStaple, row.names, row.kind, row.staple)
		}
		if again, err := keys.ParseRequest(got.PEM()); err != nil || string(again.DER) != string(got.DER) {
			t.Errorf("%s: written and read again: %v", row.what, err)
		}
	}
}

func TestRequestsAreRefused(t *testing.T) {
	t.Parallel()
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	whole := csr(ec, nil)
	forged := append([]byte(nil), whole...)
	forged[len(forged)-1] ^= 1
	p521, small := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)), must(rsa.GenerateKey(rand.Reader, 1024))
	with := func(change func(*x509.CertificateRequest)) []byte { return csr(ec, change) }
	for _, row := range []struct {
		what string
		text []byte
		says string
	}{
		{"nothing", nil, "it is neither PEM"},
		{"text", []byte("hello"), "it is neither PEM"},
		{"half a PEM block", []byte("-----BEGIN CERTIFICATE REQUEST-----\nAAAA"), "damaged"},
		{"a private key", []byte(block("PRIVATE KEY", []byte("secret"))), "a private key, which should stay where it is"},
		{"a certificate", []byte(block("CERTIFICATE", []byte{1})), `PEM block "CERTIFICATE"`},
		{"two", []byte(block("CERTIFICATE REQUEST", whole) + block("CERTIFICATE REQUEST", whole)), "more than one"},
		{"too long", []byte(strings.Repeat("x", 33<<10)), "where 32768 are allowed"},
		{"more behind it", append(append([]byte(nil), whole...), 0), "it is neither PEM"},
		{"another's signature", forged, "not signed by its own key"},
		{"P-521", csr(p521, nil), "ECDSA on P-521"},
		{"RSA 1024", csr(small, nil), "RSA with 1024 bits"},
		{"a common name alone", with(func(r *x509.CertificateRequest) { r.DNSNames, r.Subject.CommonName = nil, "www.example.org" }), "subjectAltName alone"},
		{"no name", with(func(r *x509.CertificateRequest) { r.DNSNames = nil }), "no name"},
		{"a common name beside its names", with(func(r *x509.CertificateRequest) { r.Subject.CommonName = "other.example.org" }), `"other.example.org" is not in its subjectAltName`},
		{"a common name that is none", with(func(r *x509.CertificateRequest) { r.Subject.CommonName = "Example Ltd" }), "is not in its subjectAltName"},
		{"a mail address", with(func(r *x509.CertificateRequest) { r.EmailAddresses = []string{"a@example.org"} }), "mail addresses"},
		{"a URI", with(func(r *x509.CertificateRequest) { r.URIs = []*url.URL{{Scheme: "https", Host: "example.org"}} }), "mail addresses or URIs"},
		{"a name that is none", with(func(r *x509.CertificateRequest) { r.DNSNames = []string{"../x"} }), "character"},
		{"two names in one", with(func(r *x509.CertificateRequest) { r.DNSNames = []string{"a.example,b.example"} }), "comma"},
		{"101 names", with(func(r *x509.CertificateRequest) {
			for i := range 101 {
				r.DNSNames = append(r.DNSNames, fmt.Sprintf("h%d.example", i))
			}
		}), "where one certificate holds 100"},
		{"an authority", with(extension([]int{2, 5, 29, 19}, struct{ CA bool }{true})), "basicConstraints asks for the certificate of an authority"},
		{"signs certificates", with(extension([]int{2, 5, 29, 15}, usage(0, 5))), "keyUsage asks for keyCertSign"},
		{"signs lists", with(extension([]int{2, 5, 29, 15}, usage(0, 6))), "keyUsage asks for cRLSign"},
		{"signs code", with(extension([]int{2, 5, 29, 37}, []asn1.ObjectIdentifier{serverAuth, signCode})), "extKeyUsage asks for 1.3.6.1.5.5.7.3.3"},
		{"clients alone", with(extension([]int{2, 5, 29, 37}, []asn1.ObjectIdentifier{clientAuth})), "without serverAuth"},
		{"another TLS feature", with(extension(tlsFeature, []int{5, 17})), "TLS feature"},
		{"a policy", with(extension([]int{2, 5, 29, 32}, []int{1})), "the extension 2.5.29.32"},
		{"a key usage that is none", with(extension([]int{2, 5, 29, 15}, []int{1})), "keyUsage cannot be read"},
	} {
		_, err := keys.ParseRequest(row.text)
		if err == nil || !strings.Contains(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v (kind %s, hint %q), want %q", row.what, err, acmecore.KindOf(err), acmecore.HintOf(err), row.says)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	f.Add(csr(ec, nil))
	f.Add([]byte(block("CERTIFICATE REQUEST", csr(ec, extension(tlsFeature, []int{5})))))
	f.Add([]byte("-----BEGIN"))
	f.Fuzz(func(t *testing.T, text []byte) {
		request, err := keys.ParseRequest(text)
		if err == nil && (len(request.Names) == 0 || request.Kind == "" || request.Public == nil) {
			t.Errorf("%q: got %+v", text, request)
		}
	})
}
