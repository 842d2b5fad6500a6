package badca_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// delivery is what is handed over as the certificate, and what comes of it.
type delivery struct {
	id   string
	want want
	what func(*maker) []byte
}

// maker makes what is delivered for one order.
type maker struct {
	testing.TB
	*badca.Issuer
	request *x509.CertificateRequest
}

// leaf makes the certificate that was ordered, after a change.
func (m *maker) leaf(change func(*x509.Certificate)) []byte {
	m.Helper()
	der, err := m.Leaf(m.request.PublicKey, m.request.DNSNames, change)
	if err != nil {
		m.Error(err)
	}
	return der
}

// chain is a leaf with its issuer.
func (m *maker) chain(leaf []byte) []byte { return badca.PEM(leaf, m.Intermediate.Raw) }

// rewritten is the chain of a leaf that was changed after it was made.
func (m *maker) rewritten(change func(*badca.Content)) []byte {
	m.Helper()
	der, err := m.Rewrite(m.leaf(nil), change)
	if err != nil {
		m.Error(err)
	}
	return m.chain(der)
}

// made is a delivery of the chain of a changed leaf.
func made(id string, w want, change func(*x509.Certificate)) delivery {
	return delivery{id, w, func(m *maker) []byte { return m.chain(m.leaf(change)) }}
}

// rewritten is a delivery of the chain of a leaf that no library makes.
func rewritten(id string, w want, change func(*badca.Content)) delivery {
	return delivery{id, w, func(m *maker) []byte { return m.rewritten(change) }}
}

// keyed is a delivery for another key.
func keyed(id string, key func() (any, error)) delivery {
	return delivery{id, refused("another key"), func(m *maker) []byte {
		public, err := key()
		if err != nil {
			m.Error(err)
		}
		der, err := m.Leaf(public, m.request.DNSNames, nil)
		if err != nil {
			m.Error(err)
		}
		return m.chain(der)
	}}
}

// names is a delivery for other names.
func names(id string, w want, list ...string) delivery {
	return made(id, w, func(c *x509.Certificate) { c.DNSNames = list })
}

// TestDelivered is P01 to P22. The CA is good but for the certificate: one that cannot
// be used does not come into service, where the one before stays, is kept for whoever
// looks into that, and the next attempt places an order of its own. A text that is not
// whole tells nothing of the certificate: the next attempt goes on with the order.
func TestDelivered(t *testing.T) {
	t.Parallel()
	r := newRig(t, lab.PebbleOptions{})
	issuer, err := badca.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range deliveries(issuer) {
		cases.p.Add(1)
		t.Run(d.id, func(t *testing.T) {
			rules := badca.Deliver(lab.ClassCertificate, lab.ClassFinalize, func(request *x509.CertificateRequest) ([]byte, error) {
				r.delivered = d.what(&maker{TB: t, Issuer: issuer, request: request})
				return r.delivered, nil
			})
			d.want.kept = d.want.kind == acmecore.Refused
			s := r.attempts(t, lab.ClassCertificate, d.want, rules...)
			s.inError(t, d.want)
		})
	}
}

// TestWishes is P20 and P22: what was asked for beside the names.
func TestWishes(t *testing.T) {
	t.Parallel()
	issuer, err := badca.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, lab.PebbleOptions{})
	chain := func(wish *control.CertifyRequest) { wish.Chain = "Nobody's Root" }
	staple := func(wish *control.CertifyRequest) { wish.MustStaple = new(true) }
	for _, row := range []struct {
		id    string
		wish  func(*control.CertifyRequest)
		want  want
		links []string
	}{
		{"P20 nobody asked for another chain", nil, issued, links(100, "/certZ/none/%d")},
		{"P20 100 others", chain, issued, links(100, "/certZ/none/%d")},
		{"P20 the same 100 times", chain, issued, links(100, "/certZ/none")},
		{"P20 at another host", chain, issued, links(3, "https://other.example.org/%d")},
		{"P20 at http", chain, issued, links(3, "http://127.0.0.1/%d")},
		{"P20 nowhere", chain, issued, links(3, "https://[::1%d")},
		{"P22 must-staple is left out", staple, refused(""), nil},
	} {
		cases.p.Add(1)
		t.Run(row.id, func(t *testing.T) {
			r.wish = row.wish
			var fields []string
			for _, link := range row.links {
				fields = append(fields, "Link", link)
			}
			row.want.kept = row.want.kind == acmecore.Refused
			r.attempts(t, lab.ClassCertificate, row.want, badca.Deliver(lab.ClassCertificate, lab.ClassFinalize, func(request *x509.CertificateRequest) ([]byte, error) {
				m := &maker{TB: t, Issuer: issuer, request: request}
				r.delivered = m.chain(m.leaf(nil))
				return r.delivered, nil
			}, fields...)...)
		})
	}
}

