package manager

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/keys"
	"wcme/acmecore/schedule"
)

// List implements control.Operations.
func (m *Manager) List(ctx context.Context) ([]acmecore.Certificate, error) {
	ids, err := m.root.Records()
	if err != nil {
		return nil, err
	}
	list := make([]acmecore.Certificate, len(ids))
	err = spread(len(ids), func(i int) error {
		if ctx.Err() == nil {
			list[i] = m.listed(ids[i])
		}
		return nil
	})
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, interruptedOr(err, "list", "certificates")
	}
	return list, nil
}

// listed adds to the facts what the overseer plans, and what it has experienced.
func (m *Manager) listed(id acmecore.ID) acmecore.Certificate {
	situation := stages{m}.Look(id)
	c, standing := situation.Certificate, situation.Standing
	c.Renewal = situation.Rules.Renewal(c, standing.RenewalInfo)
	c.Service = situation.Service()
	failures, next := standing.Unserved, schedule.NextLoad(standing.Unserved, m.now())
	if len(standing.Failures) > 0 {
		failures, next = standing.Failures, schedule.NextTry(standing.Failures, c, m.now())
	}
	if len(failures) > 0 {
		last := failures[len(failures)-1]
		c.Trouble, c.Hint, c.Next = last.Cause, last.Hint, next
	}
	return c
}

// facts reads what is known of a certificate. What cannot be read is its problem.
func (m *Manager) facts(id acmecore.ID) acmecore.Certificate {
	c, _ := m.read(id)
	return c
}

// read reads what is known of a certificate, and its record: an empty one where it
// cannot be read, or where there is none.
func (m *Manager) read(id acmecore.ID) (acmecore.Certificate, *config.Certificate) {
	c := acmecore.Certificate{ID: id}
	record, err := m.readRecord(&c)
	if err != nil {
		c.Problem, c.Hint = acmecore.Inert(err.Error()), acmecore.HintOf(err)
		return c, record
	}
	if err := m.readVersion(&c); err != nil {
		c.Problem = acmecore.Inert(err.Error())
	}
	return c, record
}

func noRecord() *config.Certificate { return new(config.Certificate) }

// readRecord fills in what is wanted. Beside an error it returns the record as far as
// it can be read: an empty one where that is not at all.
func (m *Manager) readRecord(c *acmecore.Certificate) (*config.Certificate, error) {
	path, text, err := m.root.Record(c.ID)
	if acmecore.KindOf(err) == acmecore.NotFound {
		return noRecord(), nil
	}
	if err != nil {
		return noRecord(), err
	}
	record, err := config.ParseCertificate(path, text)
	if err != nil {
		return noRecord(), err
	}
	if c.Names, err = record.HostNames(); err != nil {
		return noRecord(), err
	}
	c.CA, _, err = m.Config().Find(record.CA)
	return record, err
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
	key, chain, version, err := m.root.Pair(id)
	if chain == nil {
		return nil, version, err
	}
	leaf, problem := parsed(chain)
	switch {
	case problem != nil:
		return leaf, version, problem
	case err != nil:
		return leaf, version, fmt.Errorf("its current version: %w", err)
	}
	return leaf, version, belongs(key, leaf)
}

// parsed reads a chain, PEM, and returns the leaf, also where another certificate in it
// cannot be read.
func parsed(chain []byte) (leaf *x509.Certificate, err error) {
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return leaf, fmt.Errorf("its current version: %w", err)
		}
		if leaf == nil {
			leaf = certificate
		}
	}
	if leaf == nil {
		return nil, errors.New("the file of its current version holds no certificate")
	}
	return leaf, nil
}

// belongs tells whether the key, PEM, is the certificate's.
func belongs(text []byte, leaf *x509.Certificate) error {
	key, err := keys.Decode(text)
	if err != nil {
		return fmt.Errorf("its current version: %w", err)
	}
	if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(leaf.PublicKey) {
		return errors.New("the key of its current version is not the certificate's")
	}
	return nil
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
