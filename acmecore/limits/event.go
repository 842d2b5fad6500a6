package limits

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"wcme/acmecore"
)

// What is what an event is.
type What string

// The events.
const (
	Ordered What = "order"       // the CA has taken an order
	Issued  What = "certificate" // it has issued a certificate
	Refused What = "refused"     // it could not validate names
	Limited What = "limited"     // it has asked for patience
)

// Event is one thing that counts against a CA's limits.
type Event struct {
	At     time.Time       `json:"at"`
	What   What            `json:"what"`
	Names  []acmecore.Name `json:"names,omitempty"`  // of the order or the certificate; those that were refused
	Exempt Exemption       `json:"exempt,omitempty"` // of an order or a certificate

	// What follows is of what the CA said.
	Kind    acmecore.LimitKind `json:"kind,omitempty"`
	Subject string             `json:"subject,omitempty"`
	Until   time.Time          `json:"until,omitzero"`
	Said    string             `json:"said,omitempty"` // inert
	Page    string             `json:"page,omitempty"` // URL
}

// Exemption is why an order does not count against some limits, in a word.
type Exemption string

// The exemptions.
const (
	// ByWindow is of an order that replaces a certificate in the window that the CA has
	// given for that (RFC 9773): no limit counts it.
	ByWindow Exemption = "window"
	// BySameNames is of one for exactly the names of a certificate of the last 120 days:
	// neither the account's orders nor the registered domain's certificates count it.
	BySameNames Exemption = "same names"
)

// Append writes an event after others, on a line of its own, JSON.
func Append(text []byte, e Event) []byte {
	e.At, e.Until = e.At.Round(0).UTC(), e.Until.Round(0).UTC()
	line, err := json.Marshal(e)
	if err != nil { // of a time in a year that JSON has no form for
		return text
	}
	return append(append(text, line...), '\n')
}

// Parse reads events, one a line. What a newer wCME has noted and this one does not know
// stays, and counts for nothing.
func Parse(text []byte) (events []Event, err error) {
	for number := 1; len(text) > 0; number++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("line %d is no JSON of an event", number)
		}
		if e.At.IsZero() {
			return nil, fmt.Errorf("line %d has no time", number)
		}
		events = append(events, e)
	}
	return events, nil
}
