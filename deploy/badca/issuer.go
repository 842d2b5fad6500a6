package badca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"time"
)

// Issuer makes certificates in place of Pebble's: for the key that the order has, from
// a root of its own.
type Issuer struct {
	Root, Intermediate *x509.Certificate
	key                crypto.Signer // the intermediate's
}

// NewIssuer makes the root and the intermediate.
func NewIssuer() (*Issuer, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root, err := create(authority("Bad Root"), authority("Bad Root"), rootKey.Public(), rootKey)
	if err != nil {
		return nil, err
	}
	intermediate, err := create(authority("Bad Intermediate"), root, key.Public(), rootKey)
	return &Issuer{Root: root, Intermediate: intermediate, key: key}, err
}

// authority is what a CA's own certificate says.
func authority(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(20, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
}

func serial() *big.Int { return big.NewInt(time.Now().UnixNano()) }

func create(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Leaf makes the certificate of an order for the key and the names, which change may
// make into another one before it is signed.
func (i *Issuer) Leaf(public crypto.PublicKey, names []string, change func(*x509.Certificate)) ([]byte, error) {
	now := time.Now()
	template := &x509.Certificate{SerialNumber: serial(), DNSNames: names, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 90),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true}
	if change != nil {
		change(template)
	}
	return x509.CreateCertificate(rand.Reader, template, i.Intermediate, public, i.key)
}

// Another makes an authority with the subject of the intermediate and another key.
func (i *Issuer) Another() (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return create(authority("Bad Intermediate"), authority("Bad Intermediate"), key.Public(), key)
}

// Content is what of a certificate is signed (RFC 5280 section 4.1.2), for what Go's own
// library would not make.
type Content struct {
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     *big.Int
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Extensions []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
}

// Rewrite changes a certificate after it was made, and signs it again.
func (i *Issuer) Rewrite(der []byte, change func(*Content)) ([]byte, error) {
	var signed struct {
		Body      Content
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &signed); err != nil {
		return nil, err
	}
	change(&signed.Body)
	raw, err := asn1.Marshal(signed.Body)
	if err != nil {
		return nil, err
	}
	hash := crypto.SHA256.New()
	hash.Write(raw)
	signature, err := i.key.Sign(rand.Reader, hash.Sum(nil), crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: raw}, signed.Algorithm, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
}

// PEM writes certificates one after the other.
func PEM(chain ...[]byte) []byte {
	var text bytes.Buffer
	for _, der := range chain {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // into memory
	}
	return text.Bytes()
}

// Requested returns the certificate signing request of a finalize request (RFC 8555
// section 7.4).
func (x *Exchange) Requested() (*x509.CertificateRequest, error) {
	text, _ := x.Payload()["csr"].(string)
	der, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificateRequest(der)
}

// Deliver puts what the function makes of the order's request in place of the
// certificate: rules for finalize and for the certificate.
func Deliver(certificate Class, finalize Class, what func(*x509.CertificateRequest) ([]byte, error), fields ...string) []Rule {
	var text []byte
	learn := func(x *Exchange) {
		request, err := x.Requested()
		if err == nil {
			text, err = what(request)
		}
		if err != nil {
			x.CA.fault(err)
		}
		x.Send(x.Ask())
	}
	replace := Change(func(a *Answer) {
		a.Body = text
		for i := 0; i+1 < len(fields); i += 2 {
			a.Header.Add(fields[i], fields[i+1])
		}
	})
	return []Rule{{Class: finalize, Action: learn}, {Class: certificate, Action: replace}}
}
