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

// maxCommand is how many names a shown command may have; with more it would no
// longer be read.
const maxCommand = 5

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
	return strconv.Itoa(n) + " " + many
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

// summary says in one sentence how all certificates stand.
func summary(certificates []acmecore.Certificate, now time.Time) string {
	states := make(map[acmecore.State]int)
	for _, c := range certificates {
		states[c.State(now)]++
	}
	total := count(len(certificates), "certificate", "certificates")
	switch {
	case len(certificates) == 1 && states[acmecore.Valid] == 1:
		return total + ", valid."
	case states[acmecore.Valid] == len(certificates):
		return total + ", all valid."
	}
	var parts []string
	for _, state := range append(worstFirst(), acmecore.Valid) {
		if states[state] > 0 {
			parts = append(parts, strconv.Itoa(states[state])+" "+string(state))
		}
	}
	return total + ": " + strings.Join(parts, ", ") + "."
}

// alert says what is so with a certificate that is not valid, and what to try.
func alert(c acmecore.Certificate, now time.Time) templates.Alert {
	a := templates.Alert{
		Tone:   toneOf(c.State(now)),
		Name:   firstName(c),
		Anchor: anchor(c.ID),
		Try:    "Renew it now:",
		Code:   command(c),
	}
	switch c.State(now) {
	case acmecore.Due:
		a.Text = "is due for renewal: it expires in " + left(c.DaysLeft(now)) + "."
	case acmecore.Expired:
		a.Text = "expired " + ago(c.DaysLeft(now)) + "."
	case acmecore.Missing:
		a.Text, a.Try = "has no certificate.", "Obtain it:"
	case acmecore.Unusable:
		a.Text, a.Try = "has a certificate that cannot be used: "+sentence(c.Problem), "Obtain it again:"
	}
	if a.Code == "" {
		a.Try = "Run wcme certify with its names."
	}
	return a
}

// sentence makes one of the text of an error.
func sentence(text string) string {
	return strings.TrimSuffix(acmecore.Inert(text), ".") + "."
}

// capital lets a sentence begin as one.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// command obtains the certificate, as its reader will paste it into a root
// shell: it is "" unless each name is one by our own rules.
func command(c acmecore.Certificate) string {
	if len(c.Names) == 0 || len(c.Names) > maxCommand {
		return ""
	}
	names := make([]string, len(c.Names))
	for i, name := range c.Names {
		parsed, err := acmecore.ParseName(string(name))
		if err != nil || parsed != name {
			return ""
		}
		names[i] = string(parsed)
	}
	return "wcme certify " + strings.Join(names, ",")
}
