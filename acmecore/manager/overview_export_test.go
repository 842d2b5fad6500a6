package manager

import (
	"time"

	"wcme/acmecore/overview"
)

// ListBy has the list of certificates go by another clock. It is called before the first
// look.
func (m *Manager) ListBy(now func() time.Time) { m.listing = overview.New(inventory{m}, now) }
