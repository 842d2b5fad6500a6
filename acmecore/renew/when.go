package renew

import (
	"sync"
	"time"

	"wcme/acmecore"
)

// Rhythm is when the passes of Pipeline.KeepTime were and will be. It can be asked
// while they are made; its zero value is one of no passes.
type Rhythm struct {
	mu     sync.Mutex
	awake  time.Time            // when Keep was last awake; zero before it is
	next   time.Time            // the next daily pass
	last   time.Time            // when the last pass over everything ended
	run    string               // that pass
	at     map[uint64]time.Time // the passes at work, and when each was last heard of
	number uint64               // of the last one
}

// silence is how long nothing may be heard of the daily work.
const silence = time.Hour

// Last returns when the last pass over all certificates ended, and its run, of which
// there is a record where it was the daily one or did something. at is zero before the
// first.
func (r *Rhythm) Last() (at time.Time, run string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.run
}

// Next returns when the next daily pass is planned; zero while none is.
func (r *Rhythm) Next() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// Silent returns since when the daily work has been at a standstill: a pass of which
// nothing was heard for an hour, or one that was not begun an hour after its time. It
// is zero while all goes well. Time in which the host sleeps does not count.
func (r *Rhythm) Silent() (since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, heard := range r.at {
		since = silentSince(since, heard)
	}
	return silentSince(since, r.awake)
}

// silentSince takes in something that was last heard of at that time. The monotonic
// clock decides: it stands still while a host is suspended.
func silentSince(since, heard time.Time) time.Time {
	if heard.IsZero() || time.Since(heard) < silence {
		return since
	}
	if since.IsZero() {
		return heard
	}
	return sooner(since, heard)
}

// wakes notes that Keep is awake, and when the next daily pass is.
func (r *Rhythm) wakes(next time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.awake, r.next = time.Now(), next
}

// begins notes a pass. heard is told of each of its steps, and ends of its end.
func (r *Rhythm) begins() (heard acmecore.Progress, ends func(run acmecore.Run, whole bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = make(map[uint64]time.Time)
	}
	r.number++
	number := r.number
	r.at[number] = time.Now()
	heard = func(acmecore.Step) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.at[number] = time.Now()
	}
	ends = func(run acmecore.Run, whole bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.at, number)
		if !whole {
			return
		}
		r.last, r.run = time.Now(), run.ID
	}
	return heard, ends
}
