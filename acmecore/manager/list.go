package manager

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/config"
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
			return nil, err
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
	chain, version, err := m.root.Chain(c.ID)
	if acmecore.KindOf(err) == acmecore.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	c.Version = version
	if len(chain) == 0 {
		return errors.New("the file of its current version holds no certificate")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("its current version: %w", err)
	}
	c.NotBefore, c.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	c.Serial = leaf.SerialNumber.Text(16)
	fingerprint := sha256.Sum256(leaf.Raw)
	c.Fingerprint = hex.EncodeToString(fingerprint[:])
	c.Issuer = acmecore.Inert(leaf.Issuer.CommonName)
	c.Key = acmecore.KeyTypeOf(leaf.PublicKey)
	return lacks(leaf, c.Names)
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
