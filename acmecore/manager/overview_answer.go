package manager

import (
	"context"
	"time"

	"wcme/acmecore/stamp"
)

// How old an answer about all certificates may be, from the end of the look that it
// was read by. Up to freshness everybody gets the same one. Up to staleness it is given
// at once, too, and the files are looked at again beside it, so that whoever turns the
// pages of a long list waits for no look. An older one is given to nobody, nor is any
// since a run of ours has ended, or a record has come, gone or been replaced: somebody
// wants to see what came of it.
const (
	freshness = time.Second
	staleness = 3 * time.Second
)

// answer is what a look at the index has found. It is not changed any more.
type answer struct {
	ground  ground
	looked  time.Time // when the look came to its end
	moment  moment    // when it began
	entries []*entry  // sorted by name
}

// moment is what tells that something was done since.
type moment struct {
	runs    uint64      // that have ended
	records stamp.Stamp // of their directory
}

func (m *Manager) moment() moment { return moment{m.busy.runs(), m.root.RecordsStamp()} }

// indexed returns the certificates as they are, sorted by name. An end of the context
// keeps what was read until then for the next one who asks.
func (m *Manager) indexed(ctx context.Context) ([]*entry, error) {
	last, ground, moment, now := m.listing.last.Load(), m.ground(), m.moment(), m.now()
	switch {
	case last.within(freshness, now, ground, moment):
		return last.entries, nil
	case last.within(staleness, now, ground, moment):
		m.lookBeside()
		return last.entries, nil
	}
	return m.lookInTurn(ctx)
}

// within tells whether there is an answer, of the same ground and moment, that is no
// older.
func (a *answer) within(age time.Duration, now time.Time, ground ground, moment moment) bool {
	return a != nil && now.Sub(a.looked) < age && a.moment == moment && a.ground.equal(ground)
}

// indexing is what a look at the index holds.
const indexing = "the list of certificates"

// lookInTurn looks at the files, unless somebody else has done so while it waited.
func (m *Manager) lookInTurn(ctx context.Context) ([]*entry, error) {
	x := &m.listing
	release, err := x.turn.hold(ctx, indexing)
	if err != nil {
		return nil, err
	}
	defer release()
	ground := m.ground()
	if last := x.last.Load(); last.within(freshness, m.now(), ground, m.moment()) {
		return last.entries, nil
	}
	return m.lookNow(ctx, ground)
}

// lookBeside looks at the files while others go on, unless a look goes on already. What
// goes wrong, the next one finds who waits for a look.
func (m *Manager) lookBeside() {
	if m.listing.turn.try(indexing) != nil {
		return
	}
	go func() {
		defer m.listing.turn.release(indexing)
		_, _ = m.lookNow(context.Background(), m.ground())
	}()
}

// lookNow looks at the files. The caller has the index's turn.
func (m *Manager) lookNow(ctx context.Context, ground ground) ([]*entry, error) {
	x, moment := &m.listing, m.moment()
	if !x.ground.equal(ground) {
		x.ground, x.known = ground, nil
	}
	if err := m.lookAgain(ctx, x); err != nil {
		x.last.Store(nil)
		return nil, err
	}
	x.last.Store(&answer{ground, m.now(), moment, x.entries})
	return x.entries, nil
}
