package renew

import (
	"sync"
	"time"
)

// batchTime is how long the first certificate with new files waits for the others
// of its pass: one whose CA hangs must not keep them from being loaded.
const batchTime = time.Minute

// batch gathers the certificates of a run that are to be loaded and verified, so
// that the load actions run once for all of them.
type batch struct {
	deliver func([]*job)

	mu      sync.Mutex
	active  int // certificates that may still join
	waiting []*job
	timer   *time.Timer
	works   sync.WaitGroup // deliveries under way
}

func newBatch(deliver func([]*job)) *batch { return &batch{deliver: deliver} }

// enter announces one that may join.
func (b *batch) enter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active++
}

// leave takes one back that does not join.
func (b *batch) leave() {
	b.mu.Lock()
	b.active--
	ready := b.ready()
	b.mu.Unlock()
	b.run(ready)
}

// join adds the job. It is delivered with those that wait when nobody else is
// expected, or when the first of them has waited long enough.
func (b *batch) join(j *job) {
	b.mu.Lock()
	b.active--
	b.waiting = append(b.waiting, j)
	if len(b.waiting) == 1 {
		b.timer = time.AfterFunc(batchTime, b.late)
	}
	ready := b.ready()
	b.mu.Unlock()
	b.run(ready)
}

// wait returns when everything that joined was delivered. All must have joined or
// left.
func (b *batch) wait() { b.works.Wait() }

// ready takes those that wait when nobody else is expected.
func (b *batch) ready() []*job {
	if b.active > 0 {
		return nil
	}
	return b.take()
}

// take counts the delivery before the lock is given back, so that wait knows of it.
func (b *batch) take() []*job {
	taken := b.waiting
	b.waiting = nil
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if len(taken) > 0 {
		b.works.Add(1)
	}
	return taken
}

// late deals with those that have waited long enough.
func (b *batch) late() {
	b.mu.Lock()
	taken := b.take()
	b.mu.Unlock()
	b.run(taken)
}

func (b *batch) run(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	defer b.works.Done()
	b.deliver(jobs)
}