// links are fields that name alternate chains (RFC 8555 section 7.4.2).
func links(n int, target string) (list []string) {
	for i := range n {
		url := target
		if strings.Contains(target, "%d") {
			url = fmt.Sprintf(target, i)
		}
		list = append(list, fmt.Sprintf(`<%s>;rel="alternate"`, url))
	}
	return list
}

// inError checks that a failed attempt can be seen until another one succeeds, as it
// has here: nothing of it is left then.
func (s *site) inError(t *testing.T, w want) {
	t.Helper()
	list, err := s.manager.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v, want one certificate", list, err)
	}
	if list[0].Trouble != "" || list[0].State(s.rig.clock.now()) != acmecore.Valid {
		t.Errorf("at the end: %s, trouble %q", list[0].State(s.rig.clock.now()), list[0].Trouble)
	}
}

func deliveries(issuer *badca.Issuer) []delivery {
	list := append(wrongOnes(), brokenOnes()...)
	return append(append(list, hostileOnes()...), oddOnes(issuer)...)
}

// wrongOnes are P01 to P10: certificates of something else.
func wrongOnes() []delivery {
	day := 24 * time.Hour
	return []delivery{
		keyed("P01 for another key", func() (any, error) { return public(elliptic.P256()) }),
		names("P02 for another name", refused("is not in it"), "other.example.test"),
		names("P02 for one more", refused("was not ordered"), string(host), "other.example.test"),
		names("P02 for none", refused("is not in it")),
		names("P02 in capitals", issued, strings.ToUpper(string(host))),
		names("P02 with a dot", refused("is not in it"), string(host)+"."),
		names("P02 for all names beside it", refused("is not in it"), "*.example.test"),
		{"P03 without the leaf", refused("another key"), func(m *maker) []byte { return badca.PEM(m.Intermediate.Raw, m.Root.Raw) }},
		{"P04 upside down", refused("another key"), func(m *maker) []byte { return badca.PEM(m.Intermediate.Raw, m.leaf(nil)) }},
		{"P05 the leaf twice", refused("not the issuer"), func(m *maker) []byte {
			leaf := m.leaf(nil)
			return badca.PEM(leaf, leaf, m.Intermediate.Raw)
		}},
		{"P06 of an unrelated issuer", refused("not the issuer"), func(m *maker) []byte { return badca.PEM(m.leaf(nil), m.Root.Raw) }},
		{"P07 signed by itself", refused("another key"), func(m *maker) []byte { return badca.PEM(m.Root.Raw) }},
		made("P08 expired", refused("it ended"), func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(-2*day), time.Now().Add(-day) }),
		made("P09 not yet valid", refused("it begins"), func(c *x509.Certificate) { c.NotBefore = time.Now().Add(2 * day) }),
		made("P10 for ten years", issued, // as private CAs do
			func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(10, 0, 0) }),
		made("P10 for no time", refused("it ended"), func(c *x509.Certificate) { c.NotAfter = c.NotBefore }),
		made("P10 for less than none", refused(""), func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now(), time.Now().Add(-time.Hour) }),
	}
}

func public(curve elliptic.Curve) (any, error) {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return nil, err
	}
	return key.Public(), nil
}

