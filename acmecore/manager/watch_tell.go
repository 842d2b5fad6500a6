package manager

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"wcme/acmecore"
)

// aboutChallenges is the subject of events about the ways that challenges take.
const aboutChallenges = "challenges"

// maxTold is how many names an event lists.
const maxTold = 20

// tellOf tells, in one event, of all names that broke since the ones before were
// broken, and when none is any more. What cannot be told waits for the next look.
func (w *Watch) tellOf(before map[acmecore.Name]time.Time) {
	now := w.broken()
	w.mu.Lock()
	var fresh []acmecore.ChallengeFacts
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, known := before[name]; !known {
			fresh = append(fresh, w.outlook.Names[name])
		}
	}
	events := w.untold
	w.mu.Unlock()
	if len(fresh) > 0 {
		events = append(events, w.broke(fresh))
	}
	if len(before) > 0 && len(now) == 0 {
		events = append(events, acmecore.Event{Kind: acmecore.EventRecovered, At: wall(w.now()), Subject: aboutChallenges,
			Text: "challenges get here again, through every name"})
	}
	if len(events) == 0 {
		return
	}
	err := w.reporter.Tell(events...)
	if err == nil {
		events = nil
	} else {
		w.log.Error("not reported", "events", len(events), "error", err)
	}
	w.mu.Lock()
	w.untold = events
	w.mu.Unlock()
}

// broke makes an event of the names that broke, and a line of the log for each. It is
// one of a failure: nothing can be renewed for them.
func (w *Watch) broke(fresh []acmecore.ChallengeFacts) acmecore.Event {
	first := fresh[0]
	text := fmt.Sprintf("challenges of %s no longer get here: %s", first.Name, first.Text)
	if more := len(fresh) - 1; more > 0 {
		text = fmt.Sprintf("challenges of %s and %d more names no longer get here: %s", first.Name, more, first.Text)
	}
	event := acmecore.Event{Kind: acmecore.EventFailed, At: wall(w.now()), Subject: aboutChallenges, Cause: "challenges of " + string(first.Name),
		Text: acmecore.Inert(text), Hint: first.Try}
	for i, facts := range fresh {
		w.log.Error("challenges no longer get here: the name cannot be renewed", "name", facts.Name, "problem", facts.Text, "hint", facts.Try)
		switch {
		case i < maxTold:
			event.Lines = append(event.Lines, fmt.Sprintf("%s: %s", facts.Name, facts.Text))
		case i == maxTold:
			event.Lines = append(event.Lines, fmt.Sprintf("and %d more", len(fresh)-maxTold))
		}
	}
	return event
}
