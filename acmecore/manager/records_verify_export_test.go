package manager

import "time"

// AgeTrail lets the audit trail have been verified so much longer ago.
func (m *Manager) AgeTrail(age time.Duration) {
	trail := &m.records.trail
	trail.mu.Lock()
	defer trail.mu.Unlock()
	last := *trail.last
	last.begun = last.begun.Add(-age)
	trail.last = &last
}
