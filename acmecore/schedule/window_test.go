package schedule_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

func failing(kind acmecore.Kind) schedule.Answer {
	return schedule.Answer{Err: &acmecore.Error{Kind: kind, Op: "ask", Cause: errors.New("no\x1b[2J")}}
}

var (
	start = birth.Add(59 * day)
	end   = birth.Add(61 * day)
)

// TestLearnWindow: what is known after an answer, and when the CA is asked again
// (RFC 9773 section 4.3.2).
func TestLearnWindow(t *testing.T) {
	for name, row := range map[string]struct{ retryAfter, want time.Duration }{
		"six hours":       {6 * time.Hour, 6 * time.Hour},
		"K09 a second":    {time.Second, time.Minute},
		"a minute":        {time.Minute, time.Minute},
		"a day":           {day, day},
		"a year":          {365 * day, day},
		"the longest":     {math.MaxInt64, day},
		"absent":          {0, 6 * time.Hour},
		"K09 of the past": {-time.Hour, 6 * time.Hour},
		"the shortest":    {math.MinInt64, 6 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			before := acmecore.RenewalInfo{Fingerprint: "f1", Failures: 3, Problem: "no", Followed: true, Start: birth, End: end, Explanation: "old"}
			got := schedule.Learn(before, schedule.Answer{Start: start, End: end, Explanation: "https://ca.example/\n", RetryAfter: row.retryAfter}, birth)
			want := acmecore.RenewalInfo{Fingerprint: "f1", Start: start, End: end, Explanation: "https://ca.example/",
				Asked: birth, Next: birth.Add(row.want), Followed: true}
			if got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestLearnFailure: trouble that passes is asked about after 1, 2, 4, … minutes, and
// all else after six hours (RFC 9773 section 4.3.3). The window stays.
func TestLearnFailure(t *testing.T) {
	const m, h = time.Minute, time.Hour
	passing := []time.Duration{m, 2 * m, 4 * m, 8 * m, 16 * m, 32 * m, 64 * m, 128 * m, 6 * h, 6 * h}
	lasting := []time.Duration{6 * h, 6 * h, 6 * h}
	patient := failing(acmecore.Limited)
	patient.RetryAfter = 3 * h
	endless := failing(acmecore.Unreachable)
	endless.RetryAfter = 400 * day
	hasty := failing(acmecore.Limited)
	hasty.RetryAfter = time.Second
	refused := failing(acmecore.Refused)
	refused.RetryAfter = 8 * h
	for name, row := range map[string]struct {
		answer schedule.Answer
		waits  []time.Duration
	}{
		"network and 5xx":                  {failing(acmecore.Unreachable), passing},
		"429 without a time":               {failing(acmecore.Limited), passing},
		"a question that was broken off":   {failing(acmecore.Internal), passing},
		"N07 429 for three hours":          {patient, []time.Duration{3 * h, 3 * h, 3 * h}},
		"N07 503 for 400 days":             {endless, []time.Duration{day, day}},
		"K09 429 for a second":             {hasty, passing},
		"404":                              {failing(acmecore.Refused), lasting},
		"404 for eight hours":              {refused, []time.Duration{8 * h, 8 * h}},
		"a bad configuration":              {failing(acmecore.Invalid), lasting},
		"K10 an inverted window":           {schedule.Answer{Start: end, End: start}, lasting},
		"an answer without a window":       {schedule.Answer{}, lasting},
		"a CA that never says such things": {failing(acmecore.NotFound), []time.Duration{day, day}},
	} {
		t.Run(name, func(t *testing.T) {
			now := birth
			info := acmecore.RenewalInfo{Fingerprint: "f1", Start: start, End: end, Explanation: "https://ca.example/"}
			for number, wait := range row.waits {
				info = schedule.Learn(info, row.answer, now)
				if got := info.Next.Sub(now); got != wait {
					t.Errorf("after failure %d it is asked again after %v, want %v", number+1, got, wait)
				}
				if info.Start != start || info.End != end || info.Explanation == "" {
					t.Errorf("after failure %d the window is forgotten", number+1)
				}
				if info.Failures != number+1 || info.Problem == "" || info.Problem != acmecore.Inert(info.Problem) {
					t.Errorf("after failure %d there are %d, the last one %q", number+1, info.Failures, info.Problem)
				}
				now = info.Next
			}
		})
	}
}

// TestLearnFromADamagedFile: any count of failures is one to go on from.
func TestLearnFromADamagedFile(t *testing.T) {
	for _, failures := range []int{math.MinInt, -1, 0, 63, 64, 65, math.MaxInt - 1} {
		t.Run(fmt.Sprint(failures), func(t *testing.T) {
			info := schedule.Learn(acmecore.RenewalInfo{Failures: failures}, failing(acmecore.Unreachable), birth)
			if wait := info.Next.Sub(birth); wait < time.Minute || wait > 6*time.Hour {
				t.Errorf("it is asked again after %v", wait)
			}
		})
	}
}

// TestNextAsk: who is asked about, and when.
func TestNextAsk(t *testing.T) {
	now := birth.Add(10 * day)
	c := living(90 * day)
	missing, unusable, unknown := c, c, c
	missing.Version, unusable.Problem, unknown.Fingerprint = "", "bad", ""
	known := func(next time.Time) acmecore.RenewalInfo {
		return acmecore.RenewalInfo{Fingerprint: "f1", Start: start, End: end, Next: next}
	}
	for name, row := range map[string]struct {
		info acmecore.RenewalInfo
		c    acmecore.Certificate
		at   time.Time
		asks bool
	}{
		"never asked":                       {acmecore.RenewalInfo{}, c, time.Time{}, true},
		"asked":                             {known(now.Add(time.Hour)), c, now.Add(time.Hour), true},
		"asked long ago":                    {known(now.Add(-time.Hour)), c, now.Add(-time.Hour), true},
		"asked of the one before":           {acmecore.RenewalInfo{Fingerprint: "f0", Next: now.Add(time.Hour)}, c, time.Time{}, true},
		"K02 asked before a clock set back": {known(now.Add(40 * day)), c, time.Time{}, true},
		"missing":                           {known(now), missing, time.Time{}, false},
		"unusable":                          {known(now), unusable, time.Time{}, false},
		"unknown":                           {known(now), unknown, time.Time{}, false},
		"K08 expired":                       {known(now), living(10 * day), time.Time{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if at, asks := schedule.NextAsk(row.info, row.c, now); !at.Equal(row.at) || asks != row.asks {
				t.Errorf("got %s, %v, want %s, %v", at, asks, row.at, row.asks)
			}
		})
	}
}

// TestAbout: what is known of the certificate before is forgotten, but for that
// there was a window.
func TestAbout(t *testing.T) {
	c := living(90 * day)
	window := acmecore.RenewalInfo{Fingerprint: "f1", Start: start, End: end, Next: end, Failures: 2, Problem: "no"}
	if got := schedule.About(window, c); got != window {
		t.Errorf("of the same certificate, got %v, want %v", got, window)
	}
	c.Fingerprint = "f2"
	if got, want := schedule.About(window, c), (acmecore.RenewalInfo{Fingerprint: "f2", Followed: true}); got != want {
		t.Errorf("of another one, got %v, want %v", got, want)
	}
	if got, want := schedule.About(acmecore.RenewalInfo{}, c), (acmecore.RenewalInfo{Fingerprint: "f2"}); got != want {
		t.Errorf("of the first one, got %v, want %v", got, want)
	}
}
