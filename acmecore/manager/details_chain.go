package manager

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"wcme/acmecore"
)

// linksOf describes the certificates of a chain.
func linksOf(chain []*x509.Certificate) (links []acmecore.Link) {
	for _, c := range chain {
		sum := sha256.Sum256(c.Raw)
		links = append(links, acmecore.Link{Subject: nameIn(c.Subject), Issuer: nameIn(c.Issuer), NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
			Serial: c.SerialNumber.Text(16), SHA256: hex.EncodeToString(sum[:]), Key: keyOf(c.PublicKey), Signature: c.SignatureAlgorithm.String()})
	}
	return links
}

// isFor tells whether the certificate has the name.
func isFor(leaf *x509.Certificate, name acmecore.Name) bool {
	same := func(text string) bool { return strings.EqualFold(text, string(name)) } // a CA may spell it in capitals
	return slices.ContainsFunc(leaf.DNSNames, same) || slices.Contains(addressesIn(leaf), string(name))
}

// addressesIn are the addresses of a certificate, as an acmecore.Name writes them.
func addressesIn(leaf *x509.Certificate) (texts []string) {
	for _, ip := range leaf.IPAddresses {
		address, _ := netip.AddrFromSlice(ip) // which has a length that the parser has checked
		texts = append(texts, address.Unmap().String())
	}
	return texts
}

// nameIn is a distinguished name in words, inert; "" for an empty one.
func nameIn(name pkix.Name) string { return acmecore.Inert(name.String()) }

// keyOf is the kind of a public key, and its size in bits.
func keyOf(public any) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return fmt.Sprintf("EC %d", key.Curve.Params().BitSize)
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "of another kind"
}

// sha1Of is the fingerprint that older programs show; nothing is decided by it.
func sha1Of(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return hex.EncodeToString(sum[:])
}

// textOf is the chain as PEM. It is made from what was parsed: whatever else is in the
// file stays there.
func textOf(chain []*x509.Certificate) string {
	var text strings.Builder
	for _, c := range chain {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return text.String()
}
