package records

import (
	"context"
	"errors"
	"sync"
	"time"

	"wcme/acmecore/audit"
	"wcme/acmecore/store"
)

// trailLife is how long it is taken for granted that what was verified of the audit trail
// is unchanged, where the file has only grown: whoever can change it can set its times.
const trailLife = 10 * time.Minute

// trailPatience is how long somebody who looks at the trail waits for a verification
// of all of it, where what was verified before is good enough to go on from.
const trailPatience = time.Second

// trailRead remembers what came of verifying the audit trail.
type trailRead struct {
	mu   sync.Mutex
	last *verdict      // nil before the first one
	all  *verification // of all the trail, that goes on; nil for none
}

// verdict is what came of a verification. It is not changed any more.
type verdict struct {
	begun   time.Time // when all was verified that it goes on from
	state   store.AuditState
	read    store.AuditRead
	entries int
	broken  string
}

// verification is one that others wait for; what is below done is there when that is
// closed.
type verification struct {
	done    chan struct{}
	verdict *verdict
	err     error
}

// verified verifies the trail, so much of it as must be: nothing, where no file has
// changed; what was written since, where the trail has only grown; and all of it
// otherwise, and every ten minutes.
func (r *Reader) verified(ctx context.Context) (*verdict, error) {
	state, err := r.root.AuditState()
	if err != nil {
		return nil, err
	}
	trail := &r.trail
	trail.mu.Lock()
	last := trail.last
	trail.mu.Unlock()
	if !last.mayGrowInto(state) {
		return r.waitForTrail(ctx)
	}
	if age := r.now().Sub(last.begun); age < 0 || age >= trailLife {
		limited, cancel := context.WithTimeout(ctx, trailPatience)
		defer cancel()
		if fresh, err := r.waitForTrail(limited); err == nil || ctx.Err() != nil {
			return fresh, err
		}
	}
	if last.state == state {
		return last, nil
	}
	return r.verifyOn(last, state)
}

// mayGrowInto tells whether the state can be that of the same trail with more entries: of
// one that was whole, and whose file has only grown. Where but the head is another one,
// the verdict is from between the writing of both.
func (v *verdict) mayGrowInto(state store.AuditState) bool {
	if v == nil || v.broken != "" && v.state != state {
		return false
	}
	grown := v.state.Log.Inode == state.Log.Inode && v.state.Log.Bytes < state.Log.Bytes
	return grown || v.state.Log == state.Log
}

// verifyOn verifies what has been written since a verdict.
func (r *Reader) verifyOn(last *verdict, state store.AuditState) (*verdict, error) {
	fresh, err := r.verify(last.read, state)
	if err != nil {
		return nil, err
	}
	fresh.begun = last.begun
	trail := &r.trail
	trail.mu.Lock()
	defer trail.mu.Unlock()
	if trail.last == last {
		trail.last = fresh
	}
	return fresh, nil
}

// waitForTrail waits for a verification of all of the trail, which goes on when nobody
// waits for it any more. There is one at a time.
func (r *Reader) waitForTrail(ctx context.Context) (*verdict, error) {
	trail := &r.trail
	trail.mu.Lock()
	going := trail.all
	if going == nil {
		going = &verification{done: make(chan struct{})}
		trail.all = going
		go r.verifyAll(going)
	}
	trail.mu.Unlock()
	select {
	case <-going.done:
		return going.verdict, going.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *Reader) verifyAll(v *verification) {
	begun := r.now()
	state, err := r.root.AuditState()
	if err == nil {
		v.verdict, err = r.verify(store.AuditRead{}, state)
	}
	trail := &r.trail
	trail.mu.Lock()
	defer trail.mu.Unlock()
	if v.err = err; err == nil {
		v.verdict.begun = begun
		trail.last = v.verdict
	}
	trail.all = nil
	close(v.done)
}

// verify verifies the trail from a place on. The state is from before that, so that what
// changes meanwhile is found by the next one.
func (r *Reader) verify(from store.AuditRead, state store.AuditState) (*verdict, error) {
	next, summary, err := r.root.VerifyAuditFrom(from)
	var problem *audit.Broken
	if err != nil && !errors.As(err, &problem) {
		return nil, err
	}
	return &verdict{state: state, read: next, entries: summary.Entries, broken: brokenSentence(problem)}, nil
}
