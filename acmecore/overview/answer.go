package overview

import (
	"context"
	"fmt"
	"time"

	"wcme/acmecore"
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

// answer is what a look at the files has found. It is not changed any more.
type answer struct {
	ground  Ground
	looked  time.Time // when the look came to its end
	moment  Moment    // when it began
	entries []*Entry  // sorted by name
}

// within tells whether there is an answer, of the same ground and moment, that is no
// older at that time.
func (a *answer) within(age time.Duration, now time.Time, ground Ground, moment Moment) bool {
	return a != nil && now.Sub(a.looked) < age && a.moment == moment && a.ground.equal(ground)
}

// Entries returns the certificates as they are, sorted by name; neither the list nor an
// entry may be changed. What it says was read from the files that are there, and is
// never older than staleness. An end of the context, which is an error, keeps what was
// read until then for the next one who asks.
func (x *Index) Entries(ctx context.Context) ([]*Entry, error) {
	last, ground, moment, now := x.last.Load(), x.source.Ground(), x.source.Moment(), x.now()
	switch {
	case last.within(freshness, now, ground, moment):
		return last.entries, nil
	case last.within(staleness, now, ground, moment):
		x.lookBeside()
		return last.entries, nil
	}
	return x.lookInTurn(ctx)
}

// HasLooked tells whether a look has come to its end, so that Entries need not read
// everything first.
func (x *Index) HasLooked() bool { return x.last.Load() != nil }

// lookInTurn looks at the files, unless somebody else has done so while it waited.
func (x *Index) lookInTurn(ctx context.Context) ([]*Entry, error) {
	if err := x.waitForTurn(ctx); err != nil {
		return nil, err
	}
	defer x.endTurn()
	ground := x.source.Ground()
	if last := x.last.Load(); last.within(freshness, x.now(), ground, x.source.Moment()) {
		return last.entries, nil
	}
	return x.lookNow(ctx, ground)
}

// lookBeside looks at the files while others go on, unless a look goes on already. What
// goes wrong, the next one finds who waits for a look.
func (x *Index) lookBeside() {
	if !x.takeTurn() {
		return
	}
	go func() {
		defer x.endTurn()
		_, _ = x.lookNow(context.Background(), x.source.Ground())
	}()
}

// lookNow looks at the files. The caller has the turn.
func (x *Index) lookNow(ctx context.Context, ground Ground) ([]*Entry, error) {
	moment := x.source.Moment()
	if !x.ground.equal(ground) {
		x.ground, x.known = ground, nil
	}
	if err := x.lookAgain(ctx); err != nil {
		x.last.Store(nil)
		return nil, err
	}
	x.last.Store(&answer{ground, x.now(), moment, x.entries})
	return x.entries, nil
}

// takeTurn tells whether nobody else looks at the files; then the caller may.
func (x *Index) takeTurn() bool {
	select {
	case x.turn <- struct{}{}:
		return true
	default:
		return false
	}
}

// waitForTurn waits until the caller may look at the files. The context's end is an
// error of kind Busy.
func (x *Index) waitForTurn(ctx context.Context) error {
	if x.takeTurn() {
		return nil
	}
	select {
	case x.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &acmecore.Error{Kind: acmecore.Busy, Op: "wait for another run of", Subject: "the list of certificates",
			Cause: fmt.Errorf("it goes on: %w", ctx.Err()), Hint: "try again when it has ended"}
	}
}

func (x *Index) endTurn() { <-x.turn }
