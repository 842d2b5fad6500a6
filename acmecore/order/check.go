package order

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// clockSkew is how far a certificate's beginning may lie ahead of our clock.
const clockSkew = 5 * time.Minute

// maxChain is how many certificates a chain may have.
const maxChain = 10

// checkChain finds out whether the chain is the certificate that was wanted,
// before anything is kept: our key, our names, today, and each certificate signed
// by the next one. There is at least one. What is unusual and does no harm is taken: a
// name twice or in another case, a serial number of zero or of many bytes (RFC 5280
// section 4.1.2.2), a life of any length, and extensions that nobody knows.
func checkChain(der [][]byte, wanted Wanted, now time.Time) (chain, error) {
	asked, err := wanted.asked()
	if err != nil {
		return nil, err
	}
	certificates, err := parseCertificates(der)
	if err != nil {
		return nil, err
	}
	if err := checkLeaf(certificates[0], asked, now); err != nil {
		return nil, err
	}
	return certificates, checkIssuers(certificates)
}

func parseCertificates(list [][]byte) (certificates chain, err error) {
	for i, der := range list {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the chain: %s", i+1, acmecore.Inert(err.Error()))
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

// checkLeaf compares the certificate with what was asked for.
func checkLeaf(leaf *x509.Certificate, asked asked, now time.Time) error {
	switch {
	case !sameKey(asked.key, leaf.PublicKey):
		return errors.New("it is for another key than ours")
	case leaf.IsCA:
		return errors.New("it is the certificate of an authority")
	case slices.ContainsFunc(leaf.Extensions, isPoison):
		return errors.New("it is a precertificate")
	case leaf.NotBefore.After(now.Add(clockSkew)):
		return &untimely{"begins", leaf.NotBefore, now}
	case !leaf.NotAfter.After(now):
		return &untimely{"ended", leaf.NotAfter, now}
	case !leaf.NotAfter.After(leaf.NotBefore):
		return errors.New("it ends before it begins")
	}
	return cmp.Or(checkNames(leaf, asked.names), checkStaple(leaf, asked.staple))
}

// untimely says that a certificate is not valid by our clock.
type untimely struct {
	verb      string // "begins", "ended"
	when, now time.Time
}

func (e *untimely) Error() string {
	return fmt.Sprintf("it %s at %s, and it is %s", e.verb, e.when.UTC().Format(time.RFC3339), e.now.UTC().Format(time.RFC3339))
}

// isPoison recognises a precertificate (RFC 6962 section 3.1).
func isPoison(extension pkix.Extension) bool {
	return extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3})
}

func checkNames(leaf *x509.Certificate, wanted []acmecore.Name) error {
	have := make([]acmecore.Name, 0, len(leaf.DNSNames)+len(leaf.IPAddresses))
	for _, name := range leaf.DNSNames {
		have = append(have, acmecore.Name(strings.ToLower(name)))
	}
	for _, ip := range leaf.IPAddresses {
		address, _ := netip.AddrFromSlice(ip) // which has a length that the parser has checked
		have = append(have, acmecore.Name(address.Unmap().String()))
	}
	for _, name := range wanted {
		if !slices.Contains(have, name) {
			return fmt.Errorf("the name %s is not in it", name)
		}
	}
	for _, name := range have {
		if !slices.Contains(wanted, name) {
			return fmt.Errorf("the name %q is in it, which was not ordered", acmecore.Inert(string(name)))
		}
	}
	if len(leaf.EmailAddresses)+len(leaf.URIs) > 0 {
		return errors.New("things other than host names and addresses are in it, which were not ordered")
	}
	return nil
}

// checkIssuers makes sure that a visitor can follow the chain upwards.
func checkIssuers(certificates chain) error {
	// Not CheckSignatureFrom, which asks that the signer be an authority.
	if leaf := certificates[0]; leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil {
		return errors.New("it signed itself")
	}
	for i, certificate := range certificates[:len(certificates)-1] {
		issuer := certificates[i+1]
		if !bytes.Equal(certificate.RawIssuer, issuer.RawSubject) {
			return fmt.Errorf("certificate %d of the chain is not the issuer of the one before it", i+2)
		}
		if err := certificate.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("certificate %d of the chain did not sign the one before it: %s", i+2, acmecore.Inert(err.Error()))
		}
	}
	return nil
}

// unreadable says that what was delivered is not the whole text of a chain: that tells
// nothing of the certificate, and the text may be whole the next time.
type unreadable struct{ error }

// parseChain reads a chain of PEM blocks CERTIFICATE (RFC 8555 section 9.1). The error is
// an unreadable one where the text is not whole.
func parseChain(text []byte) (chain [][]byte, err error) {
	begun := bytes.Count(text, []byte("-----BEGIN "))
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block %q is in the chain", acmecore.Inert(block.Type))
		}
		if chain = append(chain, block.Bytes); len(chain) > maxChain {
			return nil, fmt.Errorf("the chain has more than %d certificates", maxChain)
		}
	}
	switch {
	case begun == 0:
		return nil, &unreadable{errors.New("no certificate is in it")}
	case len(chain) != begun:
		return nil, &unreadable{errors.New("a PEM block of the chain is damaged")} // which the decoder passes over
	}
	return chain, nil
}
