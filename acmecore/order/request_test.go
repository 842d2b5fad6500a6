package order_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"net/url"
	"testing"

	"wcme/acmecore"
)

// requesting is a setting whose request was made elsewhere, with its key.
func requesting(t *testing.T, change func(*x509.CertificateRequest), names ...string) (*setting, crypto.Signer) {
	s := newSetting(t)
	s.wants(names...)
	template := new(x509.CertificateRequest)
	for _, name := range s.wanted.Names {
		if address := name.Address(); address.IsValid() {
			template.IPAddresses = append(template.IPAddresses, address.AsSlice())
			continue
		}
		template.DNSNames = append(template.DNSNames, string(name))
	}
	if change != nil {
		change(template)
	}
	key := newKey(t)
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	s.wanted.Key, s.wanted.Request = nil, der
	return s, key
}

// TestRequestMadeElsewhere is sent as it is, and the certificate is for its key.
func TestRequestMadeElsewhere(t *testing.T) {
	for name, change := range map[string]func(*x509.CertificateRequest){
		"as it should be": nil,
		"with a subject": func(r *x509.CertificateRequest) {
			r.Subject.CommonName, r.Subject.Organization = "a.example", []string{"A"}
		},
		"with a person": func(r *x509.CertificateRequest) { r.Subject.CommonName = "Webmaster of a" },
		"CA:FALSE": func(r *x509.CertificateRequest) {
			r.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Value: []byte{0x30, 0}}}
		},
		"spelt in capital": func(r *x509.CertificateRequest) { r.Subject.CommonName = "A.Example" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, key := requesting(t, change, "a.example", "192.0.2.1")
			sent := s.wanted.Request
			if _, err := s.obtain(); err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(s.obtained.Chain[0])
			if err != nil || !publicOf(key).Equal(leaf.PublicKey) {
				t.Errorf("the certificate is for another key: %v", err)
			}
			if got := s.ca.orders[0].request.Raw; string(got) != string(sent) {
				t.Error("another request was sent")
			}
		})
	}
}

// TestRequestsThatAreRefused before the CA is asked for anything.
func TestRequestsThatAreRefused(t *testing.T) {
	extension := func(id asn1.ObjectIdentifier, value ...byte) func(*x509.CertificateRequest) {
		return func(r *x509.CertificateRequest) { r.ExtraExtensions = []pkix.Extension{{Id: id, Value: value}} }
	}
	for name, row := range map[string]struct {
		change func(*x509.CertificateRequest)
		spoil  func(*setting)
		words  string
		hint   string
	}{
		"no request":                     {nil, func(s *setting) { s.wanted.Request = []byte("garbage\x1b") }, "it cannot be read: ", "make another one"},
		"another's sign":                 {nil, func(s *setting) { s.wanted.Request[len(s.wanted.Request)-1] ^= 1 }, "it cannot be read: ", "make another one"},
		"fewer names":                    {nil, func(s *setting) { s.wanted.Names = append(s.wanted.Names, "b.example") }, "it is for [a.example], and [a.example b.example] are to be certified", "certify the names that are in it"},
		"more names":                     {func(r *x509.CertificateRequest) { r.DNSNames = append(r.DNSNames, "b.example") }, nil, "it is for [a.example b.example]", "certify the names"},
		"another name as the common one": {func(r *x509.CertificateRequest) { r.Subject.CommonName = "b.example" }, nil, "it is for [a.example b.example]", "certify the names"},
		"an address":                     {func(r *x509.CertificateRequest) { r.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }, nil, "it is for [192.0.2.1 a.example]", "certify the names"},
		"a mail address":                 {func(r *x509.CertificateRequest) { r.EmailAddresses = []string{"a@a.example"} }, nil, "mail addresses or URIs", "host names"},
		"a URI":                          {func(r *x509.CertificateRequest) { r.URIs = []*url.URL{{Scheme: "https", Host: "a.example"}} }, nil, "mail addresses or URIs", "host names"},
		"CA:TRUE":                        {extension(asn1.ObjectIdentifier{2, 5, 29, 19}, 0x30, 3, 1, 1, 0xff), nil, "the certificate of an authority", "CA:TRUE"},
		"garbage for CA":                 {extension(asn1.ObjectIdentifier{2, 5, 29, 19}, 0x30, 9), nil, "the certificate of an authority", "CA:TRUE"},
		"the account's key": {nil, func(s *setting) {
			der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"a.example"}}, s.options.Key)
			if err != nil {
				s.t.Fatal(err)
			}
			s.wanted.Request = der
		}, "its key is the account's", "a key of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := requesting(t, row.change, "a.example")
			if row.spoil != nil {
				row.spoil(s)
			}
			s.mustFail(outcome{kind: acmecore.Invalid, words: []string{"use certificate signing request for a.example: ", row.words}, hint: row.hint})
			if got := s.ca.count(); got != 0 {
				t.Errorf("%d requests were sent", got)
			}
		})
	}
}

// TestExtensionsOfARequest: what changes what the certificate means is refused, and all
// else that the CA does not respect is told by its name.
func TestExtensionsOfARequest(t *testing.T) {
	keyUsage := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{3, 2, 5, 0xa0}}
	unknown := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: []byte{5, 0}}
	for name, row := range map[string]struct {
		asked pkix.Extension
		leaf  func(*x509.Certificate)
		words string // of the error
		step  string
	}{
		"respected":            {unknown, having(unknown), "", ""},
		"dropped":              {unknown, nil, "", "the CA has left out the extension 1.2.3.4, which the request asks for"},
		"in another way":       {keyUsage, nil, "", "the CA has given the extension key usage (2.5.29.15) in another way than the request asks for"},
		"must-staple":          {stapled, having(stapled), "", ""},
		"must-staple, dropped": {stapled, nil, "must-staple (RFC 7633) is not in it", ""},
		"must-staple, unasked": {unknown, having(stapled, unknown), "must-staple (RFC 7633) is in it", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := requesting(t, func(r *x509.CertificateRequest) { r.ExtraExtensions = []pkix.Extension{row.asked} }, "a.example")
			s.ca.leaf = row.leaf
			if row.words != "" {
				s.mustFail(outcome{kind: acmecore.Refused, words: []string{row.words}})
				return
			}
			if _, err := s.obtain(); err != nil {
				t.Fatal(err)
			}
			if row.step != "" {
				s.mustTell(row.step)
			} else if s.told("the request asks for") {
				t.Errorf("the steps tell %q", s.steps)
			}
		})
	}
}

// TestCertificateForAnotherKeyThanTheRequests is not kept (P01).
func TestCertificateForAnotherKeyThanTheRequests(t *testing.T) {
	t.Parallel()
	s, _ := requesting(t, nil, "a.example")
	s.ca.another = newKey(t).Public()
	s.mustBeUnfit("it is for another key than ours")
}
