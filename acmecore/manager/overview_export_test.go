package manager

import (
	"context"
	"time"

	"wcme/acmecore"
)

// Expire lets the next answer be another one.
func (m *Manager) Expire() { m.listing.last.Store(nil) }

// Age lets the last answer be so old. It must not be called while a look goes on.
func (m *Manager) Age(age time.Duration) {
	last := *m.listing.last.Load()
	last.looked = m.now().Add(-age)
	m.listing.last.Store(&last)
}

// Await returns when no look goes on.
func (m *Manager) Await(ctx context.Context) error {
	release, err := m.listing.turn.hold(ctx, indexing)
	if err == nil {
		release()
	}
	return err
}

// Hold holds a certificate, as a run does.
func (m *Manager) Hold(ctx context.Context, id acmecore.ID) (release func(), err error) {
	return m.busy.hold(ctx, string(id))
}

// Later lets the index believe that a while has gone by, in which no file was changed:
// the next answer is not this one, and what was read is told from what has changed
// since by the stamps alone.
func (m *Manager) Later() {
	m.Expire()
	x := &m.listing
	for id, one := range x.known {
		one.settled = true
		x.known[id] = one
	}
}

// Reread looks at the index and returns how many certificates were read again for that.
func (m *Manager) Reread(ctx context.Context) (count int, err error) {
	before := make(map[acmecore.ID]*entry)
	for id, one := range m.listing.known {
		before[id] = one.entry
	}
	entries, err := m.indexed(ctx)
	for _, e := range entries {
		if before[e.ID] != e {
			count++
		}
	}
	return count, err
}
