package renew

import (
	"slices"
	"sync"

	"wcme/acmecore"
)

// maxUntold is how many events wait for a report stage that takes none.
const maxUntold = 1000

// untold holds the events that could not be reported, of a full disk say, until they
// can be.
type untold struct {
	mu     sync.Mutex
	events []acmecore.Event
}

// with takes what waits, and adds the new events to it.
func (u *untold) with(fresh []acmecore.Event) []acmecore.Event {
	u.mu.Lock()
	defer u.mu.Unlock()
	events := append(u.events, fresh...)
	u.events = nil
	return events
}

// keep has them wait; of too many, the newest ones. That a certificate was renewed
// shows at the next look at it, and is told then.
func (u *untold) keep(events []acmecore.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	waiting := slices.DeleteFunc(events, func(e acmecore.Event) bool { return e.Kind == acmecore.EventRenewed })
	u.events = append(waiting, u.events...)
	if excess := len(u.events) - maxUntold; excess > 0 {
		u.events = u.events[excess:]
	}
}

// report tells the events, after those that could not be told before.
func (p *Pipeline) report(fresh []acmecore.Event) bool {
	events := p.untold.with(fresh)
	if len(events) == 0 {
		return true
	}
	if err := p.Stages.Tell(events...); err != nil {
		p.Log.Error("not reported", "events", len(events), "error", err)
		p.untold.keep(events)
		return false
	}
	return true
}
