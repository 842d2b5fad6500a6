package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// failures are so many of a kind, the last one at the time.
func failures(count int, kind acmecore.Kind, last time.Time) (list []acmecore.Failure) {
	for number := range count {
		list = append(list, acmecore.Failure{At: last.Add(time.Duration(number-count+1) * 2 * day), Kind: kind})
	}
	return list
}

// TestNextTry: how long after the last failure the next attempt is, in a life of 90
// days of which so many days are over.
func TestNextTry(t *testing.T) {
	const m, h = time.Minute, time.Hour
	for name, row := range map[string]struct {
		count int
		kind  acmecore.Kind
		until time.Duration // after the failure; 0 for none
		over  float64       // days
		want  time.Duration
	}{
		"the first":                            {1, acmecore.Unreachable, 0, 60, m},
		"the second":                           {2, acmecore.Unreachable, 0, 60, 10 * m},
		"the third":                            {3, acmecore.Internal, 0, 60, 100 * m},
		"the fourth":                           {4, acmecore.Unreachable, 0, 60, day},
		"the hundredth":                        {100, acmecore.Unreachable, 0, 60, day},
		"the fourth, in the last sixth":        {4, acmecore.Unreachable, 0, 76, 12 * h},
		"the fourth, just before it":           {4, acmecore.Unreachable, 0, 74.75, 12 * h},
		"the fourth, some hours before it":     {4, acmecore.Unreachable, 0, 74.25, 18 * h},
		"the fourth, in the last 72 hours":     {4, acmecore.Unreachable, 0, 88, 6 * h},
		"the fourth, just before them":         {4, acmecore.Unreachable, 0, 86.9, 6 * h},
		"the fourth, some hours before them":   {4, acmecore.Unreachable, 0, 86.6, 6*h + 3*h + 36*m},
		"the fourth, after the end":            {4, acmecore.Unreachable, 0, 100, 6 * h},
		"the first, after the end":             {1, acmecore.Unreachable, 0, 100, m},
		"refused":                              {1, acmecore.Refused, 0, 60, day},
		"denied":                               {1, acmecore.Denied, 0, 60, day},
		"invalid":                              {1, acmecore.Invalid, 0, 60, day},
		"refused, in the last sixth":           {1, acmecore.Refused, 0, 80, 12 * h},
		"refused, after the end":               {1, acmecore.Refused, 0, 90, 6 * h},
		"N07 limited, absent":                  {1, acmecore.Limited, 0, 60, h},
		"limited, absent, the third":           {3, acmecore.Limited, 0, 60, 100 * m},
		"N07 limited for an hour":              {1, acmecore.Limited, h, 60, h},
		"N07 limited for 3,000 years":          {1, acmecore.Limited, 290 * 365 * day, 60, day},
		"N07 limited until the past":           {1, acmecore.Limited, -h, 60, h},
		"limited for a second":                 {1, acmecore.Limited, time.Second, 60, m},
		"limited for a second, the fourth":     {4, acmecore.Limited, time.Second, 60, day},
		"limited for a day, in the last hours": {4, acmecore.Limited, day, 88, day},
		"503 for 5 hours":                      {1, acmecore.Unreachable, 5 * h, 60, 5 * h},
		"refused for 5 hours":                  {1, acmecore.Refused, 5 * h, 60, day},
	} {
		t.Run(name, func(t *testing.T) {
			at := birth.Add(time.Duration(row.over * float64(day)))
			list := failures(row.count, row.kind, at)
			if row.until != 0 {
				list[row.count-1].Until = at.Add(row.until)
			}
			if got := schedule.NextTry(list, living(90*day), at).Sub(at).Round(time.Second); got != row.want {
				t.Errorf("the next try is %v later, want %v", got, row.want)
			}
		})
	}
}

