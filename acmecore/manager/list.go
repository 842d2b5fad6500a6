package manager

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/keys"
)

// List implements control.Operations.
func (m *Manager) List(ctx context.Context) ([]acmecore.Certificate, error) {
	ids, err := m.root.Records()
	if err != nil {
		return nil, err
	}
	list := make([]acmecore.Certificate, 0, len(ids))
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, interruptedOr(err, "list", "certificates")
		}
		list = append(list, m.facts(id))
	}
	return list, nil
}

// facts reads what is known of a certificate. What cannot be read is its problem.
func (m *Manager) facts(id acmecore.ID) acmecore.Certificate {
	c := acmecore.Certificate{ID: id}
	if err := m.readRecord(&c); err != nil {
		c.Problem = acmecore.Inert(err.Error())
		return c
	}
	if err := m.readVersion(&c); err != nil {
		c.Problem = acmecore.Inert(err.Error())
	}
	return c
}

// readRecord fills in what is wanted.
func (m *Manager) readRecord(c *acmecore.Certificate) error {
	path, text, err := m.root.Record(c.ID)
	if err != nil {
		return err
	}
	record, err := config.ParseCertificate(path, text)
	if err != nil {
		return err
	}
	if c.Names, err = record.HostNames(); err != nil {
		return err
	}
	c.CA, _, err = m.Config().Find(record.CA)
	return err
}

// readVersion fills in what is there.
func (m *Manager) readVersion(c *acmecore.Certificate) error {
	leaf, version, err := m.current(c.ID)
	c.Version = version
	if acmecore.KindOf(err) == acmecore.NotFound {
		return nil
	}
	if leaf != nil {
		c.NotBefore, c.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
		c.Serial = leaf.SerialNumber.Text(16)
		fingerprint := sha256.Sum256(leaf.Raw)
		c.Fingerprint = hex.EncodeToString(fingerprint[:])
		c.Issuer = acmecore.Inert(leaf.Issuer.CommonName)
		c.Key = keys.TypeOf(leaf.PublicKey)
	}
	if err != nil {
		return err
	}
	return lacks(leaf, c.Names)
}

// current returns the certificate of the current version and the version's
// name, and an error when nobody can use it: of kind NotFound when there is
// none, otherwise because its files cannot be read or do not belong together.
func (m *Manager) current(id acmecore.ID) (leaf *x509.Certificate, version string, err error) {
	chain, version, err := m.root.Chain(id)
	if err != nil {
		return nil, version, err
	}
	if len(chain) == 0 {
		return nil, version, errors.New("the file of its current version holds no certificate")
	}
	for _, der := range chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return leaf, version, fmt.Errorf("its current version: %w", err)
		}
		if leaf == nil {
			leaf = certificate
		}
	}
	key, err := m.root.Key(id)
	if err != nil {
		return leaf, version, fmt.Errorf("its current version: %w", err)
	}
	if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(leaf.PublicKey) {
		return leaf, version, errors.New("the key of its current version is not the certificate's")
	}
	return leaf, version, nil
}

// lacks says which managed name the current version does not have: the record
// was changed and the certificate not yet obtained again.
func lacks(leaf *x509.Certificate, names []acmecore.Name) error {
	for _, name := range names {
		if !slices.Contains(leaf.DNSNames, string(name)) {
			return fmt.Errorf("its current version lacks the name %s; obtain it again: wcme certify", name)
		}
	}
	return nil
}
