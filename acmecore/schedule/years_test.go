package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// years is one certificate over the years, as the overseer would see it: it wakes
// when something is due, and no later than MaxSleep allows.
type years struct {
	life    time.Duration
	rules   schedule.Rules
	away    func(time.Time) bool                              // the CA cannot be reached then
	window  func(acmecore.Certificate) (start, end time.Time) // what the CA says; nil when it says nothing
	maximum time.Duration                                     // of one sleep; 0 sleeps until something is due

	now      time.Time
	c        acmecore.Certificate
	info     acmecore.RenewalInfo
	failures []acmecore.Failure
	attempts []time.Time
	renewals int
	expired  time.Duration // how long there was none that was valid
}

// live goes on from birth for so many years.
func (y *years) live(count int) {
	y.now = birth
	for end := birth.AddDate(count, 0, 0); y.now.Before(end); {
		y.ask()
		at := schedule.NextTry(y.failures, y.c, y.now)
		if planned := y.rules.Renewal(y.c, y.info).At; planned.After(at) {
			at = planned
		}
		if !at.After(y.now) {
			y.attempt()
			continue
		}
		y.sleep(at)
	}
}

func (y *years) ask() {
	at, asks := schedule.NextAsk(y.info, y.c, y.now)
	if y.window == nil || !asks || at.After(y.now) {
		return
	}
	answer := schedule.Answer{RetryAfter: 6 * time.Hour}
	if y.away(y.now) {
		answer.Err = &acmecore.Error{Kind: acmecore.Unreachable}
	} else {
		answer.Start, answer.End = y.window(y.c)
	}
	y.info = schedule.Learn(schedule.About(y.info, y.c), answer, y.now)
}

func (y *years) attempt() {
	y.attempts = append(y.attempts, y.now)
	if y.away(y.now) {
		y.failures = schedule.Note(y.failures, acmecore.Failure{At: y.now, Kind: acmecore.Unreachable})
		y.now = y.now.Add(time.Second)
		return
	}
	if gap := y.now.Sub(y.c.NotAfter); y.renewals > 0 && gap > 0 {
		y.expired += gap
	}
	y.renewals++
	y.failures = nil
	y.c = acmecore.Certificate{Version: "1", Fingerprint: fmt.Sprint(y.renewals),
		NotBefore: y.now.Add(-time.Hour), NotAfter: y.now.Add(y.life - time.Hour - time.Second)} // as Let's Encrypt dates them
	y.now = y.now.Add(10 * time.Second)
}

func (y *years) sleep(until time.Time) {
	if at, asks := schedule.NextAsk(y.info, y.c, y.now); y.window != nil && asks && at.Before(until) {
		until = at
	}
	if y.maximum > 0 {
		until = y.now.Add(schedule.Until(y.now, until))
	}
	y.now = until
}

// mostADay is the largest number of attempts in any day.
func (y *years) mostADay() (most int) {
	first := 0
	for number, at := range y.attempts {
		for at.Sub(y.attempts[first]) >= day {
			first++
		}
		most = max(most, number-first+1)
	}
	return most
}

func always(time.Time) bool { return false }

func outage(begin time.Time, length time.Duration) func(time.Time) bool {
	return func(t time.Time) bool { return !t.Before(begin) && t.Before(begin.Add(length)) }
}

// TestN23FourYears: an outage of 29 days, wherever in the years it begins, loses no
// certificate whose life allows for it; the others are renewed soon after its end.
func TestN23FourYears(t *testing.T) {
	boulder := func(c acmecore.Certificate) (start, end time.Time) { // as Let's Encrypt computes it
		life := c.NotAfter.Sub(c.NotBefore)
		ideal := c.NotAfter.Add(-life / 3)
		if life < 10*day {
			ideal = c.NotAfter.Add(-life / 2)
		}
		return ideal.Add(-life / 100), ideal.Add(life / 100)
	}
	for name, row := range map[string]struct {
		life     time.Duration
		window   func(acmecore.Certificate) (start, end time.Time)
		length   time.Duration // of the outage
		expired  time.Duration // at most
		renewals [2]int        // at least and at most
	}{
		"90 days":                         {90 * day, nil, 29 * day, 0, [2]int{24, 26}},
		"45 days, 14 of outage":           {45 * day, nil, 14 * day, 0, [2]int{48, 52}},
		"45 days":                         {45 * day, nil, 29 * day, 15 * day, [2]int{47, 52}},
		"6 days":                          {160 * time.Hour, nil, 29 * day, 26*day + 6*time.Hour, [2]int{420, 450}},
		"6 days, two of outage":           {160 * time.Hour, nil, 2 * day, 0, [2]int{420, 450}},
		"90 days by window, 28 of outage": {90 * day, boulder, 28 * day, 0, [2]int{23, 26}},
		"45 days by window, 14 of outage": {45 * day, boulder, 14 * day, 0, [2]int{47, 52}},
		"6 days by window, two of outage": {160 * time.Hour, boulder, 2 * day, 0, [2]int{420, 450}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, begin := range beginnings(row.life) {
				y := years{life: row.life, rules: nightly, away: outage(begin, row.length), window: row.window}
				y.rules.Jitter = 10 * time.Minute
				y.live(4)
				if y.expired > row.expired {
					t.Errorf("outage from %s: none was valid for %v, want at most %v", begin, y.expired, row.expired)
				}
				if y.renewals < row.renewals[0] || y.renewals > row.renewals[1] {
					t.Errorf("outage from %s: %d renewals, want %v", begin, y.renewals, row.renewals)
				}
				if most := y.mostADay(); most > 7 { // after 0, 1, 11 and 111 minutes, and then each six hours
					t.Errorf("outage from %s: %d attempts in a day", begin, most)
				}
			}
		})
	}
}

// beginnings are moments all over a life in the second year.
func beginnings(life time.Duration) (list []time.Time) {
	parts := time.Duration(40)
	if life < 10*day {
		parts = 12
	}
	for part := range parts {
		list = append(list, birth.Add(365*day+life*part/parts))
	}
	return list
}

// TestAYearAwake: with a sleep of no more than ten minutes nothing is different.
func TestAYearAwake(t *testing.T) {
	for _, life := range []time.Duration{90 * day, 45 * day, 160 * time.Hour} {
		asleep := years{life: life, rules: nightly, away: always}
		awake := asleep
		awake.maximum = schedule.MaxSleep
		asleep.live(1)
		awake.live(1)
		if asleep.renewals != awake.renewals || asleep.expired != 0 || awake.expired != 0 {
			t.Errorf("life of %v: %d renewals, awake %d", life, asleep.renewals, awake.renewals)
		}
	}
}
