package web

import (
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// orText is the text, inert, or another one where it is empty.
func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return acmecore.Inert(text)
}

// orNone is the text, inert, or says that there is none.
func orNone(text string) string { return orText(text, "none") }

// utc is a time as sentences have it.
func utc(t time.Time) string { return inWords(t) + " UTC" }

// lasted is how long something took, for people; "" where it has not ended.
func lasted(began, ended time.Time) string {
	if began.IsZero() || ended.Before(began) {
		return ""
	}
	return lasts(ended.Sub(began))
}

// lasts is a duration, for people.
func lasts(d time.Duration) string {
	switch {
	case d < 50*time.Millisecond:
		return "less than 0.1 s"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min " + strconv.Itoa(int(d.Seconds())%60) + " s"
	}
	return strconv.Itoa(int(d.Hours())) + " h " + strconv.Itoa(int(d.Minutes())%60) + " min"
}

// readable is a text of the overseer, inert, in which times and durations stand as they do
// on the rest of a page: programs write them into their texts in other ways.
func readable(text string) string {
	words := strings.Split(acmecore.Inert(text), " ")
	for i, word := range words {
		bare := strings.TrimRight(word, ".,;:)")
		words[i] = timeInWords(bare) + word[len(bare):]
	}
	return strings.Join(words, " ")
}

// timeInWords is a word that is a time or a duration, as people write it; any other word
// stays.
func timeInWords(word string) string {
	if t, err := time.Parse(time.RFC3339, word); err == nil {
		return utc(t)
	}
	if d, err := time.ParseDuration(word); err == nil && d >= 0 && strings.HasSuffix(word, "s") {
		return lasts(d)
	}
	return word
}

// toTry is a hint as a sentence; "" for none.
func toTry(hint string) string { return hintSentence(readable(hint)) }

// said is what a page has said already: nobody needs to read the same twice.
type said []string

// once is what went wrong, and what to try, unless one or the other was said.
func (s *said) once(problem, hint string) templates.Problem {
	return templates.Problem{Text: s.sayOnce(problem), Try: toTry(s.sayOnce(hint))}
}

// sayOnce is a text that was not said yet, or not within another one.
func (s *said) sayOnce(text string) string {
	for _, earlier := range *s {
		if strings.Contains(earlier, text) {
			return ""
		}
	}
	if text == "" {
		return ""
	}
	*s = append(*s, text)
	return opening(readable(text))
}

// opening lets a text begin as a sentence does, unless it begins with what is no word of
// ours: a file, a URN, a program.
func opening(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if first == "wcme" || strings.Trim(strings.ToLower(first), "abcdefghijklmnopqrstuvwxyz,") != "" {
		return text
	}
	return capital(text)
}

// hostOf is the first name of a certificate, which its ID is made of: a wildcard, a host
// name or an address; the ID where it is none.
func hostOf(id acmecore.ID) string {
	text := string(id)
	if below, is := strings.CutPrefix(text, "wildcard_"); is {
		text = "*." + below
	}
	for _, separator := range []string{".", ":"} {
		if name, err := acmecore.ParseName(strings.ReplaceAll(text, "_", separator)); err == nil && name.ID() == id {
			return string(name)
		}
	}
	return acmecore.Inert(string(id))
}

// byWhom is who has asked for something, without what the kernel said of the process that
// passed it on: the audit trail has that. A visitor who calls himself root is not the one
// of this host.
func byWhom(text string) string {
	if text == "uid 0" {
		return "root"
	}
	if before := strings.LastIndex(text, " ("); before > 0 && strings.HasSuffix(text, ")") {
		text = text[:before]
	}
	if user, found := strings.CutPrefix(text, "user "); found && user != "root" {
		text = user
	}
	return acmecore.Inert(text)
}

// triggerInWords is what a run was begun for. asked are the certificates that somebody
// asked for, due or not.
func triggerInWords(trigger string, asked []acmecore.ID) string {
	switch {
	case trigger == "schedule":
		return "The daily work"
	case trigger == "manage" && len(asked) > 0:
		names := make([]string, len(asked))
		for i, id := range asked {
			names[i] = hostOf(id)
		}
		return forcedRenewal + " of " + listed(names, maxAsked)
	case trigger == "manage":
		return "A pass over all certificates"
	}
	return capital(orText(trigger, "–"))
}

const forcedRenewal = "A forced renewal"

// maxAsked is how many certificates are named that a run was begun for.
const maxAsked = 3

// worstOutcomes are all of them, those first that somebody should look at.
func worstOutcomes() []acmecore.Outcome {
	return []acmecore.Outcome{acmecore.Failed, acmecore.NotServed, acmecore.Postponed, acmecore.Renewed, acmecore.Repaired, acmecore.Planned}
}

func toneOfOutcome(outcome acmecore.Outcome) templates.Tone {
	switch outcome {
	case acmecore.Renewed, acmecore.Repaired, "":
		return templates.Good
	case acmecore.Planned, acmecore.Postponed:
		return templates.Due
	case acmecore.NotServed:
		return templates.Broken
	}
	return templates.Bad
}

// The triggers of runs in which nothing is obtained: the pipeline brings into service
// what it was given, and calls that a repair.
const (
	triggerRestore = "restore"
	triggerLoad    = "run the load"
)

// outcomeInWords is an outcome in a word, in which whoever began the run knows what was
// asked for.
func outcomeInWords(trigger string, outcome acmecore.Outcome) string {
	switch {
	case outcome == "":
		return "nothing was to be done"
	case outcome == acmecore.Repaired && trigger == triggerRestore:
		return "restored"
	case outcome == acmecore.Repaired && trigger == triggerLoad:
		return "loaded"
	}
	return acmecore.Inert(string(outcome))
}

// whyInWords is why something was to be done to a certificate, as a sentence; "" where
// nothing is known of it.
func whyInWords(trigger string, t acmecore.Treated) string {
	switch {
	case trigger == triggerRestore:
		return "Somebody asked for another version."
	case trigger == triggerLoad:
		return "Somebody asked for its load actions to be run."
	case t.Text == "":
		return ""
	}
	return opening(sentence(readable(t.Text)))
}
