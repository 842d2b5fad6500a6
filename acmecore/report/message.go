package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// The channels that go by the spool.
const (
	byMail = "mail"
	byHook = "webhook"
)

// What a message holds of many events, and of the facts of one.
const (
	maxEvents     = 200
	maxLines      = 40
	maxWhole      = 30        // events that are told with all that is known of them
	maxReport     = 64 << 10  // bytes of text
	maxMessage    = 900 << 10 // bytes in the spool, whose limit is 1 MiB
	messageFormat = 1
)

// message is a report to one recipient, as it waits in the spool. It holds what is
// told, and what its channel makes of that is made when it is sent, with the
// settings of then.
type message struct {
	Format  int    `json:"format"`
	Channel string `json:"channel"`
	// Target is an address of mail as it is configured, or the sum of a webhook's
	// URL, which is a secret and stays where it is.
	Target  string           `json:"target"`
	ID      string           `json:"id"` // of what is told, the same for all recipients
	Made    time.Time        `json:"made"`
	Host    string           `json:"host"`
	Subject string           `json:"subject"` // one line
	Text    string           `json:"text"`
	Events  []acmecore.Event `json:"events"`
	More    int              `json:"more,omitempty"` // events that are only counted
	delivery
}

// delivery is how a message stands.
type delivery struct {
	Tries   int       `json:"tries,omitempty"`
	Next    time.Time `json:"next,omitzero"`     // not to be tried before
	Refused bool      `json:"refused,omitempty"` // for good, at the last try
	Problem string    `json:"problem,omitempty"` // of the last try, inert
	done    bool      // delivered or given up, and not yet removed
}

// compose makes the message that tells events, yet without a recipient.
func compose(s Settings, events []acmecore.Event, serial int, now time.Time) message {
	m := message{Format: messageFormat, ID: idOf(s, events, serial, now), Made: now, Host: s.host(),
		Subject: subjectOf(s.host(), events), Text: cutBytes(textOf(s.host(), events), maxReport), Events: events}
	if len(events) > maxEvents {
		m.Events, m.More = events[:maxEvents], len(events)-maxEvents
	}
	if len(events) > maxWhole {
		m.Events = slices.Clone(m.Events)
		for i := range m.Events {
			m.Events[i].Lines = nil
		}
	}
	return m
}

// idOf is the same for what is told again since a kill came between the spool and
// the memory, and for nothing else. A renewal is the same whatever was told between.
func idOf(s Settings, events []acmecore.Event, serial int, now time.Time) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%q\n", s.host())
	for _, e := range events {
		fmt.Fprintln(hash, sumOf(e))
		if e.Kind != acmecore.EventRenewed {
			fmt.Fprintln(hash, serial, now.UTC().Format(time.DateOnly))
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:10])
}

// name is what the message is called in the spool: its time first, then what makes
// it the only one.
func (m message) name() string {
	return fmt.Sprintf("%s-%09d-%s", m.Made.UTC().Format("20060102T150405"), m.Made.Nanosecond(), m.suffix())
}

// suffix is the part of the name that has no time in it.
func (m message) suffix() string {
	return fmt.Sprintf("%s-%s-%s", m.ID, m.Channel, sumOfTarget(m.Target))
}

// sumOfTarget names a recipient without telling who it is.
func sumOfTarget(target string) string {
	sum := sha256.Sum256([]byte(target))
	return hex.EncodeToString(sum[:8])
}

// encode returns the message as it is kept, with as many of its events as there is
// room for.
func (m message) encode() ([]byte, error) {
	return fitted(maxMessage, &m.Events, &m.More, func() ([]byte, error) { return json.Marshal(m) })
}

// fitted encodes what has events in it, and only counts the last of them while the
// result is too long.
func fitted(size int, events *[]acmecore.Event, more *int, encode func() ([]byte, error)) ([]byte, error) {
	for {
		encoded, err := encode()
		if err != nil || len(encoded) <= size || len(*events) == 0 {
			return encoded, err
		}
		half := len(*events) / 2
		*more += len(*events) - half
		*events = (*events)[:half]
	}
}

// parseMessage reads what the spool holds.
func parseMessage(kept []byte) (message, error) {
	m := message{}
	if err := json.Unmarshal(kept, &m); err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	if m.Format != messageFormat {
		return m, fmt.Errorf("read message: format %d is not known", m.Format)
	}
	return m, nil
}

// inert makes every text of an event safe to show on one line, whoever wrote it.
func inert(e acmecore.Event, now time.Time) acmecore.Event {
	if e.At.IsZero() {
		e.At = now
	}
	e.Kind = acmecore.EventKind(acmecore.Inert(string(e.Kind)))
	for _, text := range []*string{&e.Subject, &e.Cause, &e.Text, &e.Hint, &e.Run} {
		*text = acmecore.Inert(*text)
	}
	var lines []string
	for _, line := range e.Lines[:min(len(e.Lines), maxLines)] {
		lines = append(lines, strings.TrimSpace(acmecore.Inert(line)))
	}
	if more := len(e.Lines) - maxLines; more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d lines more", more))
	}
	e.Lines = lines
	return e
}
