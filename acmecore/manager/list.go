package manager

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/install"
	"wcme/acmecore/keys"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
	"wcme/acmecore/spread"
)

// List implements control.Operations.
func (m *Manager) List(ctx context.Context) ([]acmecore.Certificate, error) {
	ids, err := m.managedIDs()
	if err != nil {
		return nil, err
	}
	list := make([]acmecore.Certificate, len(ids))
	err = spread.Over(len(ids), func(i int) error {
		if ctx.Err() == nil {
			list[i] = m.listedWhole(ids[i])
		}
		return nil
	})
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, acmecore.InterruptedOr(err, "list", "certificates")
	}
	return list, nil
}

// listed adds to the facts what the overseer plans, and what it has experienced.
func (m *Manager) listed(id acmecore.ID) acmecore.Certificate { return m.told(stages{m}.Look(id)) }

// told is what there is to tell of a certificate in that situation.
func (m *Manager) told(situation renew.Situation) acmecore.Certificate {
	c, standing := situation.Certificate, m.experienced(situation.Certificate.ID, situation.Standing)
	c.Renewal = situation.Rules.Renewal(c, standing.RenewalInfo)
	c.Service = situation.Service()
	c.Loads, c.LastRun, c.Methods = situation.Loads, standing.LastRun, standing.ProvedBy(c.Names)
	if c.Service == acmecore.ServiceServed {
		c.Proved = proved(standing.Served, c.Fingerprint)
	}
	failures, next := standing.Unserved, schedule.NextLoad(standing.Unserved, m.now())
	if len(standing.Failures) > 0 {
		failures, next = standing.Failures, situation.NextTry(m.now())
	}
	if len(failures) > 0 {
		last := failures[len(failures)-1]
		c.Trouble, c.Hint, c.Next = last.Cause, last.Hint, next
	}
	return c
}

// proved is the oldest of the last looks at each place, where the certificate was met at
// all of them; otherwise the zero time. A place that this host has no way to says nothing.
func proved(proofs []acmecore.Proof, fingerprint string) (at time.Time) {
	for _, proof := range proofs {
		switch {
		case proof.Answer == acmecore.Unreached:
			continue
		case proof.Answer != acmecore.Serves || proof.Fingerprint != fingerprint:
			return time.Time{}
		}
		if at.IsZero() || proof.At.Before(at) {
			at = proof.At
		}
	}
	return at
}

// facts reads what is known of a certificate. What cannot be read is its problem.
func (m *Manager) facts(id acmecore.ID) acmecore.Certificate {
	c, _ := m.read(id)
	return c
}

// read reads what is known of a certificate, and its record: an empty one where it
// cannot be read, or where there is none.
func (m *Manager) read(id acmecore.ID) (acmecore.Certificate, *config.Certificate) {
	read := m.reading(id)
	return read.Certificate, read.record
}

// reading is what is known of a certificate, with what that was read from.
type reading struct {
	acmecore.Certificate
	record *config.Certificate
	pair   install.Pair
	err    error // why the pair is none that could be installed
}

// reading reads each file once, so that what it returns belongs together.
func (m *Manager) reading(id acmecore.ID) (read reading) {
	read.ID = id
	read.record, read.err = m.readRecord(&read.Certificate)
	if read.err != nil {
		read.Problem, read.Hint = acmecore.Inert(read.err.Error()), acmecore.HintOf(read.err)
		return read
	}
	read.pair, read.Version, read.err = m.current(id)
	read.pair.Names, read.Keyless = read.Names, read.pair.Keyless
	if leaf := leafOf(read.pair); leaf != nil {
		read.describe(leaf)
	}
	problem := read.err
	switch {
	case acmecore.KindOf(problem) == acmecore.NotFound:
		return read
	case problem == nil:
		if problem = errors.Join(lacks(leafOf(read.pair), read.Names), m.misses(read)); problem == nil {
			problem = m.revocation(id, read.Version)
			read.Revoked = problem != nil
		}
	}
	if problem != nil {
		read.Problem = acmecore.Inert(problem.Error())
	}
	return read
}

// describe fills in what the certificate says of itself.
func (r *reading) describe(leaf *x509.Certificate) {
	r.NotBefore, r.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	r.Serial = leaf.SerialNumber.Text(16)
	fingerprint := sha256.Sum256(leaf.Raw)
	r.Fingerprint = hex.EncodeToString(fingerprint[:])
	r.Issuer = acmecore.Inert(leaf.Issuer.CommonName)
	r.Key = keys.TypeOf(leaf.PublicKey)
}

// leafOf is the certificate of a pair, as far as it could be read.
func leafOf(pair install.Pair) *x509.Certificate {
	if len(pair.Chain) == 0 {
		return nil
	}
	return pair.Chain[0]
}

func noRecord() *config.Certificate { return new(config.Certificate) }

// readRecord fills in what is wanted. Beside an error it returns the record as far as
// it can be read: an empty one where that is not at all.
func (m *Manager) readRecord(c *acmecore.Certificate) (*config.Certificate, error) {
	return m.readRecordBy(m.Config(), c)
}

// readRecordBy is readRecord by a configuration.
func (m *Manager) readRecordBy(by *config.Config, c *acmecore.Certificate) (*config.Certificate, error) {
	record, err := m.recordFor(by, c.ID)
	if acmecore.KindOf(err) == acmecore.NotFound {
		return noRecord(), nil
	}
	if err != nil {
		return noRecord(), err
	}
	if c.Names, err = record.HostNames(); err != nil {
		return noRecord(), err
	}
	if c.TwinOf = record.Beside(); c.TwinOf == "" {
		for _, kind := range further(by, record) {
			c.Twins = append(c.Twins, besideID(c.ID, kind))
		}
	}
	c.Profile, c.Targets = acmecore.Inert(record.Profile), targetNames(by.TargetsFor(c.ID, record))
	c.CA, _, err = by.Find(by.AuthoritiesFor(record)[0])
	return record, err
}

func targetNames(targets []config.Install) (names []string) {
	for _, target := range targets {
		names = append(names, target.Name.String())
	}
	return names
}

// current returns the pair of the current version, read, and the version's name, and an
// error when nobody can use it: of kind NotFound when there is none, otherwise because
// its files cannot be read or do not belong together. Beside that error is what could
// be read.
func (m *Manager) current(id acmecore.ID) (pair install.Pair, version string, err error) {
	pair.ID = id
	pair.Key, pair.FullChain, version, err = m.root.Pair(id)
	if pair.FullChain == nil {
		return pair, version, err
	}
	chain, problem := parsed(pair.FullChain)
	pair.Chain = chain
	if err = errors.Join(problem, err); err == nil && pair.Key == nil {
		pair.Keyless = true
		return pair, version, nil
	}
	if err == nil {
		pair.Signer, err = keys.Decode(pair.Key)
	}
	if err != nil {
		return pair, version, fmt.Errorf("its current version: %w", err)
	}
	if !keys.Equal(pair.Signer.Public(), chain[0].PublicKey) {
		err = errors.New("the key of its current version is not the certificate's")
	}
	return pair, version, err
}

// parsed reads a chain, PEM, as far as it can be read.
func parsed(text []byte) (chain []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return chain, err
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		err = errors.New("the file of the chain holds no certificate")
	}
	return chain, err
}

// lacks says which managed name the current version does not have: the record
// was changed and the certificate not yet obtained again.
func lacks(leaf *x509.Certificate, names []acmecore.Name) error {
	for _, name := range names {
		if !isFor(leaf, name) {
			return fmt.Errorf("its current version lacks the name %s; obtain it again: wcme certify", name)
		}
	}
	return nil
}
