package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

const day = 24 * time.Hour

// birth is when certificates begin, at noon.
var birth = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// nightly are the rules of an administrator who has no wishes.
var nightly = schedule.Rules{Daily: schedule.TimeOfDay{Hour: 0, Minute: 20}, Location: time.UTC, Seed: "a"}

// living is a certificate with a life of the length.
func living(life time.Duration) acmecore.Certificate {
	return acmecore.Certificate{ID: "a_example", Version: "1", Fingerprint: "f1", NotBefore: birth, NotAfter: birth.Add(life)}
}

// TestRenewalByLife: when and why, without a CA that says so. At is told as what
// is left of the life.
func TestRenewalByLife(t *testing.T) {
	for name, row := range map[string]struct {
		life   time.Duration
		before time.Duration
		left   time.Duration
		reason acmecore.Reason
		text   string
	}{
		// The daily pass is at 00:20, and the third begins at noon.
		"90 days":                {90 * day, 0, 30*day + 11*time.Hour + 40*time.Minute, acmecore.BecauseThird, "a third of its life is left"},
		"64 days":                {64 * day, 0, 21*day + 11*time.Hour + 40*time.Minute, acmecore.BecauseThird, "third"},
		"10 days":                {10 * day, 0, 3*day + 11*time.Hour + 40*time.Minute, acmecore.BecauseThird, "third"},
		"K11 6 days":             {160 * time.Hour, 0, 80 * time.Hour, acmecore.BecauseHalf, "half of its life, which is shorter than ten days, is left"},
		"just under 10 days":     {10*day - time.Second, 0, 5*day - time.Second/2, acmecore.BecauseHalf, "half"},
		"an hour":                {time.Hour, 0, 30 * time.Minute, acmecore.BecauseHalf, "half"},
		"45 days, 20 before":     {45 * day, 20 * day, 20*day + 11*time.Hour + 40*time.Minute, acmecore.BecauseBefore, "it is 20 days before its end, as `before` says"},
		"90 days, 60 before":     {90 * day, 60 * day, 60*day + 11*time.Hour + 40*time.Minute, acmecore.BecauseBefore, "60 days"},
		"6 days, 30 h before":    {6 * day, 30 * time.Hour, 30 * time.Hour, acmecore.BecauseBefore, "it is 30h before its end"},
		"6 days, 30 before":      {6 * day, 30 * day, 4 * day, acmecore.BecauseBefore, "two thirds of its life are left; `before` says 30 days, which is too long for it"},
		"90 days, 100 before":    {90 * day, 100 * day, 60*day + 11*time.Hour + 40*time.Minute, acmecore.BecauseBefore, "too long"},
		"90 days, 1 h before":    {90 * day, time.Hour, 11*time.Hour + 40*time.Minute, acmecore.BecauseBefore, "1h before"},
		"90 days, 90 min before": {90 * day, 90 * time.Minute, 11*time.Hour + 40*time.Minute, acmecore.BecauseBefore, "1h30m before"},
		"90 days, 1 day before":  {90 * day, day, day + 11*time.Hour + 40*time.Minute, acmecore.BecauseBefore, "1 day before"},
	} {
		t.Run(name, func(t *testing.T) {
			rules := nightly
			rules.Before = row.before
			c := living(row.life)
			got := rules.Renewal(c, acmecore.RenewalInfo{})
			if left := c.NotAfter.Sub(got.At); left != row.left || got.Reason != row.reason || !strings.Contains(got.Text, row.text) {
				t.Errorf("renewed with %v left, because %q (%s), want %v, %q (%s)", left, got.Reason, got.Text, row.left, row.reason, row.text)
			}
		})
	}
}

// TestNoThirdIsMissed: what acmecore calls due, is due; and it is not due more than
// a night and a jitter before.
func TestNoThirdIsMissed(t *testing.T) {
	rules := nightly
	rules.Location, rules.Jitter = zone(t, "Europe/Berlin"), 6*time.Hour
	for hours := range 400 {
		c := living(90 * day)
		c.NotBefore = c.NotBefore.Add(time.Duration(hours) * 7 * time.Hour)
		c.NotAfter = c.NotBefore.Add(90*day - time.Second)
		at := rules.Renewal(c, acmecore.RenewalInfo{}).At
		if state := c.State(at.Add(31*time.Hour + time.Second)); state != acmecore.Due {
			t.Errorf("from %s: renewed at %s, when it is far from due", c.NotBefore, at)
		}
		if state := c.State(at.Add(-time.Second)); state != acmecore.Valid {
			t.Errorf("from %s: at %s it is due, and renewed later", c.NotBefore, at)
		}
		if pass := rules.NextDaily(at.Add(-time.Nanosecond)); !pass.Equal(at) {
			t.Errorf("from %s: renewed at %s, which is no daily pass", c.NotBefore, at)
		}
	}
}

