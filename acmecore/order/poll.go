package order

import (
	"context"
	"time"
)

// The waits between two looks at something that the CA works on, where it does
// not say how long it wants us to wait: half as long again each time, so that
// half an hour needs fewer than fifty looks.
const (
	firstWait = 50 * time.Millisecond
	lastWait  = time.Minute
)

// The looks in a row that may fail by an error that can pass, and the wait after
// the first of them, which doubles.
const (
	maxStumbles = 4
	stumbleWait = time.Second
)

// maxLanes is how many authorizations are looked at, at a time. With more of
// them there is a nonce to ask for at each request; with few of them each
// answer brings the next one's.
const maxLanes = 8

// poll looks again and again until look says that it is done. Between two looks
// it waits as long as the CA's answer asks, within bounds.
func (c *Client) poll(ctx context.Context, look func(context.Context) (done bool, err error)) error {
	wait, stumbles := firstWait, 0
	for {
		answer := new(exchange)
		done, err := c.inLane(withExchange(ctx, answer), look)
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			stumbles = 0
		case stumbles == maxStumbles || !c.passing(err):
			return err
		default:
			stumbles++
		}
		pause := answer.retryAfter
		switch {
		case pause > 0:
		case stumbles > 0:
			pause = stumbleWait << (stumbles - 1)
		default:
			pause, wait = wait, min(wait*3/2, lastWait)
		}
		if err := c.sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// inLane looks when one of the lanes is free.
func (c *Client) inLane(ctx context.Context, look func(context.Context) (bool, error)) (bool, error) {
	select {
	case c.lanes <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-c.lanes }()
	return look(ctx)
}

// once makes a call of the library whose request may be sent once. A nonce that
// cannot be had is waited for, and so is one that the CA takes: it has not heard the
// request yet.
func (c *Client) once(ctx context.Context, op, subject string, call func(context.Context) error) error {
	return c.onceIn(ctx, new(exchange), op, subject, call)
}

// onceIn is once where the answer is looked at, or the request is changed.
func (c *Client) onceIn(ctx context.Context, answer *exchange, op, subject string, call func(context.Context) error) error {
	var called error
	answer.once = true
	err := c.poll(ctx, func(ctx context.Context) (done bool, err error) {
		called = call(withExchange(ctx, answer))
		exchangeOf(ctx).retryAfter = answer.retryAfter
		if called == nil || answer.posted {
			return true, nil
		}
		return false, c.explain(called, op, subject)
	})
	if err != nil {
		return err
	}
	return c.explain(called, op, subject)
}
