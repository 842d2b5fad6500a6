package logging

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// Filter says which lines are wanted. The zero Filter wants all.
type Filter struct {
	Certificate acmecore.ID // that the line is about; "" for any
	Leveled     bool        // of Level and above only
	Level       slog.Level
	Words       []string // of Words: each must occur in the line as it stands in the file, in whatever case
	From, To    time.Time
}

// Words are those of a text that is looked for, each once, in small letters.
func Words(text string) []string {
	words := strings.Fields(strings.ToLower(text))
	slices.Sort(words)
	return slices.Compact(words)
}

// Match reads a line, and tells whether it is wanted. What is no line of a Handler has
// no time, no level and no certificate: it is wanted where none of them is asked for,
// and its text is the message.
func (f Filter) Match(text []byte) (line Line, parsed, wanted bool) {
	text = bytes.TrimRight(text, "\r\n")
	if !f.mayBe(text) {
		return line, false, false
	}
	line, err := ParseLine(string(text))
	if err != nil {
		return Line{Message: string(text)}, false, !f.Leveled && f.Certificate == "" && f.From.IsZero() && f.To.IsZero()
	}
	return line, true, f.wants(line)
}

// mayBe looks at the text alone, which is quick: most lines of a search end here.
func (f Filter) mayBe(text []byte) bool {
	if f.Certificate != "" && !bytes.Contains(text, []byte(f.Certificate)) || !f.mayBeThen(text) {
		return false
	}
	if len(f.Words) == 0 {
		return true
	}
	lower := bytes.ToLower(text)
	return !slices.ContainsFunc(f.Words, func(word string) bool { return !bytes.Contains(lower, []byte(word)) })
}

// mayBeThen looks at the time that the text begins with.
func (f Filter) mayBeThen(text []byte) bool {
	if f.From.IsZero() && f.To.IsZero() {
		return true
	}
	if len(text) < len(timeForm) {
		return false
	}
	at, err := time.ParseInLocation(timeForm, string(text[:len(timeForm)]), time.Local)
	return err == nil && f.wantsTime(at)
}

func (f Filter) wantsTime(at time.Time) bool {
	return (f.From.IsZero() || !at.Before(f.From)) && (f.To.IsZero() || !at.After(f.To))
}

func (f Filter) wants(line Line) bool {
	if f.Leveled && line.Level < f.Level || !f.wantsTime(line.Time) {
		return false
	}
	return f.Certificate == "" || line.isAbout(f.Certificate)
}

// isAbout tells whether a certificate is named in one of the attributes that do so.
func (l Line) isAbout(id acmecore.ID) bool {
	return slices.ContainsFunc(l.Attrs, func(attr Attr) bool {
		switch attr.Key {
		case "certificate", "run", "subject", "name":
			return attr.Value == string(id)
		case "certificates":
			return slices.Contains(strings.Fields(attr.Value), string(id))
		}
		return false
	})
}
