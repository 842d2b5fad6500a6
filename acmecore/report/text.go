package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"wcme/acmecore"
)

// The measures of a text.
const (
	columns     = 76
	maxSubject  = 120 // characters
	clockFormat = "2006-01-02 15:04:05 -07:00"
)

// said is how a kind of event is said of its subject.
func said(kind acmecore.EventKind) string {
	switch kind {
	case acmecore.EventCrashed:
		return "started after a crash"
	case acmecore.EventExpiring:
		return "expires soon"
	}
	return string(kind)
}

// about names what an event is about.
func about(e acmecore.Event) string {
	if e.Subject == "" {
		return "overseer"
	}
	return e.Subject
}

// subjectOf is the subject of a mail, one line: what happened to the one
// certificate, or how many had what happen.
func subjectOf(host string, events []acmecore.Event) string {
	what := ""
	if len(events) == 1 {
		what = about(events[0]) + " " + said(events[0].Kind)
	} else {
		what = strings.Join(counts(events), ", ")
	}
	return cut("wcme "+host+": "+what, maxSubject)
}

// counts says how many events there are of each kind, in the order of their coming.
func counts(events []acmecore.Event) (all []string) {
	number := map[string]int{}
	var order []string
	for _, e := range events {
		if number[said(e.Kind)]++; number[said(e.Kind)] == 1 {
			order = append(order, said(e.Kind))
		}
	}
	for _, kind := range order {
		all = append(all, fmt.Sprintf("%d %s", number[kind], kind))
	}
	return all
}

// textOf is the report in plain text: each event whole while there are few, and one
// line each, as many as are read, when there are many.
func textOf(host string, events []acmecore.Event) string {
	var b strings.Builder
	if len(events) > 1 {
		fmt.Fprintf(&b, "%s: %s.\n\n", host, strings.Join(counts(events), ", "))
	}
	for _, e := range events[:min(len(events), maxEvents)] {
		if len(events) > maxWhole {
			b.WriteString(line(e) + "\n")
			continue
		}
		b.WriteString(whole(e) + "\n")
	}
	if more := len(events) - maxEvents; more > 0 {
		fmt.Fprintf(&b, "… and %d more.\n", more)
	}
	if len(events) > maxWhole {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "-- \nwCME on %s. `wcme list` shows how all certificates stand.\n", host)
	return b.String()
}

// whole is all that an event says.
func whole(e acmecore.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", about(e), said(e.Kind))
	b.WriteString(wrap(e.Text, "  "))
	if e.Cause != "" && !strings.Contains(e.Text, e.Cause) {
		b.WriteString(wrap("cause: "+e.Cause, "  "))
	}
	if e.Hint != "" {
		b.WriteString(wrap("hint: "+e.Hint, "  "))
	}
	if !e.Next.IsZero() {
		fmt.Fprintf(&b, "  next try: %s\n", e.Next.Format(clockFormat))
	}
	for _, fact := range e.Lines {
		b.WriteString("    " + fact + "\n")
	}
	fmt.Fprintf(&b, "  at %s", e.At.Format(clockFormat))
	if e.Run != "" {
		fmt.Fprintf(&b, ", run %s", e.Run)
	}
	return b.String() + "\n"
}

// line is what an event says, on one line: what is so, when it is tried again, and
// what to try, in the order of what must not be cut off.
func line(e acmecore.Event) string {
	text := about(e) + " " + said(e.Kind)
	if e.Text != "" {
		text += ": " + cut(e.Text, 400)
	}
	if e.Cause != "" && !strings.Contains(e.Text, e.Cause) {
		text += "; cause: " + cut(e.Cause, 120)
	}
	if !e.Next.IsZero() {
		text += "; next try " + e.Next.Format(time.DateTime)
	}
	if e.Hint != "" {
		text += "; hint: " + cut(e.Hint, 200)
	}
	return text
}

// wrap breaks a text into lines of some 76 columns, indented.
func wrap(text, indent string) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		width := utf8.RuneCountInString(word)
		switch {
		case used == 0:
			b.WriteString(indent)
			used = len(indent)
		case used+1+width > columns:
			b.WriteString("\n" + indent)
			used = len(indent)
		default:
			b.WriteString(" ")
			used++
		}
		b.WriteString(word)
		used += width
	}
	if used > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// cut keeps at most that many characters of a text.
func cut(text string, characters int) string {
	if utf8.RuneCountInString(text) <= characters {
		return text
	}
	return string([]rune(text)[:characters-1]) + "…"
}
