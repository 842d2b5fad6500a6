package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Identity is a TLS server's certificate, made for the occasion so that it
// never expires, and the root that verifies it. The paths are of PEM files.
type Identity struct {
	Root, Certificate, Key string
	Pool                   *x509.CertPool // the root alone
}

// MakeIdentity writes root.pem, root-key.pem, cert.pem and key.pem into dir, for
// 127.0.0.1, localhost and the names.
func MakeIdentity(dir string, names ...string) (Identity, error) {
	root, err := sign(draft("wCME lab root"), nil)
	if err != nil {
		return Identity{}, err
	}
	server := draft("localhost")
	server.IsCA = false
	server.DNSNames = append([]string{"localhost"}, names...)
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	leaf, err := sign(server, root)
	if err != nil {
		return Identity{}, err
	}
	return writeIdentity(dir, root, leaf)
}

func writeIdentity(dir string, root, leaf *signed) (Identity, error) {
	id := Identity{
		Root:        filepath.Join(dir, "root.pem"),
		Certificate: filepath.Join(dir, "cert.pem"),
		Key:         filepath.Join(dir, "key.pem"),
		Pool:        x509.NewCertPool(),
	}
	id.Pool.AddCert(root.certificate)
	key, err := x509.MarshalPKCS8PrivateKey(leaf.key)
	if err != nil {
		return Identity{}, err
	}
	if err := writePEM(id.Root, "CERTIFICATE", root.certificate.Raw, 0o644); err != nil {
		return Identity{}, err
	}
	if err := writePEM(id.Certificate, "CERTIFICATE", leaf.certificate.Raw, 0o644); err != nil {
		return Identity{}, err
	}
	rootKey, err := x509.MarshalPKCS8PrivateKey(root.key)
	if err != nil {
		return Identity{}, err
	}
	if err := writePEM(filepath.Join(dir, "root-key.pem"), "PRIVATE KEY", rootKey, 0o600); err != nil {
		return Identity{}, err
	}
	return id, writePEM(id.Key, "PRIVATE KEY", key, 0o600)
}

func writePEM(path, kind string, content []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), mode)
}

type signed struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// sign makes a key and a certificate for it; without an issuer it signs itself.
func sign(wanted *x509.Certificate, issuer *signed) (*signed, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if issuer == nil {
		issuer = &signed{certificate: wanted, key: key}
	}
	raw, err := x509.CreateCertificate(rand.Reader, wanted, issuer.certificate, key.Public(), issuer.key)
	if err != nil {
		return nil, err
	}
	made, err := x509.ParseCertificate(raw)
	return &signed{certificate: made, key: key}, err
}

func draft(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.AddDate(-20, 0, 0), // for whoever goes by a Clock
		NotAfter:              now.AddDate(40, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}
