package acmecore

import "time"

// EventKind is what an event is about, in a word, as [report] on names it.
type EventKind string

// The kinds of events.
const (
	EventRenewed   EventKind = "renewed"    // a certificate was renewed and is in service
	EventFailed    EventKind = "failed"     // it was not obtained, or not installed
	EventNotServed EventKind = "not served" // it was installed, and not loaded or not seen by a visitor
	EventExpiring  EventKind = "expiring"   // it will expire soon, whatever the reason
	EventRecovered EventKind = "recovered"  // what was reported before is well again
	EventCrashed   EventKind = "crashed"    // the overseer starts after an end that was none of its own
	EventNotice    EventKind = "notice"     // something else that an administrator must know
)

// Event is something that an administrator is to hear of. It never holds a key, a
// token, a key authorization or a password.
type Event struct {
	Kind    EventKind `json:"kind"`
	At      time.Time `json:"at"`
	Subject string    `json:"subject"` // the certificate's ID; "" for the overseer itself
	// Cause tells one trouble from another: events of the same kind, subject and
	// cause are one trouble. It is short and stable, without times and numbers.
	Cause string    `json:"cause,omitempty"`
	Text  string    `json:"text"`            // what is so, a sentence, inert
	Hint  string    `json:"hint,omitempty"`  // what to try
	Lines []string  `json:"lines,omitempty"` // facts, each one line, inert
	Next  time.Time `json:"next,omitzero"`   // when wCME tries again
	Run   string    `json:"run,omitempty"`
}
