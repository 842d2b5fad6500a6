package schedule_test

import (
	"fmt"
	"math"
	"testing"
	"time"
	_ "time/tzdata" // zones are the same wherever this is tested

	"wcme/acmecore/schedule"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// instant reads RFC 3339.
func instant(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// TestK05DailyPasses are at the time of day that a clock at the wall shows, also on
// the days on which it is set. Each row goes from a moment to the passes after it.
func TestK05DailyPasses(t *testing.T) {
	for name, row := range map[string]struct {
		zone   string
		daily  schedule.TimeOfDay
		after  string
		passes []string
	}{
		"an ordinary day": {"Europe/Berlin", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2026-06-01T12:00:00+02:00",
			[]string{"2026-06-02T00:20:00+02:00", "2026-06-03T00:20:00+02:00"}},
		"strictly after": {"Europe/Berlin", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2026-06-02T00:20:00+02:00",
			[]string{"2026-06-03T00:20:00+02:00"}},
		"a moment before": {"Europe/Berlin", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2026-06-02T00:19:59+02:00",
			[]string{"2026-06-02T00:20:00+02:00"}},
		"Berlin, spring, over the time": {"Europe/Berlin", schedule.TimeOfDay{Hour: 2, Minute: 30}, "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		"Berlin, spring, before it": {"Europe/Berlin", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T00:20:00+01:00", "2026-03-30T00:20:00+02:00"}},
		"Berlin, autumn, twice": {"Europe/Berlin", schedule.TimeOfDay{Hour: 2, Minute: 30}, "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		"Berlin, autumn, from between the two": {"Europe/Berlin", schedule.TimeOfDay{Hour: 2, Minute: 30}, "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-26T02:30:00+01:00"}},
		"New York, spring": {"America/New_York", schedule.TimeOfDay{Hour: 2, Minute: 0}, "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"}},
		"New York, autumn": {"America/New_York", schedule.TimeOfDay{Hour: 1, Minute: 0}, "2026-10-31T12:00:00-04:00",
			[]string{"2026-11-01T01:00:00-04:00", "2026-11-02T01:00:00-05:00"}},
		"Lord Howe, half an hour forward": {"Australia/Lord_Howe", schedule.TimeOfDay{Hour: 2, Minute: 15}, "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		"Lord Howe, half an hour back": {"Australia/Lord_Howe", schedule.TimeOfDay{Hour: 1, Minute: 45}, "2026-04-04T12:00:00+11:00",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"}},
		"Casablanca, back for Ramadan": {"Africa/Casablanca", schedule.TimeOfDay{Hour: 2, Minute: 30}, "2026-02-14T12:00:00+01:00",
			[]string{"2026-02-15T02:30:00+01:00", "2026-02-16T02:30:00Z"}},
		"Casablanca, forward after it": {"Africa/Casablanca", schedule.TimeOfDay{Hour: 2, Minute: 30}, "2026-03-21T12:00:00Z",
			[]string{"2026-03-22T03:00:00+01:00", "2026-03-23T02:30:00+01:00"}},
		"Apia, a day that was left out": {"Pacific/Apia", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2011-12-28T12:00:00-10:00",
			[]string{"2011-12-29T00:20:00-10:00", "2011-12-31T00:20:00+14:00", "2012-01-01T00:20:00+14:00"}},
		"Apia, late on the day before": {"Pacific/Apia", schedule.TimeOfDay{Hour: 23, Minute: 59}, "2011-12-29T12:00:00-10:00",
			[]string{"2011-12-29T23:59:00-10:00", "2011-12-31T23:59:00+14:00"}},
		"Kwajalein, likewise": {"Pacific/Kwajalein", schedule.TimeOfDay{Hour: 12, Minute: 0}, "1993-08-20T00:00:00-12:00",
			[]string{"1993-08-20T12:00:00-12:00", "1993-08-22T12:00:00+12:00"}},
		"Havana, forward at midnight": {"America/Havana", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T01:00:00-04:00", "2026-03-09T00:20:00-04:00"}},
		"Havana, back at one": {"America/Havana", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2026-10-31T12:00:00-04:00",
			[]string{"2026-11-01T00:20:00-04:00", "2026-11-02T00:20:00-05:00"}},
		"K03 Berlin, spring of 2040": {"Europe/Berlin", schedule.TimeOfDay{Hour: 2, Minute: 30}, "2040-03-24T12:00:00+01:00",
			[]string{"2040-03-25T03:00:00+02:00", "2040-03-26T02:30:00+02:00"}},
		"K03 Berlin, New Year's Eve of 2039": {"Europe/Berlin", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2039-12-31T00:20:00+01:00",
			[]string{"2040-01-01T00:20:00+01:00"}},
		"K03 Berlin, 2106": {"Europe/Berlin", schedule.TimeOfDay{Hour: 0, Minute: 20}, "2106-02-07T12:00:00+01:00",
			[]string{"2106-02-08T00:20:00+01:00"}},
		"the farthest east": {"Pacific/Kiritimati", schedule.TimeOfDay{Hour: 0, Minute: 0}, "2026-06-01T12:00:00+14:00",
			[]string{"2026-06-02T00:00:00+14:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			rules := schedule.Rules{Daily: row.daily, Location: zone(t, row.zone)}
			next := instant(t, row.after)
			for _, want := range row.passes {
				if next = rules.NextDaily(next); !next.Equal(instant(t, want)) {
					t.Fatalf("got %s, want %s", next.In(rules.Location).Format(time.RFC3339), want)
				}
			}
		})
	}
}

// TestDailyPassesAreDaily in two times six years, wherever: one a day that exists, in
// order, and each moment leads to the pass that comes next.
func TestDailyPassesAreDaily(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Asia/Tehran"} {
		for _, jitter := range []time.Duration{0, 300 * time.Hour} {
			t.Run(fmt.Sprint(name, " ", jitter), func(t *testing.T) {
				t.Parallel()
				rules := schedule.Rules{Daily: schedule.TimeOfDay{Hour: 2, Minute: 20}, Jitter: jitter, Location: zone(t, name), Seed: "a"}
				for _, year := range []int{2009, 2036} { // Apia's day, and K03's years
					followPasses(t, rules, year, year+6)
				}
			})
		}
	}
}

