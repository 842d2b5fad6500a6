package renew

import (
	"sync"
	"time"

	"wcme/acmecore"
)

// agenda is when each certificate is to be looked at again. It is derived from
// what was seen at the last look, and made anew by each full pass.
type agenda struct {
	mu      sync.Mutex
	at      map[acmecore.ID]time.Time
	soonest time.Time     // as whoever sleeps knows it
	earlier chan struct{} // gets a value when something is to be done before that
}

func newAgenda() *agenda {
	return &agenda{at: make(map[acmecore.ID]time.Time), earlier: make(chan struct{}, 1)}
}

// minNap is the least time between two looks at the same certificate: whatever
// went wrong, and wherever that was noted, nobody is asked without a pause.
const minNap = 30 * time.Second

func (a *agenda) put(id acmecore.ID, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if soonest := time.Now().Add(minNap); at.Before(soonest) {
		at = soonest
	}
	a.at[id] = at
	if !a.soonest.IsZero() && !at.Before(a.soonest) {
		return
	}
	a.soonest = at
	select {
	case a.earlier <- struct{}{}:
	default: // it has not been taken since the last time
	}
}

// due lists, and takes off, what is to be looked at now.
func (a *agenda) due(now time.Time) (ids []acmecore.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, at := range a.at {
		if !at.After(now) {
			ids = append(ids, id)
			delete(a.at, id)
		}
	}
	return ids
}

// first is the earliest time in it; zero for an empty one.
func (a *agenda) first() (first time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, at := range a.at {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	a.soonest = first
	return first
}
