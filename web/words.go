package web

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wcme/acmecore"
	"wcme/templates"
)

// moment puts a time into words; the zero time is none.
func moment(t time.Time) templates.Moment {
	if t.IsZero() {
		return templates.Moment{}
	}
	t = t.UTC()
	return templates.Moment{
		Machine: t.Format(time.RFC3339),
		Date:    t.Format(time.DateOnly),
		Clock:   t.Format("15:04 UTC"),
	}
}

func inWords(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// number writes a number as people do: 10,000.
func number(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// listed are texts one after the other, and of many the first ones.
func listed(texts []string, most int) string {
	if more := len(texts) - most; more > 0 {
		return strings.Join(texts[:most], ", ") + " and " + number(more) + " more"
	}
	return strings.Join(texts, ", ")
}

// left puts acmecore's DaysLeft into words.
func left(days int) string {
	switch {
	case days > 0:
		return count(days, "day", "days")
	case days == 0:
		return "less than a day"
	}
	return "ended " + ago(days)
}

// ago puts a negative DaysLeft into words: -1 is within the last day.
func ago(days int) string {
	if days == -1 {
		return "less than a day ago"
	}
	return count(-days-1, "day", "days") + " ago"
}

// summary says how all certificates stand, and how many of them need attention: one may
// be valid and not be served.
func summary(states map[acmecore.State]int, all, attentive int) string {
	total := standing(states, all)
	if attentive == 0 {
		return total
	}
	return total + " " + count(attentive, "needs attention", "need attention") + "."
}

func standing(states map[acmecore.State]int, all int) string {
	total := count(all, "certificate", "certificates")
	switch {
	case all == 1 && states[acmecore.Valid] == 1:
		return total + ", valid."
	case states[acmecore.Valid] == all:
		return total + ", all valid."
	}
	var parts []string
	for _, state := range worstFirst() {
		if states[state] > 0 {
			parts = append(parts, number(states[state])+" "+string(state))
		}
	}
	return total + ": " + strings.Join(parts, ", ") + "."
}

// worstFirst are all states.
func worstFirst() []acmecore.State {
	return []acmecore.State{acmecore.Expired, acmecore.Unusable, acmecore.Missing, acmecore.Due, acmecore.Valid}
}

// sentence makes one of the text of an error.
func sentence(text string) string {
	text = acmecore.Inert(text)
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "…") {
		return text
	}
	return strings.TrimSuffix(text, ".") + "."
}

// hintSentence is a hint as a sentence; "" for none.
func hintSentence(hint string) string {
	if hint == "" {
		return ""
	}
	return capital(sentence(hint))
}

// shortened is a text of that many bytes at most, inert, and "…" for the rest.
func shortened(text string, most int) string {
	if text = acmecore.Inert(text); len(text) <= most {
		return text
	}
	return strings.TrimRight(strings.ToValidUTF8(text[:most], ""), " .,;:") + "…"
}

// bare is a text without the backticks around commands, for where nothing but text is
// shown.
func bare(text string) string { return strings.ReplaceAll(text, "`", "") }

// capital lets a sentence begin as one.
func capital(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