func followPasses(t *testing.T, rules schedule.Rules, from, to int) {
	t.Helper()
	for pass := rules.NextDaily(time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC)); pass.Year() < to; {
		next := rules.NextDaily(pass)
		if distance := next.Sub(pass); distance < 10*time.Hour || distance > 37*time.Hour {
			t.Fatalf("from %s to %s it is %v", pass, next, distance)
		}
		if again := rules.NextDaily(next.Add(-time.Nanosecond)); !again.Equal(next) {
			t.Fatalf("before %s comes %s", next, again)
		}
		pass = next
	}
}

// TestJitter is the same each time, another one each day and on each host, and never
// too long.
func TestJitter(t *testing.T) {
	rules := schedule.Rules{Daily: schedule.TimeOfDay{Hour: 0, Minute: 20}, Jitter: 10 * time.Minute, Location: time.UTC, Seed: "a"}
	other := rules
	other.Seed = "b"
	seen, same := map[time.Duration]bool{}, 0
	for number := range 365 {
		plain := time.Date(2026, 1, 1+number, 0, 20, 0, 0, time.UTC)
		pass := rules.NextDaily(plain.Add(-time.Minute))
		jitter := pass.Sub(plain)
		if jitter < 0 || jitter >= rules.Jitter {
			t.Errorf("on %s the jitter is %v", plain, jitter)
		}
		if again := rules.NextDaily(plain.Add(-time.Hour)); !again.Equal(pass) {
			t.Errorf("on %s it is %s and %s", plain, pass, again)
		}
		if seen[jitter] = true; other.NextDaily(plain.Add(-time.Minute)).Equal(pass) {
			same++
		}
	}
	if len(seen) < 350 || same > 5 {
		t.Errorf("%d different ones in 365 days, and %d days on which two hosts have the same", len(seen), same)
	}
}

// TestRulesWithoutAnything are those of midnight, local time.
func TestRulesWithoutAnything(t *testing.T) {
	pass := schedule.Rules{}.NextDaily(time.Date(2026, 6, 1, 12, 0, 0, 0, time.Local))
	if got := pass.In(time.Local).Format("15:04:05"); got != "00:00:00" {
		t.Errorf("the pass is at %s", got)
	}
}

// TestUntil: the longest sleep is 10 minutes and the shortest a second, whatever
// clocks do.
func TestUntil(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		next time.Time
		want time.Duration
	}{
		"soon":                            {now.Add(3 * time.Minute), 3 * time.Minute},
		"now":                             {now, time.Second},
		"in a moment":                     {now.Add(time.Millisecond), time.Second},
		"K01 past, the clock was set on":  {now.Add(-400 * 24 * time.Hour), time.Second},
		"K02 far, the clock was set back": {now.Add(40 * 24 * time.Hour), 10 * time.Minute},
		"never said":                      {time.Time{}, time.Second},
		"K03 the year 2106":               {time.Unix(math.MaxUint32, 0), 10 * time.Minute},
		"the end of time":                 {time.Unix(math.MaxInt64/2, 0), 10 * time.Minute},
		"its beginning":                   {time.Unix(math.MinInt64/2, 0), time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if got := schedule.Until(now, row.next); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}
