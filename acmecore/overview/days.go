package overview

import (
	"time"

	"wcme/acmecore"
)

// maxDayNames is how many certificates of a day are called by their names.
const maxDayNames = 3

// daysOf says what is planned for today and the days after it, UTC.
func daysOf(entries []*Entry, now time.Time) []acmecore.Day {
	days := make([]acmecore.Day, acmecore.OverviewDays)
	for i := range days {
		days[i].Date = midnight(now).AddDate(0, 0, i)
	}
	for _, e := range entries {
		if len(e.Names) == 0 {
			continue // nobody knows what to order
		}
		if day := dayOf(days, e.planned(now)); day != nil {
			day.Renewals++
			mention(day, e.Names[0])
		}
		if day := dayOf(days, e.NotAfter); day != nil {
			day.Expiries++
			mention(day, e.Names[0])
		}
		addWindow(days, e)
	}
	return days
}

// laterOf is when the first renewal is planned that those days do not show; zero where
// there is none.
func laterOf(entries []*Entry, now time.Time) (first time.Time) {
	end := midnight(now).AddDate(0, 0, acmecore.OverviewDays)
	for _, e := range entries {
		if at := e.planned(now); len(e.Names) > 0 && !at.Before(end) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

func midnight(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }

// planned is when the certificate is renewed: what is overdue waits for its next try,
// or for the next pass.
func (e *Entry) planned(now time.Time) time.Time {
	switch {
	case e.Renewal.At.After(now):
		return e.Renewal.At
	case e.Next.After(now):
		return e.Next
	}
	return now
}

// dayOf returns the day that the time is on; nil where that is none of them.
func dayOf(days []acmecore.Day, at time.Time) *acmecore.Day {
	if i, found := dayNumber(days, at); found {
		return &days[i]
	}
	return nil
}

// dayNumber is the number of the day that the time is on, from 0; one before the first
// or behind the last of them is not found.
func dayNumber(days []acmecore.Day, at time.Time) (number int, found bool) {
	since := at.Sub(days[0].Date) // bounded by 292 years, which is enough either way
	if since < 0 {
		return -1, false
	}
	number = int(since / (24 * time.Hour))
	return number, number < len(days)
}

func mention(day *acmecore.Day, name acmecore.Name) {
	if len(day.Names) < maxDayNames {
		day.Names = append(day.Names, name)
	}
}

// addWindow counts the certificate on each day on which its CA wants it renewed.
func addWindow(days []acmecore.Day, e *Entry) {
	if e.windowStart.IsZero() || e.windowEnd.Before(days[0].Date) {
		return
	}
	first, _ := dayNumber(days, e.windowStart)
	last, _ := dayNumber(days, e.windowEnd)
	for i := max(first, 0); i <= min(last, len(days)-1); i++ {
		days[i].Windows++
	}
}