// brokenOnes are P11 to P13: what is no certificate.
func brokenOnes() []delivery {
	text := func(id string, w want, change func(good []byte) []byte) delivery {
		return delivery{id, w, func(m *maker) []byte { return change(m.chain(m.leaf(nil))) }}
	}
	block := func(kind string, content []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	}
	return []delivery{
		rewritten("P11 since the year 0", issued, validity(asn1.TagGeneralizedTime, "00000101000000Z", "99991231235959Z")),
		rewritten("P11 to the end of time", issued, validity(asn1.TagGeneralizedTime, "20200101000000Z", "99991231235959Z")),
		rewritten("P11 of the last century", refused("it ended"), validity(asn1.TagUTCTime, "500101000000Z", "510101000000Z")),
		rewritten("P11 of no time", refused(""), validity(asn1.TagUTCTime, "999999999999Z", "999999999999Z")),
		text("P12 empty", unreachable("no certificate is in it"), func([]byte) []byte { return nil }),
		text("P12 an empty block", refused(""), func(good []byte) []byte { return append(block("CERTIFICATE", nil), good...) }),
		text("P12 with lines of a PC", issued, func(good []byte) []byte { return bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")) }),
		text("P12 with text around", issued, func(good []byte) []byte {
			return append([]byte("subject=<b>\x1b[31m\n"), append(good, "that was it\n"...)...)
		}),
		text("P12 with a private key", refused("PRIVATE KEY"), func(good []byte) []byte { return append(good, block("PRIVATE KEY", []byte("secret"))...) }),
		text("P12 1,000 blocks", refused("more than 10 certificates"), func(good []byte) []byte { return bytes.Repeat(good, 500) }),
		text("P12 5 MiB", unreachable("larger than"), func(good []byte) []byte { return append(good, bytes.Repeat([]byte("a\n"), 5<<19)...) }),
		text("P12 damaged", unreachable("damaged"), func(good []byte) []byte { return bytes.Replace(good, []byte("-----END"), []byte("----END"), 1) }),
		text("P13 garbage", refused("certificate 1 of the chain"), func([]byte) []byte { return block("CERTIFICATE", []byte("garbage")) }),
		{"P13 cut short", refused("certificate 1 of the chain"), func(m *maker) []byte {
			leaf := m.leaf(nil)
			return m.chain(leaf[:len(leaf)-9])
		}},
	}
}

// validity sets the times of a certificate as they are spelt.
func validity(tag int, begin, end string) func(*badca.Content) {
	return func(c *badca.Content) {
		var times []byte
		for _, text := range []string{begin, end} {
			times = append(times, byte(tag), byte(len(text)))
			times = append(times, text...)
		}
		c.Validity = asn1.RawValue{FullBytes: append([]byte{0x30, byte(len(times))}, times...)}
	}
}

// hostileOnes are P14 to P19: what is there to break its reader.
func hostileOnes() []delivery {
	list := []delivery{
		keyed("P14 a key of Ed25519", func() (any, error) { public, _, err := ed25519.GenerateKey(rand.Reader); return public, err }),
		keyed("P14 a key on P-521", func() (any, error) { return public(elliptic.P521()) }),
		rewritten("P14 a key of RSA with 512 bits", refused(""), func(c *badca.Content) { c.PublicKey = rsaKey(512) }),
		rewritten("P14 a key of RSA with 16384 bits", refused(""), func(c *badca.Content) { c.PublicKey = rsaKey(16384) }),
		names("P15 the name twice", issued, string(host), string(host)),
		names("P15 5,000 names", refused("was not ordered"), append([]string{string(host)}, manyNames(5000)...)...),
		rewritten("P17 a negative serial number", refused(""), func(c *badca.Content) { c.Serial = big.NewInt(-7) }),
		rewritten("P17 no serial number", issued, func(c *badca.Content) { c.Serial = new(big.Int) }),
		rewritten("P17 a serial number of 64 bytes", issued, func(c *badca.Content) { c.Serial = new(big.Int).Lsh(big.NewInt(1), 510) }),
		made("P18 an authority", refused("authority"), func(c *x509.Certificate) { c.IsCA = true }),
		made("P19 a precertificate", refused(""), func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}, Critical: true, Value: []byte{5, 0}}}
		}),
	}
	for what, name := range map[string]string{"NUL": string(host) + "\x00.example.org", "a line's end": "a\r\nb.example.test", "a script": "<script>alert(1)</script>",
		"the other direction": "\u202etset.elpmaxe", "no punycode": "xn--\x80.example.test", "a control sequence": "\x1b[31mwww.example.test"} {
		list = append(list, rewritten("P16 a name with "+what, refused(""), alternative(string(host), name)))
	}
	return list
}

func manyNames(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("host%d.example.test", i))
	}
	return list
}

// rsaKey is a public key of so many bits, which nobody has the private one of.
func rsaKey(bits uint) asn1.RawValue {
	modulus := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1))
	key, _ := asn1.Marshal(struct {
		N *big.Int
		E int
	}{modulus, 65537}) // of numbers alone
	whole, _ := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}})
	return asn1.RawValue{FullBytes: whole}
}

// alternative sets the names of a certificate, as bytes (RFC 5280 section 4.2.1.6).
func alternative(names ...string) func(*badca.Content) {
	return func(c *badca.Content) {
		var general []asn1.RawValue
		for _, name := range names {
			general = append(general, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte(name)})
		}
		value, _ := asn1.Marshal(general) // of bytes alone
		for i, extension := range c.Extensions {
			if extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
				c.Extensions[i].Value = value
			}
		}
	}
}

// oddOnes are P21, and chains of other lengths.
func oddOnes(issuer *badca.Issuer) []delivery {
	return []delivery{
		{"P21 an issuer of the same name with another key", refused("did not sign"), func(m *maker) []byte {
			other, err := issuer.Another()
			if err != nil {
				m.Error(err)
				return nil
			}
			return badca.PEM(m.leaf(nil), other.Raw)
		}},
		{"P21 with the root", issued, func(m *maker) []byte { return badca.PEM(m.leaf(nil), m.Intermediate.Raw, m.Root.Raw) }},
		{"P21 the leaf alone", issued, func(m *maker) []byte { return badca.PEM(m.leaf(nil)) }},
	}
}
