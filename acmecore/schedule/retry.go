package schedule

import (
	"slices"
	"time"

	"wcme/acmecore"
)

// The distances of attempts to obtain a certificate. With what the CAs allow in
// mind: an attempt may cost each name an authorization, of which Let's Encrypt
// lets five an hour fail.
const (
	twiceDaily = 12 * time.Hour // in the last sixth of its life
	hurried    = 6 * time.Hour  // in its last hours, and when it is over
	lastHours  = 72 * time.Hour
	limited    = time.Hour // after a rate limit without an end
	maxUntil   = day       // of what a CA asks for
)

func firstTries() []time.Duration {
	return []time.Duration{time.Minute, 10 * time.Minute, 100 * time.Minute}
}

// NextTry returns when an attempt to obtain the certificate may be made again
// after the attempts that failed since the last one that did not, the oldest
// first: the zero time, and each in the past, means at once.
//
//	the last failure            the next try
//	may pass                    1, 10, 100 minutes later for the first three, then as below
//	will not (refused, denied,  a day later; 12 hours in the last sixth of the certificate's
//	invalid)                    life; 6 hours in its last 72 hours and when it has expired
//	has an end                  not before that, at most a day later
//	is a limit without an end   not before an hour is over
//
// That makes three attempts in the first hour, whatever the failures are. Where
// somebody tries out of turn those count too, and from the fourth failure on the
// schedule adds none for six hours: no name is refused a fifth time in an hour. A
// failure more than a day ahead is of a clock that was set back: it is not waited for.
func NextTry(failures []acmecore.Failure, c acmecore.Certificate, now time.Time) time.Time {
	if isStale(failures, now) {
		return time.Time{}
	}
	last := failures[len(failures)-1]
	next := regular(last.At, c)
	if tries := firstTries(); !isPermanent(last.Kind) && len(failures) <= len(tries) {
		next = last.At.Add(tries[len(failures)-1])
	}
	until := last.Until
	if last.Kind == acmecore.Limited && !until.After(last.At) {
		until = last.At.Add(limited)
	}
	return later(next, sooner(until, last.At.Add(maxUntil)))
}

// isStale tells that nothing is to be waited for.
func isStale(failures []acmecore.Failure, now time.Time) bool {
	return len(failures) == 0 || failures[len(failures)-1].At.After(now.Add(day))
}

// isPermanent: somebody must do something before another attempt can fare better.
func isPermanent(kind acmecore.Kind) bool {
	return kind == acmecore.Refused || kind == acmecore.Denied || kind == acmecore.Invalid
}

// regular is the next of the tries that go on for ever. A shorter distance counts
// from when its part of the life begins, and not only after the next try.
func regular(at time.Time, c acmecore.Certificate) time.Time {
	next := at.Add(day)
	if c.NotAfter.IsZero() {
		return next
	}
	next = sooner(next, later(at.Add(twiceDaily), lastSixth(c)))
	return sooner(next, later(at.Add(hurried), c.NotAfter.Add(-lastHours)))
}

// maxFailures is how many failures are remembered.
const maxFailures = 12

// Note adds a failure to those before: of many, the first one stays, and the last
// ones. The list given is not changed.
func Note(failures []acmecore.Failure, failure acmecore.Failure) []acmecore.Failure {
	noted := append(slices.Clone(failures), failure)
	if excess := len(noted) - maxFailures; excess > 0 {
		noted = slices.Delete(noted, 1, 1+excess)
	}
	return noted
}

// NextLoad returns when installing, loading and verifying may be tried again after
// tries that failed, the oldest first: 1, 5 and 15 minutes after the first three,
// then after an hour, and when it has gone on for a day after six. The zero time,
// and each in the past, means at once; a clock that was set back is as in NextTry.
func NextLoad(failures []acmecore.Failure, now time.Time) time.Time {
	if isStale(failures, now) {
		return time.Time{}
	}
	first, last := failures[0], failures[len(failures)-1]
	tries := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	switch {
	case len(failures) <= len(tries):
		return last.At.Add(tries[len(failures)-1])
	case last.At.Sub(first.At) > day:
		return last.At.Add(6 * time.Hour)
	}
	return last.At.Add(time.Hour)
}
