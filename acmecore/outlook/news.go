package outlook

import (
	"fmt"
	"time"

	"wcme/acmecore"
)

// aboutChallenges is the subject of events about the ways that challenges take.
const aboutChallenges = "challenges"

// maxTold is how many names an event lists.
const maxTold = 20

// News is what there is to tell at the time now, since those names were broken, sorted:
// the names that broke since then, in one event, and that none is broken any more.
func (o *Outlook) News(before []acmecore.Name, now time.Time) (broke []acmecore.ChallengeFacts, events []acmecore.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	broken := o.broken()
	for _, name := range broken {
		if !isIn(before, name) {
			broke = append(broke, o.seen.Names[name])
		}
	}
	if len(broke) > 0 {
		events = append(events, breakage(broke, now))
	}
	if len(before) > 0 && len(broken) == 0 {
		events = append(events, acmecore.Event{Kind: acmecore.EventRecovered, At: now, Subject: aboutChallenges,
			Text: "challenges get here again, through every name"})
	}
	return broke, events
}

// breakage makes an event of the names that broke. It is one of a failure: nothing can be
// renewed for them.
func breakage(broke []acmecore.ChallengeFacts, now time.Time) acmecore.Event {
	first := broke[0]
	text := fmt.Sprintf("challenges of %s no longer get here: %s", first.Name, first.Text)
	if more := len(broke) - 1; more > 0 {
		text = fmt.Sprintf("challenges of %s and %s no longer get here: %s", first.Name, acmecore.Counted(more, "more name", "more names"), first.Text)
	}
	event := acmecore.Event{Kind: acmecore.EventFailed, At: now, Subject: aboutChallenges, Cause: "challenges of " + string(first.Name),
		Text: acmecore.Inert(text), Hint: first.Try}
	for _, facts := range broke[:min(len(broke), maxTold)] {
		event.Lines = append(event.Lines, fmt.Sprintf("%s: %s", facts.Name, facts.Text))
	}
	if more := len(broke) - maxTold; more > 0 {
		event.Lines = append(event.Lines, fmt.Sprintf("and %d more", more))
	}
	return event
}
