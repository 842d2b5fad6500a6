package renew

import (
	"context"
	"sync"
	"time"
)

// maxOrders is how many orders are in the works at one CA at a time.
const maxOrders = 10

// deafTime is how long a CA that could not be reached is not asked for advice.
const deafTime = 10 * time.Minute

// slots bounds what is asked of each CA at a time, so that one that hangs keeps
// none of the others' certificates waiting.
type slots struct {
	mu    sync.Mutex
	taken map[string]chan struct{}
	deaf  map[string]time.Time
}

// take waits for a place at the CA.
func (s *slots) take(ctx context.Context, authority string) (release func(), err error) {
	places := s.places(authority)
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *slots) places(authority string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == nil {
		s.taken = make(map[string]chan struct{})
	}
	if s.taken[authority] == nil {
		s.taken[authority] = make(chan struct{}, maxOrders)
	}
	return s.taken[authority]
}

// deafen notes that the CA could not be reached.
func (s *slots) deafen(authority string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf == nil {
		s.deaf = make(map[string]time.Time)
	}
	s.deaf[authority] = time.Now()
}

// isDeaf tells whether the CA could not be reached a moment ago.
func (s *slots) isDeaf(authority string) bool { return s.deafUntil(authority).After(time.Now()) }

// deafUntil is when the CA is asked for advice again that could not be reached; zero
// for any other. A clock that was set back makes no difference to it.
func (s *slots) deafUntil(authority string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, found := s.deaf[authority]
	if !found || time.Since(since).Abs() >= deafTime {
		return time.Time{}
	}
	return since.Add(deafTime)
}