// TestNextTryWithoutACertificate is daily: nobody waits for it any more than the
// day before.
func TestNextTryWithoutACertificate(t *testing.T) {
	missing := acmecore.Certificate{ID: "a_example"}
	for count, want := range map[int]time.Duration{1: time.Minute, 2: 10 * time.Minute, 3: 100 * time.Minute, 4: day, 12: day} {
		if got := schedule.NextTry(failures(count, acmecore.Unreachable, birth), missing, birth).Sub(birth); got != want {
			t.Errorf("after %d failures: %v, want %v", count, got, want)
		}
	}
	if got := schedule.NextTry(nil, missing, birth); !got.IsZero() {
		t.Errorf("without a failure it waits until %s", got)
	}
}

// TestK02FailuresOfTheFuture do not keep anybody waiting once the clock was set back.
func TestK02FailuresOfTheFuture(t *testing.T) {
	for name, row := range map[string]struct{ ahead, try, load time.Duration }{
		"by an hour":   {time.Hour, time.Hour + time.Minute, time.Hour + time.Minute},
		"by a day":     {day, day + time.Minute, day + time.Minute},
		"by 25 hours":  {25 * time.Hour, 0, 0},
		"by 40 days":   {40 * day, 0, 0},
		"by 290 years": {290 * 365 * day, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			list := failures(1, acmecore.Unreachable, birth.Add(row.ahead))
			wait := func(next time.Time) time.Duration { return max(next.Sub(birth), 0) }
			if got := wait(schedule.NextTry(list, living(90*day), birth)); got != row.try {
				t.Errorf("the next try is %v later, want %v", got, row.try)
			}
			if got := wait(schedule.NextLoad(list, birth)); got != row.load {
				t.Errorf("the next load is %v later, want %v", got, row.load)
			}
		})
	}
}

// TestK01FailuresOfLongAgo are over, wherever the clock went.
func TestK01FailuresOfLongAgo(t *testing.T) {
	now := birth.Add(400 * day)
	list := failures(12, acmecore.Refused, birth)
	if next := schedule.NextTry(list, living(90*day), now); next.After(now) {
		t.Errorf("it is tried again at %s", next)
	}
}

// TestAttemptsArePolite: whatever goes wrong, three attempts in the first hour, four
// refusals of a name in each, and no more than four attempts a day from the second
// day on. Each attempt is made at the first moment at which it may be.
func TestAttemptsArePolite(t *testing.T) {
	kinds := []acmecore.Kind{acmecore.Invalid, acmecore.Denied, acmecore.NotFound, acmecore.Busy, acmecore.Limited, acmecore.Refused, acmecore.Unreachable, acmecore.Internal, ""}
	names := []acmecore.Name{"a.example", "b.example", "c.example"}
	for seed := range uint64(2000) {
		chance := rand.New(rand.NewPCG(seed, 4))
		c := living(time.Duration(1+chance.IntN(100*24)) * time.Hour)
		begin := birth.Add(time.Duration(chance.Int64N(int64(120 * day))))
		var list, all []acmecore.Failure
		for now := begin; now.Before(begin.Add(6 * day)); {
			failure := acmecore.Failure{At: now, Kind: kinds[chance.IntN(len(kinds))]}
			if failure.Kind == acmecore.Refused {
				failure.Refused = names[:chance.IntN(4)]
			}
			if chance.IntN(3) == 0 {
				failure.Until = now.Add(time.Duration(chance.Int64N(int64(4*day))) - day)
			}
			all, list = append(all, failure), schedule.Note(list, failure)
			next := schedule.NextTry(list, c, now)
			if next.Before(now.Add(time.Minute)) || next.After(now.Add(day)) {
				t.Fatalf("seed %d: at %s, the next try is at %s", seed, now, next)
			}
			if failure.Until.Before(now.Add(day)) && next.Before(failure.Until) {
				t.Fatalf("seed %d: the CA said not before %s, tried at %s", seed, failure.Until, next)
			}
			now = next
		}
		mustBePolite(t, seed, all)
	}
}

