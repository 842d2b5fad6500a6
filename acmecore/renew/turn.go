package renew

import (
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// Choice is which CAs a certificate may be ordered from; the zero value leaves none to
// choose.
type Choice struct {
	CAs   []string // in their order, as the configuration calls them
	After int      // attempts that must have failed before the next one is asked
	// May tells whether a CA other than the first one may be asked, as far as is known.
	May func(ca string) bool
}

// Turn returns the CA that the next order goes to, by its place among the choices.
func (s Situation) Turn() int {
	return schedule.Turn(s.Choice.CAs, s.Standing.Failures, s.Certificate, s.Choice.After, s.Choice.May)
}

// NextTry is when an attempt may be made again at the CA in turn; see schedule.NextTry.
// What failed at other CAs keeps that one from nothing.
func (s Situation) NextTry(now time.Time) time.Time {
	return schedule.NextTry(s.tries(), s.Certificate, now)
}

// tries are the failures that count for the CA in turn.
func (s Situation) tries() []acmecore.Failure {
	if len(s.Choice.CAs) == 0 {
		return s.Standing.Failures
	}
	return schedule.At(s.Choice.CAs[s.Turn()], s.Standing.Failures)
}

// Full says that an order would find no room in what its CA allows; the zero value finds
// room.
type Full struct {
	Until   time.Time // when there is room again
	Problem string    // in a sentence, inert
	Hint    string
}

// PostponedError is what Obtain returns where it has asked nobody, because the CA would
// have refused: no attempt was made, and none failed.
type PostponedError struct{ Full }

func (e *PostponedError) Error() string { return e.Problem }