// TestRenewalAtOnce is at the zero time.
func TestRenewalAtOnce(t *testing.T) {
	missing, unusable, backwards, named := living(90*day), living(90*day), living(-day), living(90*day)
	missing.Version = ""
	unusable.Problem = "its current version lacks the name b.example"
	named.Version, named.Problem = "", "its record cannot be read"
	for name, row := range map[string]struct {
		c      acmecore.Certificate
		reason acmecore.Reason
		text   string
	}{
		"missing":               {missing, acmecore.BecauseMissing, "it was never obtained, or its files are gone"},
		"unusable":              {unusable, acmecore.BecauseUnusable, unusable.Problem},
		"both":                  {named, acmecore.BecauseUnusable, named.Problem},
		"ends before it begins": {backwards, acmecore.BecauseUnusable, "it ends before it begins"},
		"has no dates":          {acmecore.Certificate{Version: "1", Fingerprint: "f1"}, acmecore.BecauseUnusable, "it ends before it begins"},
	} {
		t.Run(name, func(t *testing.T) {
			rules := nightly
			rules.Before = 30 * day
			window := acmecore.RenewalInfo{Fingerprint: "f1", Start: birth.Add(50 * day), End: birth.Add(51 * day)}
			got := rules.Renewal(row.c, window)
			if want := (acmecore.Renewal{Reason: row.reason, Text: row.text}); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestRenewalByWindow: the moment is in the window, or as near as is safe. Days
// count from the beginning of a life of 90.
func TestRenewalByWindow(t *testing.T) {
	at := func(days float64) time.Time { return birth.Add(time.Duration(days * float64(day))) }
	for name, row := range map[string]struct {
		start, end time.Time
		from, to   time.Time // of the moment
		reason     acmecore.Reason
		words      string
	}{
		"as usual":                     {at(59), at(61), at(59), at(61), acmecore.BecauseWindow, "its CA asks for it between 2026-11-29 12:00 and 2026-12-01 12:00 UTC"},
		"soon":                         {at(1), at(2), at(1), at(2), acmecore.BecauseWindow, "its CA asks"},
		"a moment":                     {at(60), at(60).Add(1), at(60), at(60), acmecore.BecauseWindow, "its CA asks"},
		"K10 in the past":              {at(-2), at(-1), at(-2), at(-1), acmecore.BecauseWindow, "its CA asks"},
		"K10 inverted":                 {at(61), at(59), at(59.5), at(60), acmecore.BecauseThird, "third"},
		"K10 without a length":         {at(61), at(61), at(59.5), at(60), acmecore.BecauseThird, "third"},
		"K10 beyond its end":           {at(90), at(91), at(59.5), at(60), acmecore.BecauseThird, "third"},
		"K10 in the year 9999":         {at(365 * 250), at(365 * 251), at(59.5), at(60), acmecore.BecauseThird, "third"},
		"K10 across its end":           {at(70), at(400), at(70), at(75), acmecore.BecauseWindow, "its CA asks"},
		"K10 in its last sixth":        {at(80), at(85), at(75), at(75), acmecore.BecauseWindow, ", which would leave no time to mend what goes wrong"},
		"K10 a second before its end":  {at(90).Add(-time.Second), at(91), at(75), at(75), acmecore.BecauseWindow, "no time"},
		"over its whole life":          {at(0), at(90), at(0), at(75), acmecore.BecauseWindow, "its CA asks"},
		"longer than a Duration":       {time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), at(75), acmecore.BecauseWindow, "its CA asks"},
		"no window":                    {time.Time{}, time.Time{}, at(59.5), at(60), acmecore.BecauseThird, "third"},
		"a window without a beginning": {time.Time{}, at(60), at(59.5), at(60), acmecore.BecauseThird, "third"},
	} {
		t.Run(name, func(t *testing.T) {
			info := acmecore.RenewalInfo{Fingerprint: "f1", Start: row.start, End: row.end, Explanation: "https://ca.example/why"}
			got := nightly.Renewal(living(90*day), info)
			if got.At.Before(row.from) || got.At.After(row.to) || got.Reason != row.reason || !strings.Contains(got.Text, row.words) {
				t.Errorf("renewed at %s because %q (%s), want from %s to %s, %q (%s)", got.At, got.Reason, got.Text, row.from, row.to, row.reason, row.words)
			}
			if (got.Explanation == info.Explanation) != (row.reason == acmecore.BecauseWindow) {
				t.Errorf("the explanation is %q", got.Explanation)
			}
		})
	}
}

// TestWindowsOfOthers count for nothing.
func TestWindowsOfOthers(t *testing.T) {
	c := living(90 * day)
	info := acmecore.RenewalInfo{Fingerprint: "f0", Start: birth.Add(day), End: birth.Add(2 * day)}
	if got := nightly.Renewal(c, info).Reason; got != acmecore.BecauseThird {
		t.Errorf("renewed because %q for the window of the certificate before", got)
	}
	c.Fingerprint, info.Fingerprint = "", ""
	if got := nightly.Renewal(c, info).Reason; got != acmecore.BecauseThird {
		t.Errorf("renewed because %q for a window of nothing", got)
	}
	c.Fingerprint, info.Fingerprint = "f1", "f1"
	rules := nightly
	rules.Before = 20 * day
	if got := rules.Renewal(c, info).Reason; got != acmecore.BecauseBefore {
		t.Errorf("renewed because %q against what the administrator says", got)
	}
}

// TestMomentsOfAWindow are the same for as long as it stays, and spread evenly for
// many certificates, windows and hosts (RFC 9773 section 4.2).
func TestMomentsOfAWindow(t *testing.T) {
	info := acmecore.RenewalInfo{Start: birth.Add(50 * day), End: birth.Add(52 * day)}
	moment := func(rules schedule.Rules, fingerprint string, info acmecore.RenewalInfo) time.Duration {
		c := living(90 * day)
		c.Fingerprint, info.Fingerprint = fingerprint, fingerprint
		return rules.Renewal(c, info).At.Sub(info.Start)
	}
	const certificates, parts = 10000, 10
	var count [parts]int
	for number := range certificates {
		fingerprint := fmt.Sprint(number)
		at := moment(nightly, fingerprint, info)
		if again := moment(nightly, fingerprint, info); again != at {
			t.Fatalf("%s: first %v, then %v", fingerprint, at, again)
		}
		count[at*parts/(2*day)]++
	}
	for part, n := range count {
		if n < certificates/parts*9/10 || n > certificates/parts*11/10 {
			t.Errorf("%d of %d certificates are in part %d of %d", n, certificates, part, parts)
		}
	}
	other, moved := nightly, info
	other.Seed, moved.End = "b", moved.End.Add(time.Second)
	if a, b, c := moment(nightly, "1", info), moment(other, "1", info), moment(nightly, "1", moved); a == b || a == c {
		t.Errorf("the moments are %v, %v on another host and %v in another window", a, b, c)
	}
}

// TestK10WindowsThatAreAlwaysPast: the first one is followed at once, and those of
// its successors after a day.
func TestK10WindowsThatAreAlwaysPast(t *testing.T) {
	for name, row := range map[string]struct{ life, rest time.Duration }{
		"90 days": {90 * day, day},
		"6 days":  {6 * day, day},
		"3 hours": {3 * time.Hour, 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			now, info, renewed := birth, acmecore.RenewalInfo{}, 0
			for number := range 10 {
				c := living(row.life)
				c.Fingerprint = fmt.Sprint(number)
				c.NotBefore, c.NotAfter = now, now.Add(row.life)
				info = schedule.Learn(schedule.About(info, c), schedule.Answer{Start: now.Add(-time.Hour), End: now.Add(-time.Minute)}, now)
				at := nightly.Renewal(c, info).At
				if at.Before(now) {
					renewed++
					at = now
				} else if got := at.Sub(now); got != row.rest {
					t.Errorf("certificate %d is renewed after %v, want %v", number, got, row.rest)
				}
				now = at
			}
			if renewed != 1 {
				t.Errorf("%d certificates were renewed at once, want 1", renewed)
			}
		})
	}
}
