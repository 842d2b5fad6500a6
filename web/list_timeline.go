package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// The measures of the timeline's drawing: see templates.Timeline.
const (
	dayWidth = 10
	leftEdge = 20
	ground   = 60 // that the bars stand on
	leastBar = 6
	mostBar  = 34
	expiryAt = 12
	bandAt   = 67
)

// maxNamedDays is up to how many days the names of a day's certificates are told.
const maxNamedDays = 14

// timeline draws what is planned, and says the same in words.
func timeline(overview acmecore.Overview, now time.Time) templates.Timeline {
	days := overview.Days
	t := templates.Timeline{Heading: "The next " + number(acmecore.OverviewDays) + " days"}
	t.Days = lines(days)
	if len(t.Days) == 0 {
		t.None = "Nothing is planned: no renewal, no expiry, no window of a CA."
		if !overview.Later.IsZero() {
			t.None += " The first renewal after that is on " + day(overview.Later) + "."
		}
		return t
	}
	most, renewals, expiries := 0, 0, 0
	for _, day := range days {
		most, renewals, expiries = max(most, day.Renewals), renewals+day.Renewals, expiries+day.Expiries
	}
	var axis, bars strings.Builder
	for i, day := range days {
		x := leftEdge + dayWidth*i
		if i%7 == 0 {
			fmt.Fprintf(&axis, "M%d 4v66", x)
			t.Weeks = append(t.Weeks, templates.Week{X: strconv.Itoa(x), Text: day.Date.UTC().Format("2 Jan")})
		}
		if day.Renewals > 0 {
			fmt.Fprintf(&bars, "M%d %dv-%d", x+dayWidth/2, ground, leastBar+(mostBar-leastBar)*day.Renewals/most)
		}
	}
	fmt.Fprintf(&axis, "M%d %dh%d", leftEdge, ground, dayWidth*len(days))
	t.Axis, t.Renewals, t.Expiries, t.Windows = axis.String(), bars.String(), dots(days), bands(days)
	t.Text = fmt.Sprintf("Planned from %s to %s: %s, %s.", day(now), day(days[len(days)-1].Date),
		count(renewals, "renewal", "renewals"), count(expiries, "expiry", "expiries"))
	return t
}

// dots are a line for each run of days on which certificates expire: its dashes are one
// a day.
func dots(days []acmecore.Day) string {
	var path strings.Builder
	for i := 0; i < len(days); i++ {
		if days[i].Expiries == 0 {
			continue
		}
		first := i
		for i+1 < len(days) && days[i+1].Expiries > 0 {
			i++
		}
		fmt.Fprintf(&path, "M%d %dh%d", leftEdge+dayWidth*first+dayWidth/2, expiryAt, dayWidth*(i-first)+1)
	}
	return path.String()
}

// windows are the runs of days on which CAs want certificates renewed: first and last
// day, and on how many certificates at most.
func windows(days []acmecore.Day) (runs [][3]int) {
	for i, day := range days {
		switch {
		case day.Windows == 0:
		case i > 0 && days[i-1].Windows > 0:
			last := &runs[len(runs)-1]
			last[1], last[2] = i, max(last[2], day.Windows)
		default:
			runs = append(runs, [3]int{i, i, day.Windows})
		}
	}
	return runs
}

func bands(days []acmecore.Day) string {
	var path strings.Builder
	for _, run := range windows(days) {
		fmt.Fprintf(&path, "M%d %dh%d", leftEdge+dayWidth*run[0], bandAt, dayWidth*(run[1]-run[0]+1))
	}
	return path.String()
}

// maxDayLines is how many days are told one by one; of more, nobody would listen to the
// end, and weeks are.
const maxDayLines = 25

// lines are what is planned, in words: by days, or by weeks where there are many.
func lines(days []acmecore.Day) []string {
	planned := 0
	for _, one := range days {
		if one.Renewals+one.Expiries > 0 {
			planned++
		}
	}
	if planned > maxDayLines {
		return append(weekLines(days), windowLines(days)...)
	}
	var lines []string
	for _, one := range days {
		if text := plan(one, planned <= maxNamedDays); text != "" {
			lines = append(lines, day(one.Date)+": "+text)
		}
	}
	return append(lines, windowLines(days)...)
}

func weekLines(days []acmecore.Day) (lines []string) {
	for week := range slices.Chunk(days, 7) {
		var sum acmecore.Day
		for _, one := range week {
			sum.Renewals, sum.Expiries = sum.Renewals+one.Renewals, sum.Expiries+one.Expiries
		}
		if text := plan(sum, false); text != "" {
			lines = append(lines, span(week[0].Date, week[len(week)-1].Date)+": "+text)
		}
	}
	return lines
}

func windowLines(days []acmecore.Day) (lines []string) {
	for _, run := range windows(days) {
		lines = append(lines, span(days[run[0]].Date, days[run[1]].Date)+": windows of CAs, of up to "+
			count(run[2], "certificate", "certificates")+" a day")
	}
	return lines
}

// span are the days from the first to the last, which may be the same.
func span(first, last time.Time) string {
	if day(first) == day(last) {
		return day(first)
	}
	return day(first) + " to " + day(last)
}

// plan is what is planned, with the names where that is wanted and all are known; ""
// for nothing.
func plan(planned acmecore.Day, named bool) string {
	var parts []string
	if planned.Renewals > 0 {
		parts = append(parts, count(planned.Renewals, "renewal", "renewals"))
	}
	if planned.Expiries > 0 {
		parts = append(parts, count(planned.Expiries, "expiry", "expiries"))
	}
	line := strings.Join(parts, ", ")
	if !named || len(planned.Names) == 0 || planned.Renewals+planned.Expiries > len(planned.Names) {
		return line
	}
	names := make([]string, len(planned.Names))
	for i, name := range planned.Names {
		names[i] = acmecore.Inert(string(name))
	}
	return line + " (" + strings.Join(names, ", ") + ")"
}
