package keys

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"wcme/acmecore"
)

// maxRequest is how long a certificate signing request may be, in bytes: as PEM, 100 names
// of 200 bytes and a key of 4096 bits have less.
const maxRequest = 32 << 10

// Request is a certificate signing request (RFC 2986) that was made elsewhere, read and
// checked.
type Request struct {
	DER        []byte
	Names      []acmecore.Name // in its order, 1 to acmecore.MaxNames
	Public     crypto.PublicKey
	Kind       acmecore.KeyType
	MustStaple bool // it asks for that (RFC 7633)
}

// PEM is the request as files have it.
func (r *Request) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: r.DER})
}

const hintRequest = "make another one, as with: openssl req -new -key KEY -subj / -addext subjectAltName=DNS:www.example.org"

// ParseRequest reads a request, PEM or DER. It refuses one that its key has not signed,
// a key of a kind or size that a certificate cannot have here, one without the names in
// subjectAltName, and one that asks for an extension that no CA would give, or for one
// that nobody here understands. The error is of kind Invalid.
func ParseRequest(text []byte) (*Request, error) {
	request, err := parseRequest(text)
	if err == nil {
		return request, nil
	}
	hint := acmecore.HintOf(err)
	if hint == "" {
		hint = hintRequest
	}
	return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "certificate signing request", Cause: err, Hint: hint}
}

func parseRequest(text []byte) (*Request, error) {
	der, err := requestDER(text)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, errors.New("it is neither PEM with a block CERTIFICATE REQUEST nor DER (RFC 2986)") // in words that say more than ASN.1's
	}
	request := &Request{DER: der, Public: parsed.PublicKey, Kind: TypeOf(parsed.PublicKey)}
	if request.Kind == "" {
		return nil, fmt.Errorf("its key is of kind %s, where certificates have %v", kindInWords(parsed.PublicKey), acmecore.KeyTypes())
	}
	if err := parsed.CheckSignature(); err != nil {
		return nil, errors.New("it was not signed by its own key")
	}
	if request.Names, err = namesIn(parsed); err != nil {
		return nil, err
	}
	return request, request.readExtensions(parsed)
}

// requestDER takes the request out of a PEM text, or DER as it is.
func requestDER(text []byte) ([]byte, error) {
	if len(text) > maxRequest {
		return nil, fmt.Errorf("it has %d bytes, where %d are allowed", len(text), maxRequest)
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil && bytes.Contains(text, []byte("-----BEGIN")):
		return nil, errors.New("its PEM block is damaged")
	case block == nil:
		return text, nil
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, errors.New("that is a private key, which should stay where it is")
	case block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST":
		return nil, fmt.Errorf("it is a PEM block %q", acmecore.Inert(block.Type))
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errors.New("more than one PEM block is in it")
	}
	return block.Bytes, nil
}

// namesIn are the names of a request. CAs take those of subjectAltName, and a common name
// that is one of them (RFC 8555 section 7.4).
func namesIn(parsed *x509.CertificateRequest) ([]acmecore.Name, error) {
	var texts []string
	texts = append(texts, parsed.DNSNames...)
	for _, ip := range parsed.IPAddresses {
		address, _ := netip.AddrFromSlice(ip) // which has a length that the parser has checked
		texts = append(texts, address.Unmap().String())
	}
	common := parsed.Subject.CommonName
	switch {
	case len(parsed.EmailAddresses)+len(parsed.URIs) > 0:
		return nil, errors.New("mail addresses or URIs are among its names, which CAs do not prove")
	case len(texts) == 0 && common != "":
		return nil, fmt.Errorf("its only name is the common name %q, where CAs read subjectAltName alone", acmecore.Inert(common))
	case len(texts) == 0:
		return nil, errors.New("no name is in its subjectAltName")
	case slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, ",") }):
		return nil, errors.New("one of its names has a comma in it")
	}
	names, _, err := acmecore.ParseNames(texts...)
	if err != nil {
		return nil, err
	}
	if name, err := acmecore.ParseName(common); common != "" && (err != nil || !slices.Contains(names, name)) {
		return nil, fmt.Errorf("its common name %q is not in its subjectAltName", acmecore.Inert(common))
	}
	return names, nil
}

// The extensions that a request may ask for.
var (
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidTLSFeature       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
)

// readExtensions makes sure that each extension is one whose meaning is known, and that
// it asks for nothing that a certificate of a server does not have.
func (r *Request) readExtensions(parsed *x509.CertificateRequest) error {
	for _, extension := range parsed.Extensions {
		var err error
		switch {
		case extension.Id.Equal(oidSubjectAltName), extension.Id.Equal(oidSubjectKeyID): // read above; the CA's to make
		case extension.Id.Equal(oidKeyUsage):
			err = checkKeyUsage(extension)
		case extension.Id.Equal(oidExtendedKeyUsage):
			err = checkExtendedKeyUsage(extension)
		case extension.Id.Equal(oidBasicConstraints):
			err = checkBasicConstraints(extension)
		case extension.Id.Equal(oidTLSFeature):
			r.MustStaple, err = true, checkTLSFeature(extension)
		default:
			err = fmt.Errorf("it asks for the extension %s, which no CA would put in, or nobody here understands", extension.Id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkKeyUsage takes digitalSignature, keyEncipherment, dataEncipherment and
// keyAgreement (RFC 5280 section 4.2.1.3).
func checkKeyUsage(extension pkix.Extension) error {
	var usage asn1.BitString
	if rest, err := asn1.Unmarshal(extension.Value, &usage); err != nil || len(rest) > 0 {
		return errors.New("its extension keyUsage cannot be read")
	}
	for bit, name := range []string{1: "nonRepudiation", 5: "keyCertSign", 6: "cRLSign"} {
		if name != "" && usage.At(bit) != 0 {
			return fmt.Errorf("its extension keyUsage asks for %s, which no certificate of a server has", name)
		}
	}
	return nil
}

// checkExtendedKeyUsage takes serverAuth and clientAuth (RFC 5280 section 4.2.1.12). CAs
// leave the second one out by now.
func checkExtendedKeyUsage(extension pkix.Extension) error {
	var usages []asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(extension.Value, &usages); err != nil || len(rest) > 0 {
		return errors.New("its extension extKeyUsage cannot be read")
	}
	server, client := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	found := false
	for _, usage := range usages {
		if !usage.Equal(server) && !usage.Equal(client) {
			return fmt.Errorf("its extension extKeyUsage asks for %s, where servers have serverAuth", usage)
		}
		found = found || usage.Equal(server)
	}
	if !found {
		return errors.New("its extension extKeyUsage is without serverAuth, which is what CAs certify")
	}
	return nil
}

func checkBasicConstraints(extension pkix.Extension) error {
	var constraints struct {
		IsCA    bool `asn1:"optional"`
		MaxPath int  `asn1:"optional,default:-1"`
	}
	if rest, err := asn1.Unmarshal(extension.Value, &constraints); err != nil || len(rest) > 0 {
		return errors.New("its extension basicConstraints cannot be read")
	}
	if constraints.IsCA {
		return errors.New("its extension basicConstraints asks for the certificate of an authority")
	}
	return nil
}

// checkTLSFeature takes status_request alone, which is "must staple" (RFC 7633).
func checkTLSFeature(extension pkix.Extension) error {
	const statusRequest = 5
	var features []int
	if rest, err := asn1.Unmarshal(extension.Value, &features); err != nil || len(rest) > 0 || len(features) != 1 || features[0] != statusRequest {
		return errors.New("its extension TLS feature asks for something else than status_request")
	}
	return nil
}
