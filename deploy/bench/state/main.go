// Command state makes a state directory as wCME leaves it after a pass, without it:
//
//	state DIR CERTIFICATES DAYS
//
// makes DIR/state with so many certificates, whose life of ninety days began so many
// days ago, and DIR/target, where they are installed. It is a program of its own so
// that the bench stays small: the memory that the system counts of a program begins
// with that of the one which starts it.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// life is how long a certificate is valid.
const life = 90 * 24 * time.Hour

// issuer is a CA, with the intermediate certificate that it issues by.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	chain       []byte // PEM, without the root
}

func newIssuer() (*issuer, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := authority(1, "Bench Root")
	between := authority(2, "Bench Issuer")
	der, err := x509.CreateCertificate(rand.Reader, between, root, &key.PublicKey, rootKey)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &issuer{certificate, key, encode("CERTIFICATE", der)}, err
}

func authority(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// issue makes a certificate for two names, whose life began at that time, with what
// such a one of Let's Encrypt has in it.
func (i *issuer) issue(serial int64, host string, began time.Time) (leaf, key, der []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: host},
		NotBefore: began, NotAfter: began.Add(life), DNSNames: []string{host, "www." + host},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, CRLDistributionPoints: []string{"http://crl.bench.test/1.crl"},
		IssuingCertificateURL: []string{"http://issuer.bench.test/"}, AuthorityKeyId: i.certificate.SubjectKeyId}
	der, err = x509.CreateCertificate(rand.Reader, template, i.certificate, &private.PublicKey, i.key)
	if err != nil {
		return nil, nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret), der, err
}

// directories are those of a state directory, and their modes.
func directories() []directory {
	return []directory{
		{"state", 0o755}, {"state/etc", 0o755}, {"state/etc/certificates", 0o755}, {"state/log", 0o750}, {"state/log/runs", 0o750},
		{"state/priv", 0o700}, {"state/priv/accounts", 0o700}, {"state/priv/certificates", 0o700}, {"state/priv/orders", 0o700},
		{"state/priv/standing", 0o700}, {"state/ssl", 0o755}, {"state/www", 0o755}, {"target", 0o755},
	}
}

type directory struct {
	name string
	mode os.FileMode
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("state DIR CERTIFICATES DAYS")
	}
	certificates, err := strconv.Atoi(args[1])
	days, daysErr := strconv.Atoi(args[2])
	if err := errors.Join(err, daysErr); err != nil {
		return err
	}
	return makeState(args[0], certificates, time.Duration(days)*24*time.Hour)
}

// makeState writes everything as acmecore/store documents it. Nothing is synced: a
// bench that is killed is begun again.
func makeState(dir string, certificates int, age time.Duration) error {
	for _, directory := range directories() {
		path := filepath.Join(dir, directory.name)
		if err := errors.Join(os.Mkdir(path, directory.mode), os.Chmod(path, directory.mode)); err != nil {
			return err
		}
	}
	ca, err := newIssuer()
	for number := 0; number < certificates && err == nil; number++ {
		err = add(dir, ca, number, time.Now().Add(-age).UTC().Truncate(time.Second))
	}
	return err
}

// add writes one certificate, with all that belongs to it.
func add(dir string, ca *issuer, number int, began time.Time) error {
	name := fmt.Sprintf("host%d.bench.test", number)
	id := strings.ReplaceAll(name, ".", "_")
	leaf, key, der, err := ca.issue(int64(number)+1000, name, began)
	if err != nil {
		return err
	}
	versions := filepath.Join(dir, "state", "priv", "certificates", id)
	if err := os.MkdirAll(filepath.Join(versions, "000001"), 0o700); err != nil {
		return err
	}
	chain := slices.Concat(leaf, ca.chain)
	whole := slices.Concat(chain, key)
	for _, file := range []struct {
		name    string
		content []byte
		mode    os.FileMode
	}{
		{"state/etc/certificates/" + id + ".toml", fmt.Appendf(nil, "names = [%q, %q]\n", name, "www."+name), 0o644},
		{"state/priv/certificates/" + id + "/000001/key.pem", key, 0o600},
		{"state/priv/certificates/" + id + "/000001/fullchain.pem", chain, 0o600},
		{"state/priv/standing/" + id + ".json", standing(der, began), 0o600},
		{"state/ssl/cert_" + id + ".pem", leaf, 0o644},
		{"state/ssl/chain_" + id + ".pem", ca.chain, 0o644},
		{"state/ssl/fullchain_" + id + ".pem", whole, 0o600},
		{"target/fullchain_" + id + ".pem", whole, 0o600},
	} {
		path := filepath.Join(dir, file.name)
		if err := errors.Join(os.WriteFile(path, file.content, file.mode), os.Chmod(path, file.mode)); err != nil {
			return err
		}
	}
	return os.Symlink("000001", filepath.Join(versions, "current"))
}

// standing is what wCME remembers of a certificate: its CA was asked a moment ago, and
// wants it renewed when a third of its life is left.
func standing(der []byte, began time.Time) []byte {
	sum := sha256.Sum256(der)
	fingerprint, now := hex.EncodeToString(sum[:]), time.Now().UTC()
	text, err := json.MarshalIndent(map[string]any{"version": 1, "told": fingerprint, "attempted": began,
		"last_run": "20260101T000000-0000", "renewal_info": map[string]any{"fingerprint": fingerprint,
			"start": began.Add(life * 2 / 3), "end": began.Add(life*2/3 + 48*time.Hour), "asked": now, "next": now.Add(24 * time.Hour)}}, "", "  ")
	if err != nil {
		panic(err) // strings and times only
	}
	return append(text, '\n')
}
