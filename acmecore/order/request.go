package order

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"wcme/acmecore"
)

// request returns the certificate signing request, DER: the one that was made
// elsewhere, or one by the key.
func (w *Wanted) request() ([]byte, error) {
	if w.Request != nil {
		return w.Request, nil
	}
	template := new(x509.CertificateRequest)
	for _, name := range w.Names {
		if address := name.Address(); address.IsValid() {
			template.IPAddresses = append(template.IPAddresses, address.AsSlice())
			continue
		}
		template.DNSNames = append(template.DNSNames, string(name))
	}
	if w.MustStaple {
		template.ExtraExtensions = []pkix.Extension{mustStaple()}
	}
	return x509.CreateCertificateRequest(rand.Reader, template, w.Key)
}

// asked is what a certificate must have.
type asked struct {
	names  []acmecore.Name
	key    crypto.PublicKey
	staple bool
	// extensions are those of a request that was made elsewhere.
	extensions []pkix.Extension
}

// asked returns what the certificate must have: the key and the extensions are those of
// the request where it was made elsewhere.
func (w *Wanted) asked() (asked, error) {
	if w.Request == nil {
		return asked{names: w.Names, key: w.Key.Public(), staple: w.MustStaple}, nil
	}
	request, err := x509.ParseCertificateRequest(w.Request)
	if err != nil {
		return asked{}, errors.New(acmecore.Inert(err.Error()))
	}
	return asked{names: w.Names, key: request.PublicKey, staple: w.MustStaple || mustBeStapled(request.Extensions), extensions: request.Extensions}, nil
}

// checkRequest refuses, before anything is ordered, a request that was made elsewhere and
// no CA would take, or that is for something else. account is the account's key.
func (w *Wanted) checkRequest(account crypto.PublicKey) error {
	if w.Request == nil {
		return nil
	}
	request, err := x509.ParseCertificateRequest(w.Request)
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		return badRequest(w, fmt.Errorf("it cannot be read: %s", acmecore.Inert(err.Error())), "make another one, with its key")
	}
	names := namesIn(request)
	wanted := slices.Sorted(slices.Values(w.Names))
	switch {
	case len(request.EmailAddresses)+len(request.URIs) > 0:
		return badRequest(w, errors.New("it asks for mail addresses or URIs, which are not certified by ACME"), "make one with host names and addresses only")
	case !slices.Equal(names, wanted):
		return badRequest(w, fmt.Errorf("it is for %v, and %v are to be certified", names, wanted), "certify the names that are in it, or make another one")
	case asksForAuthority(request.Extensions):
		return badRequest(w, errors.New("it asks for the certificate of an authority (basic constraints)"), "make one without CA:TRUE")
	case sameKey(request.PublicKey, account):
		return badRequest(w, errors.New("its key is the account's"), "make one with a key of its own (RFC 8555 section 11.1)")
	}
	return nil
}

func badRequest(w *Wanted, cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "use certificate signing request for", Subject: string(w.Names[0]), Cause: cause, Hint: hint}
}

// namesIn returns the names of a request, sorted, each once. A common name is one of them
// where it is a name at all: a CA certifies it, too.
func namesIn(request *x509.CertificateRequest) (names []acmecore.Name) {
	texts := slices.Clone(request.DNSNames)
	for _, ip := range request.IPAddresses {
		address, _ := netip.AddrFromSlice(ip) // which has a length that the parser has checked
		texts = append(texts, address.Unmap().String())
	}
	for _, text := range append(texts, request.Subject.CommonName) {
		if name, err := acmecore.ParseName(text); err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sameKey tells whether two public keys are one.
func sameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// The extensions of requests that have a name here (RFC 5280 section 4.2, RFC 7633).
var (
	oidFeature          = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidAlternativeName  = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// mustStaple is the extension that is called so: the TLS feature status_request (RFC 7633
// section 4.1, RFC 6066 section 8).
func mustStaple() pkix.Extension {
	return pkix.Extension{Id: oidFeature, Value: []byte{0x30, 3, 2, 1, statusRequest}}
}

const statusRequest = 5

// mustBeStapled tells whether the extension is there.
func mustBeStapled(extensions []pkix.Extension) bool {
	found := extensionOf(extensions, oidFeature)
	var features []int
	if found == nil {
		return false
	}
	_, err := asn1.Unmarshal(found.Value, &features)
	return err == nil && slices.Contains(features, statusRequest)
}

func asksForAuthority(extensions []pkix.Extension) bool {
	found := extensionOf(extensions, oidBasicConstraints)
	var constraints struct {
		IsCA       bool `asn1:"optional"`
		MaxPathLen int  `asn1:"optional,default:-1"`
	}
	if found == nil {
		return false
	}
	_, err := asn1.Unmarshal(found.Value, &constraints)
	return err != nil || constraints.IsCA
}

// extensionOf returns the extension; nil where there is none.
func extensionOf(extensions []pkix.Extension, id asn1.ObjectIdentifier) *pkix.Extension {
	for i := range extensions {
		if extensions[i].Id.Equal(id) {
			return &extensions[i]
		}
	}
	return nil
}
