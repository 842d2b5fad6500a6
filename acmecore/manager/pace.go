package manager

import (
	"encoding/json"
	"errors"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/schedule"
)

// pace is how fast a CA, by its directory, was asked. It is called with pacing held.
func (m *Manager) pace(directory string) schedule.Pace {
	pace, found := m.paces[directory]
	if found {
		return pace
	}
	text, err := m.root.Pace(directory)
	if err != nil {
		m.log.Warn("pace of orders not read", "ca", directory, "error", err)
	}
	_ = json.Unmarshal(text, &pace) // what is no note is none
	m.paces[directory] = pace
	return pace
}

// paceOf is how long the daily work would wait before it places an order at the CA.
func (m *Manager) paceOf(directory string) time.Duration {
	m.pacing.Lock()
	defer m.pacing.Unlock()
	return m.waitFor(directory, 1)
}

// waitFor is how long it takes until so many orders may be placed at once, of which
// nothing is kept. It is called with pacing held.
func (m *Manager) waitFor(directory string, orders int) (wait time.Duration) {
	pace, limit, now := m.pace(directory), m.Config().Renew.Orders, time.Now()
	for range orders {
		if pace, wait = pace.Take(now, limit.Count, limit.Per); wait > 0 {
			return wait
		}
	}
	return 0
}

// mayOrder has the orders of pages wait their turn as those of the daily work do: a page
// can be sent again and again, and must not use up what a CA allows. The error is of
// kind Limited. What is done on the command line waits for nobody, so that whoever is in
// need has a way.
func (m *Manager) mayOrder(authority config.Authority) error {
	if wait := m.paceOf(authority.Directory.String()); wait > 0 {
		return tooFast(acmecore.Limited, wait)
	}
	return nil
}

// reserve is mayOrder for an order that is about to be placed, of kind Busy: others have
// come first since. Until it is released, the order has a place beside the one that it
// takes when it is placed: several that begin at once are never more than there is room
// for.
func (m *Manager) reserve(authority config.Authority) (release func(), err error) {
	directory := authority.Directory.String()
	m.pacing.Lock()
	defer m.pacing.Unlock()
	if wait := m.waitFor(directory, m.errands.ordering[directory]+1); wait > 0 {
		return nil, tooFast(acmecore.Busy, wait)
	}
	if m.errands.ordering == nil {
		m.errands.ordering = make(map[string]int)
	}
	m.errands.ordering[directory]++
	return func() {
		m.pacing.Lock()
		defer m.pacing.Unlock()
		m.errands.ordering[directory]--
	}, nil
}

func tooFast(kind acmecore.Kind, wait time.Duration) error {
	next := time.Now().Add(wait + time.Second).UTC() // in whole seconds, not too early
	return &acmecore.Error{Kind: kind, Op: "order", Cause: errors.New("as many orders as [renew] orders allows were made"),
		Hint: "the next one can be made after " + next.Format(time.RFC3339) + "; on this host, wcme certify does it at once"}
}
