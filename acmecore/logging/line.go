package logging

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// timeForm is that of wuCME's log.
const timeForm = "2006-01-02 15:04:05.00"

// maxText is how much of a text is kept, in bytes.
const maxText = 8 << 10

// appendStart writes the time, the level and the message.
func appendStart(line []byte, at time.Time, level slog.Level, message string) []byte {
	line = at.Local().AppendFormat(line, timeForm)
	line = fmt.Appendf(line, "  %-5s  ", strings.ToLower(level.String()))
	return appendText(line, message, isPhrase)
}

// appendAttr writes an attribute with a blank before it; of a group, all of it.
func appendAttr(line []byte, group string, attr slog.Attr) []byte {
	value := attr.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			group += attr.Key + "."
		}
		for _, inner := range value.Group() {
			line = appendAttr(line, group, inner)
		}
		return line
	}
	if attr.Equal(slog.Attr{}) {
		return line
	}
	line = append(line, ' ')
	line = append(line, plainKey(group+attr.Key)...)
	line = append(line, '=')
	return appendText(line, text(value), isPlain)
}

// text is the value as a text.
func text(value slog.Value) string {
	switch value.Kind() {
	case slog.KindTime:
		return value.Time().UTC().Format(time.RFC3339)
	case slog.KindAny:
		return fmt.Sprintf("%+v", value.Any()) // which guards against methods that panic
	}
	return value.String()
}

// appendText writes a text as it is where that is plain, and quoted otherwise.
func appendText(line []byte, text string, plain func(string) bool) []byte {
	if len(text) > maxText {
		text = text[:cutAt(text, maxText-len("…"))] + "…"
	}
	if plain(text) {
		return append(line, text...)
	}
	return strconv.AppendQuote(line, text)
}

// cutAt is the place at or before most that does not part a character.
func cutAt(text string, most int) int {
	for at := most; at > most-utf8.UTFMax; at-- {
		if utf8.RuneStart(text[at]) {
			return at
		}
	}
	return most
}

// isPlain tells whether a value needs no quotes.
func isPlain(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r == ' ' || r == '"' || !unicode.IsPrint(r)
	})
}

// isPhrase tells whether a message needs no quotes.
func isPhrase(text string) bool {
	return !strings.HasPrefix(text, " ") && !strings.HasSuffix(text, " ") && !strings.Contains(text, "  ") &&
		isPlain(strings.ReplaceAll(text, " ", "_"))
}

// plainKey makes a key plain: it is ours, so that nothing is lost.
func plainKey(key string) string {
	if isPlain(key) && len(key) <= maxText && !strings.Contains(key, "=") {
		return key
	}
	key = strings.Map(func(r rune) rune {
		if r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(key[:min(len(key), maxText)], "_"))
	if key == "" {
		return "_"
	}
	return key
}
