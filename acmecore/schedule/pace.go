package schedule

import (
	"math"
	"time"
)

// Pace is how many orders may be placed at a CA at once: a bucket of tokens that
// fills with time. The zero value is a full one. It is kept over restarts.
type Pace struct {
	Tokens float64   `json:"tokens"`
	At     time.Time `json:"at"` // when there were so many
}

// Take takes a token for an order from a bucket that holds so many orders and
// fills in the time per: wait is 0 when there was one, and otherwise how long it
// takes until there is. An orders or per of 0 or less is no limit.
//
// A clock that is set back gives nothing, and one that is set forward a full bucket
// at most; no wait is longer than per.
func (p Pace) Take(now time.Time, orders int, per time.Duration) (after Pace, wait time.Duration) {
	if orders <= 0 || per <= 0 {
		return p, 0
	}
	now = now.Round(0).UTC()
	tokens := p.filled(now, orders, per)
	// What is missing by rounding is not missing.
	if tokens >= 1-1e-6 {
		return Pace{Tokens: max(tokens-1, 0), At: now}, 0
	}
	missing := (1 - tokens) * float64(per) / float64(orders)
	return Pace{Tokens: tokens, At: now}, min(max(time.Duration(math.Ceil(missing)), 1), per)
}

func (p Pace) filled(now time.Time, orders int, per time.Duration) float64 {
	if p.At.IsZero() {
		return float64(orders)
	}
	elapsed := min(max(now.Sub(p.At), 0), per)
	tokens := max(p.Tokens, 0) + float64(elapsed)/float64(per)*float64(orders)
	if math.IsNaN(tokens) {
		return 0
	}
	return min(tokens, float64(orders))
}
