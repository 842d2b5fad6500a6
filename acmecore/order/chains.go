package order

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"wcme/acmecore"
)

// maxAlternates is how many alternate chains are looked at.
const maxAlternates = 10

// chain is one that was downloaded and checked, the leaf first.
type chain []*x509.Certificate

// preferred returns the chain wanted out of those that the CA offers for the certificate:
// the first one that ends at the issuer, or else the first one that leads by it. Where
// none does, the one that the CA gives of itself is as good.
func (a *attempt) preferred(ctx context.Context, certificate string, first chain, links []string) (chain, error) {
	wanted := newIssuerWanted(a.wanted.Chain)
	if wanted == nil || wanted.ends(first) {
		return first, nil
	}
	offered := []chain{first}
	for _, url := range a.alternates(certificate, links) {
		next, err := a.alternate(ctx, url)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			a.steps.did("certificate", url, "an alternate chain is not used: "+acmecore.Inert(err.Error()))
			continue
		case wanted.ends(next):
			a.steps.did("certificate", url, "took the alternate chain that ends at "+next.top())
			return next, nil
		}
		offered = append(offered, next)
	}
	return a.leading(certificate, wanted, offered), nil
}

// leading returns the first of the chains that leads by the issuer wanted, or else the
// first of all.
func (a *attempt) leading(certificate string, wanted *issuerWanted, offered []chain) chain {
	var ends []string
	for i, one := range offered {
		if wanted.leads(one) {
			if i > 0 {
				a.steps.did("certificate", certificate, "took the alternate chain that leads by the issuer wanted, to "+one.top())
			}
			return one
		}
		ends = append(ends, one.top())
	}
	a.steps.did("certificate", certificate, fmt.Sprintf("the CA offers no chain of %q, and its own is kept; those that there are end at %s",
		acmecore.Inert(a.wanted.Chain), strings.Join(ends, ", ")))
	return offered[0]
}

// alternates are the URLs of the alternate chains that the answer with the first one
// leads to (RFC 8555 section 7.4.2), each once. What an alternate leads to is not followed.
func (a *attempt) alternates(certificate string, links []string) (urls []string) {
	base, err := url.Parse(certificate)
	if err != nil {
		return nil
	}
	seen, elsewhere := []string{base.String()}, 0
	for _, text := range linksOf(links, "alternate") {
		target, err := base.Parse(text)
		if err != nil || a.transport.admit(target) != nil {
			elsewhere++
			continue
		}
		target.Fragment = ""
		if text = target.String(); !slices.Contains(seen, text) {
			seen = append(seen, text)
		}
	}
	if elsewhere > 0 {
		a.steps.did("certificate", certificate, acmecore.Counted(elsewhere, "alternate chain", "alternate chains")+" elsewhere, where nothing is asked for")
	}
	if urls = seen[1:]; len(urls) > maxAlternates {
		a.steps.did("certificate", certificate, fmt.Sprintf("of %d alternate chains the first %d are looked at", len(urls), maxAlternates))
		urls = urls[:maxAlternates]
	}
	return urls
}

// alternate downloads another chain, and checks it as the first one was. It is asked for
// once: there is a certificate already.
func (a *attempt) alternate(ctx context.Context, url string) (found chain, err error) {
	_, err = a.inLane(withExchange(ctx, new(exchange)), func(ctx context.Context) (bool, error) {
		der, err := a.fetch(ctx, url)
		if err == nil {
			found, err = checkChain(der, a.wanted, a.now())
		}
		return true, err
	})
	return found, err
}

// der is the chain as it is kept.
func (c chain) der() (list [][]byte) {
	for _, certificate := range c {
		list = append(list, certificate.Raw)
	}
	return list
}

// top names the issuer of the last certificate, which visitors must know, inert.
func (c chain) top() string { return called(c[len(c)-1].Issuer) }

// called is how people call an issuer.
func called(name pkix.Name) string {
	if name.CommonName != "" {
		return fmt.Sprintf("%q", acmecore.Inert(name.CommonName))
	}
	return fmt.Sprintf("%q", acmecore.Inert(name.String()))
}

// issuerWanted is the issuer that a chain is to lead to.
type issuerWanted struct {
	name        string
	fingerprint string // SHA-256, hexadecimal, in lower case; "" where the name is none
}

func newIssuerWanted(text string) *issuerWanted {
	if text == "" {
		return nil
	}
	wanted := &issuerWanted{name: strings.TrimSpace(text)}
	plain := strings.ToLower(strings.ReplaceAll(wanted.name, ":", ""))
	if raw, err := hex.DecodeString(plain); err == nil && len(raw) == sha256.Size {
		wanted.fingerprint = plain
	}
	return wanted
}

// ends tells whether the chain ends at the issuer: it has issued the last certificate, or
// that one has the fingerprint. A last certificate of the issuer's name may be signed by
// an older root, which the chain then needs.
func (w *issuerWanted) ends(c chain) bool {
	last := c[len(c)-1]
	return strings.EqualFold(last.Issuer.CommonName, w.name) || len(c) > 1 && w.hashed(last)
}

// leads tells whether the chain has the issuer anywhere.
func (w *issuerWanted) leads(c chain) bool {
	return slices.ContainsFunc(c[1:], func(certificate *x509.Certificate) bool {
		return strings.EqualFold(certificate.Subject.CommonName, w.name) || w.hashed(certificate)
	})
}

// hashed tells whether the certificate has the fingerprint.
func (w *issuerWanted) hashed(certificate *x509.Certificate) bool {
	sum := sha256.Sum256(certificate.Raw)
	return w.fingerprint != "" && hex.EncodeToString(sum[:]) == w.fingerprint
}
