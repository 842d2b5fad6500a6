package order

import (
	"crypto/rand"
	"crypto/x509"
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
	return x509.CreateCertificateRequest(rand.Reader, template, w.Key)
}
