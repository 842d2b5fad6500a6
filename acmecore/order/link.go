package order

import (
	"slices"
	"strings"
)

// link is a link of an answer, to another resource (RFC 8288 section 3).
type link struct {
	target    string // as it is written: an absolute or a relative URL
	relations []string
	anchored  bool // it is not about the answer, but about something else
}

// linksOf reads the fields Link of an answer, each of which may have several links, and
// returns where those of the relation lead. What follows something that is no link is
// passed over.
func linksOf(fields []string, relation string) (targets []string) {
	for _, rest := range fields {
		for {
			var next *link
			if next, rest = cutLink(rest); next == nil {
				break
			}
			if !next.anchored && slices.ContainsFunc(next.relations, func(r string) bool { return strings.EqualFold(r, relation) }) {
				targets = append(targets, next.target)
			}
		}
	}
	return targets
}

const blanks = " \t"

// cutLink reads the first link of a text; nil where there is none.
func cutLink(text string) (*link, string) {
	text, opened := strings.CutPrefix(strings.TrimLeft(text, blanks+","), "<")
	target, text, closed := strings.Cut(text, ">")
	if !opened || !closed {
		return nil, ""
	}
	read := &link{target: strings.TrimSpace(target)}
	for {
		text = strings.TrimLeft(text, blanks)
		more := false
		if text, more = strings.CutPrefix(text, ";"); !more {
			break
		}
		var name, value string
		name, value, text = cutParameter(text)
		switch {
		case strings.EqualFold(name, "rel") && read.relations == nil: // of several the first one counts
			read.relations = strings.Fields(value)
		case strings.EqualFold(name, "anchor"):
			read.anchored = true
		}
	}
	if text != "" && text[0] != ',' {
		return nil, ""
	}
	return read, text
}

// cutParameter reads a parameter, whose value is a token or a quoted string (RFC 9110
// section 5.6.4).
func cutParameter(text string) (name, value, rest string) {
	text = strings.TrimLeft(text, blanks)
	end := indexAny(text, "=;,"+blanks)
	name, text = text[:end], strings.TrimLeft(text[end:], blanks)
	text, given := strings.CutPrefix(text, "=")
	if !given {
		return name, "", text
	}
	text = strings.TrimLeft(text, blanks)
	if quoted, is := strings.CutPrefix(text, `"`); is {
		value, rest = cutQuoted(quoted)
		return name, value, rest
	}
	end = indexAny(text, ";,"+blanks)
	return name, text[:end], text[end:]
}

// cutQuoted reads a quoted string behind its first quote; one without an end has none of
// the text that follows.
func cutQuoted(text string) (value, rest string) {
	var read strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return read.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		read.WriteByte(text[i])
	}
	return read.String(), ""
}

// indexAny is strings.IndexAny, and the text's length where nothing is found.
func indexAny(text, of string) int {
	if i := strings.IndexAny(text, of); i >= 0 {
		return i
	}
	return len(text)
}
