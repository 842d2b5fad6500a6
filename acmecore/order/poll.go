package order

import (
	"context"
	"time"
)

// The waits between two looks at something that the CA works on, where it does
// not say how long it wants us to wait.
const (
	firstWait = 50 * time.Millisecond
	lastWait  = 5 * time.Second
)

// maxStumbles is how many looks in a row may fail by an error that can pass.
const maxStumbles = 4

// poll looks again and again until look says that it is done. Between two looks
// it waits as long as the CA's answer asks, within bounds, and otherwise 50 ms
// at first and half as much again each time, up to 5 s.
func (c *Client) poll(ctx context.Context, look func(context.Context) (done bool, err error)) error {
	wait, stumbles := firstWait, 0
	for {
		answer := new(exchange)
		done, err := look(withExchange(ctx, answer))
		if err != nil {
			if stumbles++; !c.passing(err) || stumbles > maxStumbles {
				return err
			}
		} else {
			stumbles = 0
		}
		if done && err == nil {
			return nil
		}
		pause := answer.patience(c.now())
		if pause == 0 {
			pause, wait = wait, min(wait*3/2, lastWait)
		}
		if err := c.sleep(ctx, pause); err != nil {
			return err
		}
	}
}
