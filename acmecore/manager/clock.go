package manager

import (
	"context"
	"time"
)

// Clock is what attempts at a CA go by where that is not the machine's clock: a test
// that must not wait.
type Clock struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error // waits, or returns the context's error
	// Patience bounds one request to a CA; 0 is what it is otherwise.
	Patience time.Duration
}

// GoBy puts the Manager on the clock. It is called before the first run.
func (m *Manager) GoBy(clock Clock) {
	m.clock, m.now = clock, clock.Now
}
