package schedule

import (
	"slices"

	"wcme/acmecore"
)

// Turn returns which of several CAs is asked next, by its place among them, after the
// attempts that failed since the last one that did not, the oldest first.
//
// The first one is, until so many attempts in a row have failed there through no fault
// of the certificate's; then the next one that may be asked, and after the last the first
// again. A CA that has had its attempts before gets one each time: all of them are in
// trouble then. Where no other may be asked it stays the turn of the one that failed.
func Turn(cas []string, failures []acmecore.Failure, c acmecore.Certificate, after int, may func(ca string) bool) int {
	if len(cas) < 2 || len(failures) == 0 {
		return 0
	}
	last := max(slices.Index(cas, failures[len(failures)-1].CA), 0)
	begin := len(failures)
	for begin > 0 && isOf(failures[begin-1], cas, last) && isItsFault(failures[begin-1], c) {
		begin--
	}
	row := len(failures) - begin
	if row == 0 || row < max(after, 1) && !hadTurn(failures[:begin], cas, last) {
		return last
	}
	for step := 1; step < len(cas); step++ {
		if next := (last + step) % len(cas); may(cas[next]) {
			return next
		}
	}
	return last
}

// hadTurn tells whether the CA was asked before another one was.
func hadTurn(failures []acmecore.Failure, cas []string, place int) bool {
	for len(failures) > 0 && isOf(failures[len(failures)-1], cas, place) {
		failures = failures[:len(failures)-1]
	}
	return slices.ContainsFunc(failures, func(f acmecore.Failure) bool { return isOf(f, cas, place) })
}

// isOf tells whether a failure is of that CA; one of which that was not noted is the
// first one's.
func isOf(f acmecore.Failure, cas []string, place int) bool {
	return max(slices.Index(cas, f.CA), 0) == place
}

// isItsFault tells whether another CA might have fared better: also where this one asks
// for more patience than the certificate has.
func isItsFault(f acmecore.Failure, c acmecore.Certificate) bool {
	return f.AtFault || f.Kind == acmecore.Limited && (c.NotAfter.IsZero() || f.Until.After(c.NotAfter))
}

// At leaves out the failures at other CAs than the one: they say nothing of when that one
// may be asked.
func At(ca string, failures []acmecore.Failure) (list []acmecore.Failure) {
	for _, failure := range failures {
		if failure.CA == "" || failure.CA == ca {
			list = append(list, failure)
		}
	}
	return list
}
