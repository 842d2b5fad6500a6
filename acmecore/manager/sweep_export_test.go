package manager

import "context"

// Sweep removes what killed runs have left of challenges.
func (m *Manager) Sweep(ctx context.Context) error { return m.sweep(ctx) }
