package manager

import (
	"context"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/proving"
)

// ways are those in which the names of a certificate can be proved, by its record and by
// what is remembered of it: nothing where that cannot be read.
func (m *Manager) ways(record *config.Certificate, id acmecore.ID) *proving.Ways {
	standing, err := m.root.Standing(id)
	if err != nil {
		m.log.Warn("standing not read", "certificate", id, "error", err)
	}
	return m.prover.Ways(record, standing)
}

// provable makes sure, before anything is ordered, that each name can be proved. Whoever
// calls it holds m.ordering read-locked until it has called release.
func (m *Manager) provable(ctx context.Context, p *plan, report acmecore.Progress) (ways *proving.Ways, release func(), err error) {
	ways = m.ways(p.record, p.id)
	release, err = ways.Prepare(ctx, p.names, report)
	return ways, release, err
}

// waysOf finds the ways to prove a name.
type waysOf func(acmecore.Name) *proving.Ways

// recordedWays are those of the records that have the names, and for a name that none has,
// those of the configuration.
func (m *Manager) recordedWays(names []acmecore.Name) waysOf {
	found := make(map[acmecore.Name]*proving.Ways)
	ids, err := m.root.Records()
	if err != nil {
		m.log.Warn("certificates not listed", "error", err)
	}
	for _, id := range ids {
		c := acmecore.Certificate{ID: id}
		record, err := m.readRecord(&c)
		if err != nil {
			continue // others tell of it
		}
		m.addWays(found, names, c, record)
	}
	none := m.prover.Ways(noRecord(), acmecore.Standing{})
	return func(name acmecore.Name) *proving.Ways {
		if w := found[name]; w != nil {
			return w
		}
		return none
	}
}

// addWays adds the ways of one certificate to those found for the names.
func (m *Manager) addWays(found map[acmecore.Name]*proving.Ways, names []acmecore.Name, c acmecore.Certificate, record *config.Certificate) {
	var own *proving.Ways
	for _, name := range names {
		if found[name] != nil || !slices.Contains(c.Names, name) {
			continue
		}
		if own == nil {
			own = m.ways(record, c.ID)
		}
		found[name] = own
	}
}
