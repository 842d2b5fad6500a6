// Package busy lets one run at a time do something to a thing: a certificate, the accounts
// of a CA, a hook. Things are what their names say, so that whoever uses the same names of
// the same Things waits for each other. It needs nothing, and keeps nothing on disk: that
// another process keeps away is what the state directory's lock is for.
package busy

import (
	"context"
	"fmt"
	"sync"

	"wcme/acmecore"
)

// Things are those that runs hold. The zero value is ready.
type Things struct {
	mu    sync.Mutex
	held  map[string]chan struct{}
	ended uint64 // runs that have given back what they held
}

// Ended is how many times something was given back.
func (t *Things) Ended() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// Hold waits until nobody else holds the thing, and returns what gives it back.
// The context's end is an error of kind Busy.
func (t *Things) Hold(ctx context.Context, thing string) (release func(), err error) {
	for {
		free := t.take(thing)
		if free == nil {
			return func() { t.release(thing) }, nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, &acmecore.Error{Kind: acmecore.Busy, Op: "wait for another run of", Subject: thing,
				Cause: fmt.Errorf("it goes on: %w", ctx.Err()), Hint: "try again when it has ended"}
		}
	}
}

// Try is Hold for who does not wait. Of a thing that is not free there is nothing to give
// back.
func (t *Things) Try(thing string) (release func(), free bool) {
	if t.take(thing) != nil {
		return nil, false
	}
	return func() { t.release(thing) }, true
}

// IsHeld tells whether a run has the thing.
func (t *Things) IsHeld(thing string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, found := t.held[thing]
	return found
}

// take takes the thing and returns nil, or returns what is closed when it is free.
func (t *Things) take(thing string) (free chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if free, found := t.held[thing]; found {
		return free
	}
	if t.held == nil {
		t.held = make(map[string]chan struct{})
	}
	t.held[thing] = make(chan struct{})
	return nil
}

func (t *Things) release(thing string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.held[thing])
	delete(t.held, thing)
	t.ended++
}
