package badca_test

import (
	"context"
	"sync"
	"time"
)

// attemptTime is what an attempt at a CA may take, by any clock.
const attemptTime = 30 * time.Minute

// clock is one on which nobody waits: a sleep sets it on.
type clock struct {
	mu      sync.Mutex
	ahead   time.Duration // of the machine's clock
	ends    time.Time     // of the attempt
	abandon context.CancelFunc
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Round(0).Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// begin returns the context of an attempt, which ends when the clock has gone on by
// attemptTime: a deadline of the machine's clock would be half an hour away.
func (c *clock) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	ends := c.now().Add(attemptTime)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends, c.abandon = ends, cancel
	return ctx, cancel
}

// pause is the longest that a sleep takes: the CA needs a moment, too.
const pause = 25 * time.Millisecond

func (c *clock) end() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ends
}

// sleep is order.Options.Sleep.
func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	time.Sleep(min(d, pause))
	c.advance(max(d-pause, 0))
	if now := c.now(); now.After(c.end()) {
		c.abandon()
	}
	return ctx.Err()
}

// reset puts the clock back to the machine's time.
func (c *clock) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = 0
}
