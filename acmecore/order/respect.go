package order

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

// unstapled says that must-staple is not as it was asked for.
type unstapled struct{ error }

// checkStaple compares the extension of RFC 7633 with what was asked for. A certificate
// that lacks it is not what its owner relies on, and servers that do not staple cannot
// use one that has it.
func checkStaple(leaf *x509.Certificate, want bool) error {
	switch has := mustBeStapled(leaf.Extensions); {
	case want && !has:
		return &unstapled{errors.New("the extension must-staple (RFC 7633) is not in it, which was asked for")}
	case has && !want:
		return errors.New("the extension must-staple (RFC 7633) is in it, which was not asked for")
	}
	return nil
}

// overlong says that a certificate lives longer than was agreed.
type overlong struct{ wanted, life time.Duration }

func (e *overlong) Error() string {
	return fmt.Sprintf("it is valid for %s, where the CA had agreed to %s", lifeText(e.life), lifeText(e.wanted))
}

// checkLife compares how long the certificate lives with what was wanted. Where the CA
// had agreed to it, in the order, more than a day beyond is not what was ordered;
// otherwise it is told, and no more.
func (a *attempt) checkLife(leaf *x509.Certificate) error {
	const day = 24 * time.Hour
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	switch {
	case a.wanted.Validity == 0 || life <= a.wanted.Validity+day:
		return nil
	case a.agreed:
		return &overlong{a.wanted.Validity, life}
	}
	a.steps.did("certificate", string(a.wanted.Names[0]), fmt.Sprintf("the CA has not minded that it shall be valid for %s: it is for %s",
		lifeText(a.wanted.Validity), lifeText(life)))
	return nil
}

// lifeText is a time in days, or in hours where it is less than two of them.
func lifeText(life time.Duration) string {
	if life < 48*time.Hour {
		return fmt.Sprintf("%.0f hours", life.Hours())
	}
	return fmt.Sprintf("%.0f days", life.Hours()/24)
}

// tellDropped tells of each extension that a request made elsewhere has and the
// certificate lacks, or has in another way: what changes what the certificate means was
// refused before. Names are compared on their own.
func (a *attempt) tellDropped(leaf *x509.Certificate) {
	wanted, err := a.wanted.asked()
	if err != nil {
		return
	}
	for _, extension := range wanted.extensions {
		if extension.Id.Equal(oidAlternativeName) {
			continue
		}
		given := extensionOf(leaf.Extensions, extension.Id)
		switch {
		case given == nil:
			a.steps.did("certificate", string(a.wanted.Names[0]), "the CA has left out "+extensionText(extension.Id)+", which the request asks for")
		case !bytes.Equal(given.Value, extension.Value):
			a.steps.did("certificate", string(a.wanted.Names[0]), "the CA has given "+extensionText(extension.Id)+" in another way than the request asks for")
		}
	}
}

// extensionText names an extension (RFC 5280 section 4.2).
func extensionText(id asn1.ObjectIdentifier) string {
	if name, known := map[string]string{
		oidFeature.String(): "TLS feature", oidBasicConstraints.String(): "basic constraints",
		"2.5.29.14": "subject key identifier", "2.5.29.15": "key usage", "2.5.29.31": "CRL distribution points",
		"2.5.29.32": "certificate policies", "2.5.29.37": "extended key usage", "1.3.6.1.5.5.7.1.1": "authority information access",
	}[id.String()]; known {
		return "the extension " + name + " (" + id.String() + ")"
	}
	return "the extension " + id.String()
}
