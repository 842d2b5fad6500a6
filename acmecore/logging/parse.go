package logging

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Line is one line of a log.
type Line struct {
	Time    time.Time // local, to the hundredth of a second
	Level   slog.Level
	Message string
	Attrs   []Attr
}

// Attr is one attribute of a line. What a handler wrote of a number or a time is
// text again.
type Attr struct{ Key, Value string }

// Attr returns the value of the first attribute of the key; "" when there is none.
func (l Line) Attr(key string) string {
	for _, attr := range l.Attrs {
		if attr.Key == key {
			return attr.Value
		}
	}
	return ""
}

// String is the line again, without its end.
func (l Line) String() string {
	line := appendStart(nil, l.Time, l.Level, l.Message)
	if len(l.Attrs) > 0 {
		line = append(line, ' ')
	}
	for _, attr := range l.Attrs {
		line = appendAttr(line, "", slog.String(attr.Key, attr.Value))
	}
	return string(line)
}

// ParseLine reads one line, with or without its end. In the hour that a change of
// the clocks repeats, which of the two is meant is not known.
func ParseLine(text string) (line Line, err error) {
	text = strings.TrimSuffix(text, "\n")
	if len(text) < len(timeForm) {
		return line, errors.New("parse line: it is too short")
	}
	if line.Time, err = time.ParseInLocation(timeForm, text[:len(timeForm)], time.Local); err != nil {
		return line, errors.New("parse line: it does not begin with a time")
	}
	word, rest, _ := strings.Cut(strings.TrimLeft(text[len(timeForm):], " "), " ")
	if err := line.Level.UnmarshalText([]byte(word)); err != nil {
		return line, errors.New("parse line: it has no level")
	}
	line.Message, rest, err = cutText(strings.TrimLeft(rest, " "), "  ", isPhrase)
	if err != nil {
		return line, fmt.Errorf("parse line: message: %w", err)
	}
	line.Attrs, err = parseAttrs(rest)
	return line, err
}

func parseAttrs(rest string) (attrs []Attr, err error) {
	for rest != "" {
		key, value, found := strings.Cut(rest, "=")
		if !found || !isPlain(key) {
			return nil, errors.New("parse line: an attribute has no key")
		}
		attr := Attr{Key: key}
		if attr.Value, rest, err = cutText(value, " ", isPlain); err != nil {
			return nil, fmt.Errorf("parse line: attribute %s: %w", key, err)
		}
		attrs = append(attrs, attr)
	}
	return attrs, nil
}

// cutText parts a text, plain or quoted, from what follows after the separator.
func cutText(rest, separator string, plain func(string) bool) (text, after string, err error) {
	if !strings.HasPrefix(rest, `"`) {
		text, after, _ = strings.Cut(rest, separator)
		if !plain(text) {
			return "", "", errors.New("it is not printable")
		}
		return text, after, nil
	}
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", "", errors.New("its quotation has no end")
	}
	after, found := strings.CutPrefix(rest[len(quoted):], separator)
	if !found && after != "" {
		return "", "", errors.New("its quotation does not end it")
	}
	text, err = strconv.Unquote(quoted)
	return text, after, err
}
