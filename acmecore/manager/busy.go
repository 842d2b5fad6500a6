package manager

import (
	"context"
	"fmt"
	"sync"

	"wcme/acmecore"
)

// busy lets one run at a time do something to a thing: a certificate, the
// accounts of a CA.
type busy struct {
	mu    sync.Mutex
	held  map[string]chan struct{}
	ended uint64 // runs that have given back what they held
}

// runs is how many of them have ended.
func (b *busy) runs() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

// hold waits until nobody else holds the thing, and returns what gives it back.
// The context's end is an error of kind Busy.
func (b *busy) hold(ctx context.Context, thing string) (release func(), err error) {
	for {
		free := b.try(thing)
		if free == nil {
			return func() { b.release(thing) }, nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, &acmecore.Error{Kind: acmecore.Busy, Op: "wait for another run of", Subject: thing,
				Cause: fmt.Errorf("it goes on: %w", ctx.Err()), Hint: "try again when it has ended"}
		}
	}
}

// isHeld tells whether a run has the thing.
func (b *busy) isHeld(thing string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, found := b.held[thing]
	return found
}

// try takes the thing and returns nil, or returns what is closed when it is free.
func (b *busy) try(thing string) (free chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if free, found := b.held[thing]; found {
		return free
	}
	if b.held == nil {
		b.held = make(map[string]chan struct{})
	}
	b.held[thing] = make(chan struct{})
	return nil
}

func (b *busy) release(thing string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.held[thing])
	delete(b.held, thing)
	b.ended++
}
