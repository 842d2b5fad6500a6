// Package schedule says when: when a certificate is renewed and why then, when a
// CA is asked about it, when an attempt that failed is made again, how many orders
// may be placed now, and how long to sleep.
//
// All of it is arithmetic on what the caller knows and on the time that the caller
// says it is: nothing here reads a clock, a disk or a network, and what looks like
// chance is a hash, so that a restart changes no plan.
//
//	is it …                        it is renewed
//	missing or unusable            at once
//	under Rules.Before             so long before its end, and never in the first third of its life
//	in a window of its CA          at a moment in there, the same for as long as the window stays (RFC 9773)
//	of a life of 10 days or more   when a third of it is left
//	of a shorter life              when half of it is left
//
// Where neither the CA nor a short life sets the moment, it moves to the daily pass
// before it, as servers are reloaded at night. To the one before, as a third of its
// life is then left in truth: 30 days of 90 outlast a CA that is away for 29. A
// window never takes it into the last sixth of its life, so that what goes wrong can
// still be put right.
//
// The overseer's part is small: it asks the CA where NextAsk says so and keeps what
// Learn makes of the answer, obtains what both Rules.Renewal and NextTry let it, at
// the Pace, keeps each failure by Note, and sleeps for Until between.
//
// Times that make no sense (of a clock that jumped, of a damaged file, of a CA) are
// bounded wherever they come in. None of them makes the overseer run, or stop for
// longer than two days.
package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"

	"wcme/acmecore"
)

const day = 24 * time.Hour

// shortLife is the life below which a certificate is renewed when half of it is
// left: a third of it has no room for several tries.
const shortLife = 10 * day

// Rules are the administrator's wishes.
type Rules struct {
	// Before is how long before its end a certificate is renewed, whatever its CA
	// and its life say; 0 leaves it to them.
	Before time.Duration
	// Daily is when the daily pass is, in Location.
	Daily TimeOfDay
	// Jitter is how much later than Daily a pass may be, at most 12 hours: without
	// it all hosts of the world go to the CA at the same moment.
	Jitter time.Duration
	// Location is the time zone; nil means time.Local.
	Location *time.Location
	// Seed is a text that other hosts do not have; it decides between moments that
	// are all as good.
	Seed string
}

// Renewal returns when the certificate is to be renewed, and why then. The zero
// time, and each in the past, means at once.
func (r Rules) Renewal(c acmecore.Certificate, info acmecore.RenewalInfo) acmecore.Renewal {
	switch {
	case c.Problem != "":
		return acmecore.Renewal{Reason: acmecore.BecauseUnusable, Text: c.Problem}
	case c.Version == "":
		return acmecore.Renewal{Reason: acmecore.BecauseMissing, Text: "it was never obtained, or its files are gone"}
	case lifeOf(c) <= 0:
		return acmecore.Renewal{Reason: acmecore.BecauseUnusable, Text: "it ends before it begins"}
	case r.Before > 0:
		return r.byBefore(c)
	case isUsable(info, c):
		return r.byWindow(c, info)
	}
	return r.byLife(c)
}

func (r Rules) byBefore(c acmecore.Certificate) acmecore.Renewal {
	renewal := acmecore.Renewal{Reason: acmecore.BecauseBefore, Text: "it is " + inWords(r.Before) + " before its end, as `before` says"}
	before := r.Before
	// A life that is not longer than that would be renewed without an end.
	if most := lifeOf(c) / 3 * 2; before > most {
		before = most
		renewal.Text = "two thirds of its life are left; `before` says " + inWords(r.Before) + ", which is too long for it"
	}
	renewal.At = c.NotAfter.Add(-before)
	if lifeOf(c) >= shortLife {
		renewal.At = r.lastDaily(renewal.At)
	}
	return renewal
}

func (r Rules) byLife(c acmecore.Certificate) acmecore.Renewal {
	life := lifeOf(c)
	if life < shortLife {
		return acmecore.Renewal{At: c.NotAfter.Add(-life / 2), Reason: acmecore.BecauseHalf,
			Text: "half of its life, which is shorter than ten days, is left"}
	}
	return acmecore.Renewal{At: r.lastDaily(c.NotAfter.Add(-life / 3)), Reason: acmecore.BecauseThird, Text: "a third of its life is left"}
}

func lifeOf(c acmecore.Certificate) time.Duration { return c.NotAfter.Sub(c.NotBefore) }

// lastSixth is when the last sixth of the certificate's life begins.
func lastSixth(c acmecore.Certificate) time.Time { return c.NotAfter.Add(-lifeOf(c) / 6) }

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// share is a part of the span, which is not negative, from 0 to just below the
// whole of it: the same for the same texts, and as good as chance for others.
func share(span time.Duration, texts ...string) time.Duration {
	hash := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(hash, "%d:%s", len(text), text)
	}
	part, _ := bits.Mul64(binary.BigEndian.Uint64(hash.Sum(nil)), uint64(span))
	return time.Duration(part)
}

// inWords reads "30 days", "1 day" or "12h30m".
func inWords(d time.Duration) string {
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(text) - len(zero); n > 0 && text[n:] == zero {
			text = text[:n+1]
		}
	}
	return text
}
