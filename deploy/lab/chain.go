package lab

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// CheckChain reads a PEM file with a certificate, its chain and its private key,
// and looks at it as a web server and its visitors do: the key belongs to the
// certificate, and the chain leads to root for each of the names. It returns the
// certificates, the server's own first.
func CheckChain(path string, root []byte, names ...string) ([]*x509.Certificate, error) {
	return CheckChainAt(time.Now(), path, root, names...)
}

// CheckChainAt is CheckChain at another time, Clock.Now for example.
func CheckChainAt(at time.Time, path string, root []byte, names ...string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	chain := make([]*x509.Certificate, 0, len(pair.Certificate))
	for _, raw := range pair.Certificate {
		certificate, err := x509.ParseCertificate(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		chain = append(chain, certificate)
	}
	if err := verify(at, chain, root, names); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return chain, nil
}

func verify(at time.Time, chain []*x509.Certificate, root []byte, names []string) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		return errors.New("the root to verify with is no certificate")
	}
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	for _, name := range names {
		options := x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: intermediates, CurrentTime: at}
		if _, err := chain[0].Verify(options); err != nil {
			return err
		}
	}
	return nil
}
