package manager

import (
	"context"
	"errors"
	"time"

	"wcme/acmecore"
)

// When all is looked up that others publish of our certificates: not in the first
// minutes, in which much else is to be done, and once a day.
const (
	firstLookup = 3 * time.Minute
	everyLookup = 24 * time.Hour
)

// lookUpDaily looks until the context ends.
func (m *Manager) lookUpDaily(ctx context.Context) {
	for wait := firstLookup; pause(ctx, wait); wait = time.Hour {
		if !m.isLookupDue() {
			continue
		}
		if err := m.LookUp(ctx); err != nil && ctx.Err() == nil {
			m.log.Warn("not all was looked up: whether certificates were revoked, and which CAs may be asked, is not known of all", "error", err, "hint", acmecore.HintOf(err))
		}
	}
}

// isLookupDue tells whether a day has gone by since the last time, or the clock was set
// back behind it.
func (m *Manager) isLookupDue() bool {
	m.permits.mu.Lock()
	defer m.permits.mu.Unlock()
	m.readPermits()
	age := m.now().Sub(m.permits.Looked)
	return age >= everyLookup || age < 0
}

// LookUp looks all certificates up in the revocation lists of their CAs, and, for those
// with several CAs, which of these may be asked. An error means that not all was looked at.
func (m *Manager) LookUp(ctx context.Context) error {
	err := errors.Join(m.CheckRevocations(ctx), m.lookAtAlternatives(ctx))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.permits.mu.Lock()
	m.permits.Looked = m.now().Round(0).UTC() // by the clock on the wall, which goes on while a host sleeps
	m.permits.mu.Unlock()
	ids, listErr := m.managedIDs()
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	return errors.Join(err, m.keepPermits(ids))
}

// lookAtAlternatives looks up which CAs may take the place of the first one.
func (m *Manager) lookAtAlternatives(ctx context.Context) error {
	ids, err := m.managedIDs()
	if err != nil {
		return err
	}
	survey := m.survey()
	for _, id := range ids {
		c, record := m.read(id)
		if len(c.Names) == 0 {
			continue
		}
		for _, ca := range m.Config().AuthoritiesFor(record)[1:] {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			survey.lookAt(ctx, id, c.Names, record.Profile, ca)
		}
	}
	return nil
}
