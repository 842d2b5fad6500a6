package manager

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/spread"
)

// A record with several kinds of key is one certificate for each: the first kind has the
// record's own ID, and each further one stands beside it under an ID with the kind at its
// end, as www_example_org_rsa2048. But for the record, which is one, these are
// certificates like any other, with versions, files, runs and a standing of their own.

// besideID is the ID of the certificate with that kind of key beside another one.
func besideID(id acmecore.ID, kind acmecore.KeyType) acmecore.ID {
	return id + "_" + acmecore.ID(kind)
}

// baseOf parts the ID of a certificate that stands beside another one; found is false
// where it does not end in a kind of key.
func baseOf(id acmecore.ID) (base acmecore.ID, kind acmecore.KeyType, found bool) {
	for _, kind := range acmecore.KeyTypes() {
		if base, found := strings.CutSuffix(string(id), "_"+string(kind)); found && base != "" {
			return acmecore.ID(base), kind, true
		}
	}
	return id, "", false
}

// managedIDs lists the managed certificates, ordered by ID.
func (m *Manager) managedIDs() ([]acmecore.ID, error) { return m.managedBy(m.Config()) }

// managedBy lists those that would be managed by a configuration. A record of its own has
// its ID before a certificate that would stand beside another one; check tells of both.
func (m *Manager) managedBy(c *config.Config) ([]acmecore.ID, error) {
	ids, err := m.root.Records()
	if err != nil {
		return nil, err
	}
	twins := make([][]acmecore.ID, len(ids))
	err = spread.Over(len(ids), func(i int) error {
		record, err := m.recordAt(ids[i])
		if err != nil {
			return nil // its own problem, which whoever reads the certificate tells
		}
		for _, kind := range further(c, record) {
			twins[i] = append(twins[i], besideID(ids[i], kind))
		}
		return nil
	})
	more := slices.Concat(twins...)
	if len(more) == 0 {
		return ids, err
	}
	all := append(slices.Clone(ids), more...)
	slices.Sort(all)
	return slices.Compact(all), err
}

// further are the kinds of key beside the first one.
func further(c *config.Config, record *config.Certificate) []acmecore.KeyType {
	return c.KeysFor(record)[1:]
}

// recordFor returns the record that a certificate is managed by; an error of kind
// NotFound where it is not managed.
func (m *Manager) recordFor(c *config.Config, id acmecore.ID) (*config.Certificate, error) {
	record, err := m.recordAt(id)
	if acmecore.KindOf(err) != acmecore.NotFound {
		return record, err
	}
	base, kind, found := baseOf(id)
	if !found {
		return nil, err
	}
	record, problem := m.recordAt(base)
	if problem != nil || !slices.Contains(further(c, record), kind) {
		return nil, err
	}
	return record.Twin(base, kind), nil
}

// isManaged tells whether a certificate is.
func (m *Manager) isManaged(id acmecore.ID) bool {
	_, err := m.recordFor(m.Config(), id)
	return acmecore.KindOf(err) != acmecore.NotFound
}

// recordID is the ID of the record that a certificate is managed by.
func (m *Manager) recordID(id acmecore.ID) acmecore.ID {
	if record, err := m.recordFor(m.Config(), id); err == nil && record.Beside() != "" {
		return record.Beside()
	}
	return id
}

// taken refuses a certificate beside another one whose ID is that of a record. The error
// is of kind Invalid.
func (m *Manager) taken(c *config.Config, id acmecore.ID, record *config.Certificate) error {
	for _, kind := range further(c, record) {
		twin := besideID(id, kind)
		if _, err := m.recordAt(twin); acmecore.KindOf(err) != acmecore.NotFound {
			return &acmecore.Error{Kind: acmecore.Invalid, Op: "certificate", Subject: string(id),
				Cause: fmt.Errorf("the files of its %s certificate would be those of %s, which is managed by a record of its own", kind, twin),
				Hint:  fmt.Sprintf("remove one of the two: wcme remove %s, or leave %s out of `key`", twin, kind)}
		}
	}
	return nil
}

// beside are the plans of the certificates beside the one of a plan, one for each further
// kind of key.
func (m *Manager) beside(p *plan) (twins []*plan, err error) {
	if err := m.taken(m.Config(), p.id, p.record); err != nil {
		return nil, err
	}
	for _, kind := range further(m.Config(), p.record) {
		twin := *p
		twin.id, twin.key, twin.record = besideID(p.id, kind), kind, p.record.Twin(p.id, kind)
		if twin.imported != nil && !twin.takesImported() {
			twin.imported = nil
		}
		twins = append(twins, &twin)
	}
	if p.imported != nil && !p.takesImported() {
		p.imported = nil
	}
	return twins, nil
}

// planOf is the plan of a managed certificate as its record wants it.
func (m *Manager) planOf(id acmecore.ID) (*plan, error) {
	c, record := m.read(id)
	if len(c.Names) == 0 {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Subject: string(id), Cause: errors.New("its record cannot be read"),
			Hint: "`wcme list` says why"}
	}
	p, err := m.plan(c.Names, control.CertifyRequest{})
	if err != nil || record.Beside() == "" {
		return p, err
	}
	twins, err := m.beside(p)
	if err != nil {
		return nil, err
	}
	for _, twin := range twins {
		if twin.id == id {
			return twin, nil
		}
	}
	return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Subject: string(id), Cause: errors.New("it is not managed any more"),
		Hint: "`wcme list` shows what is managed"}
}

// siblings are the other certificates of the plan's record.
func (m *Manager) siblings(p *plan) (ids []acmecore.ID) {
	for i, kind := range m.Config().KeysFor(p.whole) {
		id := p.recorded
		if i > 0 {
			id = besideID(id, kind)
		}
		if id != p.id {
			ids = append(ids, id)
		}
	}
	return ids
}

// twinPrints are the fingerprints of the current versions of the other certificates of
// the same record.
func (m *Manager) twinPrints(c acmecore.Certificate) (prints []string) {
	ids := c.Twins
	if c.TwinOf != "" {
		ids = append([]acmecore.ID{c.TwinOf}, m.facts(c.TwinOf).Twins...)
	}
	for _, id := range ids {
		if other := m.facts(id); id != c.ID && other.Fingerprint != "" {
			prints = append(prints, other.Fingerprint)
		}
	}
	return prints
}
