package order_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"testing"
	"time"
)

// link is a certificate and the key that it is for.
type link struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issuer makes chains of a leaf and an intermediate below a root.
type issuer struct {
	now                func() time.Time
	root, intermediate link

	// leaf changes what is about to be issued; nil leaves it as it should be.
	leaf func(*x509.Certificate)
	// another is whose key is put in, instead of the one asked for; nil for that.
	another crypto.PublicKey
	// chain changes what is delivered, leaf first; nil leaves it as it should be.
	chain func([]*x509.Certificate) []*x509.Certificate
	// text changes the PEM; nil leaves it as it should be.
	text func([]byte) []byte
}

func newIssuer(t *testing.T, now func() time.Time) issuer {
	i := issuer{now: now}
	i.root = i.below(t, "root", nil)
	i.intermediate = i.below(t, "intermediate", &i.root)
	return i
}

// below makes an authority below another one; nil for a root.
func (i *issuer) below(t *testing.T, name string, above *link) link {
	template := i.template(name)
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	made := link{template, newKey(t)}
	if above == nil {
		above = &made
	}
	made.certificate = sign(template, *above, made.key.Public())
	return made
}

func (i *issuer) template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		panic(err)
	}
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: i.now().Add(-time.Hour), NotAfter: i.now().AddDate(0, 0, 90)}
}

func sign(template *x509.Certificate, above link, public crypto.PublicKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, above.certificate, public, above.key)
	if err != nil {
		panic(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return made
}

// issue returns the chain for a key and names, as PEM (section 9.1).
func (i *issuer) issue(public crypto.PublicKey, names []string, changes ...func(*x509.Certificate)) []byte {
	template := i.template("")
	for _, name := range names {
		if address, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, address.AsSlice())
			continue
		}
		template.DNSNames = append(template.DNSNames, name)
	}
	for _, change := range changes {
		change(template)
	}
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if i.leaf != nil {
		i.leaf(template)
	}
	if i.another != nil {
		public = i.another
	}
	chain := []*x509.Certificate{sign(template, i.intermediate, public), i.intermediate.certificate}
	if i.chain != nil {
		chain = i.chain(chain)
	}
	text := encode(chain)
	if i.text != nil {
		text = i.text(text)
	}
	return text
}

// long returns a chain of so many certificates, for the key of the leaf given.
func (i *issuer) long(t *testing.T, leaf *x509.Certificate, length int) []*x509.Certificate {
	above := i.root
	chain := []*x509.Certificate{above.certificate}
	for len(chain) < length-1 {
		above = i.below(t, "level "+string(rune('a'+len(chain))), &above)
		chain = append([]*x509.Certificate{above.certificate}, chain...)
	}
	template := i.template("")
	template.DNSNames = leaf.DNSNames
	return append([]*x509.Certificate{sign(template, above, leaf.PublicKey)}, chain...)
}

func encode(chain []*x509.Certificate) []byte {
	var text bytes.Buffer
	for _, certificate := range chain {
		pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	}
	return text.Bytes()
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
