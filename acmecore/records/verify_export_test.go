package records

import "time"

// AgeTrail lets the audit trail have been verified so much longer ago.
func (r *Reader) AgeTrail(age time.Duration) {
	trail := &r.trail
	trail.mu.Lock()
	defer trail.mu.Unlock()
	last := *trail.last
	last.begun = last.begun.Add(-age)
	trail.last = &last
}
