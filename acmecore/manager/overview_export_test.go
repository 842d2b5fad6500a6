package manager

import (
	"context"
	"time"

	"wcme/acmecore"
)

// Expire lets the next answer be another one.
func (m *Manager) Expire() { m.listing.looked = time.Time{} }

// Later lets the index believe that a while has gone by, in which no file was changed:
// the next answer is not this one, and what was read is told from what has changed
// since by the stamps alone.
func (m *Manager) Later() {
	m.Expire()
	x := &m.listing
	for id, one := range x.known {
		one.youngest = time.Time{}
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
