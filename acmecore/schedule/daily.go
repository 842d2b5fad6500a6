package schedule

import (
	"sort"
	"time"
)

// TimeOfDay is a time on a clock at the wall.
type TimeOfDay struct{ Hour, Minute int }

// maxJitter keeps each pass before that of the next day.
const maxJitter = 12 * time.Hour

// NextDaily returns the first daily pass after the time. Where the clock jumps
// over the time of day the pass is at the jump, where the clock shows it twice at
// the first of them, and a day that a time zone leaves out has none. Jitter is the
// same for all passes of a day.
func (r Rules) NextDaily(after time.Time) time.Time {
	after = bounded(after)
	year, month, today := after.In(r.location()).Date()
	for number := today - 1; ; number++ { // yesterday's may come today
		if pass, exists := r.pass(year, month, number); exists && pass.After(after) {
			return pass
		}
	}
}

// lastDaily returns the last daily pass that is not after the time.
func (r Rules) lastDaily(at time.Time) time.Time {
	at = bounded(at)
	year, month, today := at.In(r.location()).Date()
	for number := today + 1; ; number-- {
		if pass, exists := r.pass(year, month, number); exists && !pass.After(at) {
			return pass
		}
	}
}

func (r Rules) location() *time.Location {
	if r.Location == nil {
		return time.Local
	}
	return r.Location
}

// bounded returns a time that can be reckoned with, and that a certificate can
// have (RFC 5280 section 4.1.2.5): far beyond, the arithmetic of package time wraps.
func bounded(t time.Time) time.Time {
	return sooner(later(t, time.Date(1, time.February, 1, 0, 0, 0, 0, time.UTC)), time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC))
}

// pass returns the daily pass of a date, of which days may be counted beyond the
// ends of the month.
func (r Rules) pass(year int, month time.Month, number int) (pass time.Time, exists bool) {
	location, date := r.location(), time.Date(year, month, number, 0, 0, 0, 0, time.UTC)
	year, month, number = firstReading(location, date).In(location).Date()
	if !date.Equal(time.Date(year, month, number, 0, 0, 0, 0, time.UTC)) {
		return time.Time{}, false
	}
	pass = firstReading(location, date.Add(time.Duration(r.Daily.Hour)*time.Hour+time.Duration(r.Daily.Minute)*time.Minute))
	if jitter := min(r.Jitter, maxJitter); jitter > 0 {
		pass = pass.Add(share(jitter, r.Seed, date.Format(time.DateOnly)))
	}
	return pass, true
}

// around is how far from a reading, taken as UTC, the moment at which a clock at
// the wall shows it can be; no place is as far from UTC.
const around = 30 * time.Hour

// firstReading returns the first moment at which a clock at the wall shows the
// reading, which is given as if it were UTC; where it shows it never, the moment at
// which it jumps over it. (time.Date promises neither, and Time.ZoneBounds stands
// still in some years from 2038.)
func firstReading(location *time.Location, reading time.Time) time.Time {
	before, after := offset(location, reading.Add(-around)), offset(location, reading.Add(around))
	for _, shown := range []time.Duration{max(before, after), min(before, after)} {
		if moment := reading.Add(-shown); offset(location, moment) == shown {
			return moment
		}
	}
	jump := sort.Search(int(2*around/time.Second), func(seconds int) bool {
		return offset(location, reading.Add(time.Duration(seconds)*time.Second-around)) != before
	})
	return reading.Add(time.Duration(jump)*time.Second - around)
}

// offset is how far a clock at the wall is ahead of UTC.
func offset(location *time.Location, at time.Time) time.Duration {
	_, seconds := at.In(location).Zone()
	return time.Duration(seconds) * time.Second
}

// The bounds of one sleep: a clock that was set, and a host that was suspended,
// are noticed within MaxSleep; and nothing makes the overseer run without a rest.
const (
	MinSleep = time.Second
	MaxSleep = 10 * time.Minute
)

// Until returns how long to sleep now when the next thing to do is at the time
// next, by the wall clock: the monotonic one stands still while a host is
// suspended.
func Until(now, next time.Time) time.Duration {
	return min(max(next.Round(0).Sub(now.Round(0)), MinSleep), MaxSleep)
}
