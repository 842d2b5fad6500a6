package acmecore

import (
	"strings"
	"unicode"
)

// maxInert is how much of a foreign text is kept, in bytes.
const maxInert = 1024

// Inert makes a text from outside (a problem of a CA, a header, a subject) safe
// to show on one line of a terminal, a log or a mail: control characters,
// line ends, bidirectional overrides and invalid UTF-8 become '?', and what is
// longer than 1 KiB is cut and ends in "…".
func Inert(text string) string {
	cut := len(text) > maxInert
	if cut {
		text = text[:maxInert]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if cut {
		text += "…"
	}
	return strings.TrimSpace(text)
}
