package schedule_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// TestTurnOfCAs: each letter is an attempt that failed, at CA a, b or c: a capital one
// through the CA's fault.
func TestTurnOfCAs(t *testing.T) {
	for _, row := range []struct {
		name     string
		failures string
		closed   string // CAs that may not be asked
		want     string
	}{
		{"nothing has failed", "", "", "a"},
		{"three times", "AAA", "", "a"},
		{"four times", "AAAA", "", "b"},
		{"five times, as nobody else could be asked", "AAAAA", "bc", "a"},
		{"four times, and the next one may not be asked", "AAAA", "b", "c"},
		{"names were refused, again and again", "aaaaaaa", "", "a"},
		{"names were refused in between", "AAAaAAA", "", "a"},
		{"the next one fails too", "AAAAB", "", "b"},
		{"the next one fails as often", "AAAABBBB", "", "c"},
		{"all of them", "AAAABBBBCCCC", "", "a"},
		{"all of them, and the first one again", "AAAABBBBCCCCA", "", "b"},
		{"all of them twice", "AAAABBBBCCCCABC", "", "a"},
		{"the second one refuses names", "AAAAb", "", "b"},
		{"it was the turn of one that is not in the list any more", "XXXX", "", "b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var failures []acmecore.Failure
			for _, c := range row.failures {
				failures = append(failures, acmecore.Failure{CA: strings.ToLower(string(c)), AtFault: c < 'a'})
			}
			cas := []string{"a", "b", "c"}
			turn := schedule.Turn(cas, failures, acmecore.Certificate{NotAfter: begin.Add(90 * day)}, 4, func(ca string) bool { return !strings.Contains(row.closed, ca) })
			if got := cas[turn]; got != row.want {
				t.Errorf("after %q it is the turn of %s, want %s", row.failures, got, row.want)
			}
		})
	}
}

var begin = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// TestTurnAfterLimits: patience that the certificate has is asked for in good right.
func TestTurnAfterLimits(t *testing.T) {
	cas, may := []string{"a", "b"}, func(string) bool { return true }
	failures := []acmecore.Failure{{CA: "a", Kind: acmecore.Limited, Until: begin.Add(20 * time.Hour)}}
	for _, row := range []struct {
		name string
		end  time.Time
		want int
	}{
		{"it lives longer", begin.Add(21 * time.Hour), 0},
		{"it expires before", begin.Add(19 * time.Hour), 1},
		{"there is none", time.Time{}, 1},
	} {
		if got := schedule.Turn(cas, failures, acmecore.Certificate{NotAfter: row.end}, 1, may); got != row.want {
			t.Errorf("%s: the turn of %s, want %s", row.name, cas[got], cas[row.want])
		}
	}
}

// TestTurnOutlastsWhatIsForgotten: of many failures only some are remembered.
func TestTurnOutlastsWhatIsForgotten(t *testing.T) {
	var failures []acmecore.Failure
	cas, asked := []string{"a", "b"}, ""
	for range 60 {
		turn := schedule.Turn(cas, failures, acmecore.Certificate{}, 4, func(string) bool { return true })
		asked += cas[turn]
		failures = schedule.Note(failures, acmecore.Failure{CA: cas[turn], AtFault: true})
	}
	if !strings.HasPrefix(asked, "aaaabbbbabab") || strings.Count(asked[12:], "a") < 20 || strings.Count(asked[12:], "b") < 20 {
		t.Errorf("asked were %s", asked)
	}
}

func TestFailuresElsewhereKeepNobodyWaiting(t *testing.T) {
	failures := []acmecore.Failure{{CA: "a"}, {CA: "b"}, {}}
	if got := schedule.At("b", failures); len(got) != 2 || slices.ContainsFunc(got, func(f acmecore.Failure) bool { return f.CA == "a" }) {
		t.Errorf("of b are %v", got)
	}
}
