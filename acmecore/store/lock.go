package store

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"wcme/acmecore"
)

// Lock is the right to change a state directory. The kernel holds it on an open
// descriptor, so that it ends with the process, however that ends; the lock
// file's content only tells people who the holder is.
type Lock struct {
	file *flock.Flock
}

// lockPoll is how often a waiting process looks whether the lock is free.
const lockPoll = 100 * time.Millisecond

// TryLock takes the lock for the holder, described as in "wcme certify", or
// returns an error of kind Busy that says who has it.
func (r *Root) TryLock(holder string) (*Lock, error) {
	lock := &Lock{file: flock.New(r.path("priv", "lock"), flock.SetPermissions(0o600))}
	taken, err := lock.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock state directory: %w", err)
	}
	if !taken {
		return nil, &acmecore.Error{Kind: acmecore.Busy, Op: "lock state directory", Subject: r.dir,
			Cause: fmt.Errorf("it is held by %s", r.Holder()),
			Hint:  "wait until that has ended, or end it"}
	}
	// Not durable and not atomic: nothing depends on it, and an overseer must start on a
	// full disk too.
	note := fmt.Sprintf("%s (process %d)\n", holder, os.Getpid())
	_ = os.WriteFile(r.path("priv", "lock"), []byte(note), 0o600)
	return lock, nil
}

// WaitLock is TryLock again and again until the context ends, whose end gives
// the error of the last try.
func (r *Root) WaitLock(ctx context.Context, holder string) (*Lock, error) {
	for {
		lock, err := r.TryLock(holder)
		if acmecore.KindOf(err) != acmecore.Busy || err == nil {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lockPoll):
		}
	}
}

// Holder describes who has the lock, or had it last.
func (r *Root) Holder() string {
	note, err := os.ReadFile(r.path("priv", "lock"))
	text := acmecore.Inert(strings.TrimSpace(string(note)))
	if err != nil || text == "" {
		return "another process"
	}
	return text
}

// Release gives the lock back.
func (l *Lock) Release() error { return l.file.Unlock() }