func mustBePolite(t *testing.T, seed uint64, all []acmecore.Failure) {
	t.Helper()
	for number, first := range all {
		hour, daily, refused := 0, 0, map[acmecore.Name]int{}
		for _, failure := range all[number:] {
			if failure.At.Sub(first.At) < day {
				daily++
			}
			if failure.At.Sub(first.At) < time.Hour {
				hour++
				for _, name := range failure.Refused {
					refused[name]++
				}
			}
		}
		if late := first.At.Sub(all[0].At) > 2*day; hour > 3 || late && daily > 4 {
			t.Fatalf("seed %d: from %s there are %d attempts in an hour, %d in a day", seed, first.At, hour, daily)
		}
		for name, count := range refused {
			if count > 4 {
				t.Fatalf("seed %d: %s was refused %d times in an hour", seed, name, count)
			}
		}
	}
}

// TestRefusalsByHand: with somebody who forces attempts beside it, the schedule's
// own attempts never make the fifth refusal in an hour.
func TestRefusalsByHand(t *testing.T) {
	for seed := range uint64(500) {
		chance := rand.New(rand.NewPCG(seed, 5))
		var list []acmecore.Failure
		var at []time.Time
		next := birth
		for now := birth; now.Before(birth.Add(day)); now = now.Add(time.Minute) {
			own, forced := !now.Before(next), chance.IntN(30) == 0
			if !own && !forced {
				continue
			}
			at = append(at, now)
			recent := slices.IndexFunc(at, func(t time.Time) bool { return now.Sub(t) < time.Hour })
			if count := len(at) - recent; own && !forced && count > 4 {
				t.Fatalf("seed %d: at %s the schedule makes failed authorization %d in an hour", seed, now, count)
			}
			// A refusal that counts as one that may pass has the shortest distances.
			list = schedule.Note(list, acmecore.Failure{At: now, Kind: acmecore.Unreachable, Refused: []acmecore.Name{"a.example"}})
			next = schedule.NextTry(list, living(90*day), now)
		}
	}
}

// TestNote keeps the first failure and the last ones, and does not touch what it
// was given.
func TestNote(t *testing.T) {
	var list []acmecore.Failure
	for number := range 100 {
		before := slices.Clone(list)
		noted := schedule.Note(list, acmecore.Failure{At: birth.Add(time.Duration(number) * time.Hour), Cause: fmt.Sprint(number)})
		if !slices.EqualFunc(before, list, func(a, b acmecore.Failure) bool { return a.Cause == b.Cause }) {
			t.Fatalf("after %d, the list before was changed", number)
		}
		list = noted
		if want := min(number+1, 12); len(list) != want || list[0].Cause != "0" || list[len(list)-1].Cause != fmt.Sprint(number) {
			t.Fatalf("after %d, %d are kept, from %s to %s", number, len(list), list[0].Cause, list[len(list)-1].Cause)
		}
	}
	for number, failure := range list[1:] {
		if want := fmt.Sprint(89 + number); failure.Cause != want {
			t.Errorf("at %d stands %s, want %s", number+1, failure.Cause, want)
		}
	}
}

// TestL01LoadsThatFail are tried again after 1, 5 and 15 minutes, then each hour, and
// after a day each six hours.
func TestL01LoadsThatFail(t *testing.T) {
	if next := schedule.NextLoad(nil, birth); !next.IsZero() {
		t.Errorf("without a failure it waits until %s", next)
	}
	var list []acmecore.Failure
	var waits []time.Duration
	for now := birth; now.Before(birth.Add(3 * day)); {
		list = schedule.Note(list, acmecore.Failure{At: now, Kind: acmecore.Internal})
		next := schedule.NextLoad(list, now)
		waits = append(waits, next.Sub(now))
		now = next
	}
	want := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	want = append(want, slices.Repeat([]time.Duration{time.Hour}, 24)...) // 21 min + 24 h: more than a day
	want = append(want, slices.Repeat([]time.Duration{6 * time.Hour}, 8)...)
	if !slices.Equal(waits, want) {
		t.Errorf("the waits are %v, want %v", waits, want)
	}
}
