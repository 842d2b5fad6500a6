package order

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// clockSkew is how far a certificate's beginning may lie ahead of our clock.
const clockSkew = 5 * time.Minute

// maxChain is how many certificates a chain may have.
const maxChain = 10

// check finds out whether the chain is the certificate that was wanted, before
// anything is kept: our key, our names, today, and each certificate signed by
// the next one.
func (a *attempt) check(chain [][]byte) error {
	certificates, err := parseCertificates(chain)
	if err == nil {
		err = checkLeaf(certificates[0], a.wanted, a.now())
	}
	if err == nil {
		err = checkChain(certificates)
	}
	if err == nil {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Refused, Op: "check certificate of", Subject: string(a.wanted.Names[0]), Cause: err,
		Hint: "the CA delivered something else than was ordered, which was not kept; if it does so again, tell the CA"}
}

func parseCertificates(chain [][]byte) (certificates []*x509.Certificate, err error) {
	if len(chain) == 0 || len(chain) > maxChain {
		return nil, fmt.Errorf("the chain has %d certificates", len(chain))
	}
	for i, der := range chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the chain: %w", i+1, err)
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

// checkLeaf compares the certificate with what was wanted.
func checkLeaf(leaf *x509.Certificate, wanted Wanted, now time.Time) error {
	public, ok := wanted.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case !ok || !public.Equal(leaf.PublicKey):
		return errors.New("it is for another key than ours")
	case leaf.IsCA:
		return errors.New("it is the certificate of an authority")
	case slices.ContainsFunc(leaf.Extensions, isPoison):
		return errors.New("it is a precertificate")
	case leaf.NotBefore.After(now.Add(clockSkew)):
		return fmt.Errorf("it begins only at %s; is the clock right?", leaf.NotBefore.UTC().Format(time.RFC3339))
	case !leaf.NotAfter.After(now):
		return fmt.Errorf("it ended at %s; is the clock right?", leaf.NotAfter.UTC().Format(time.RFC3339))
	case !leaf.NotAfter.After(leaf.NotBefore):
		return errors.New("it ends before it begins")
	}
	return checkNames(leaf, wanted.Names)
}

// isPoison recognises a precertificate (RFC 6962 section 3.1).
func isPoison(extension pkix.Extension) bool {
	return extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3})
}

func checkNames(leaf *x509.Certificate, wanted []acmecore.Name) error {
	have := make([]string, 0, len(leaf.DNSNames))
	for _, name := range leaf.DNSNames {
		have = append(have, strings.ToLower(name))
	}
	for _, name := range wanted {
		if !slices.Contains(have, string(name)) {
			return fmt.Errorf("the name %s is not in it", name)
		}
	}
	for _, name := range have {
		if !slices.Contains(wanted, acmecore.Name(name)) {
			return fmt.Errorf("the name %q is in it, which was not ordered", acmecore.Inert(name))
		}
	}
	if len(leaf.IPAddresses)+len(leaf.EmailAddresses)+len(leaf.URIs) > 0 {
		return errors.New("things other than host names are in it, which were not ordered")
	}
	return nil
}

// checkChain makes sure that a visitor can follow the chain upwards.
func checkChain(certificates []*x509.Certificate) error {
	leaf := certificates[0]
	if len(certificates) == 1 && bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignatureFrom(leaf) == nil {
		return errors.New("it signed itself")
	}
	for i, certificate := range certificates[:len(certificates)-1] {
		issuer := certificates[i+1]
		if !bytes.Equal(certificate.RawIssuer, issuer.RawSubject) {
			return fmt.Errorf("certificate %d of the chain is not the issuer of the one before it", i+2)
		}
		if err := certificate.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("certificate %d of the chain did not sign the one before it: %w", i+2, err)
		}
	}
	return nil
}

// parseChain reads a chain of PEM blocks CERTIFICATE (RFC 8555 section 9.1).
func parseChain(text []byte) (chain [][]byte, err error) {
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
	if len(chain) == 0 {
		return nil, errors.New("the chain is empty")
	}
	return chain, nil
}
