package web

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// wish is what was put into the form, as it was typed.
type wish struct {
	do                      string
	names, ca, profile, key string
	modes                   map[string]string   // of targets and of load actions: as configured, or a list
	lists                   map[string][]string // by the names of their fields
	wrong                   map[string]string   // what is wrong with a field, by its name
}

func wishOf(values url.Values) *wish {
	w := &wish{do: values.Get("do"), names: typed(values.Get("names")), ca: values.Get("ca"), profile: typed(strings.TrimSpace(values.Get("profile"))), key: values.Get("key"),
		modes: make(map[string]string), lists: make(map[string][]string), wrong: make(map[string]string)}
	for _, p := range []places{installPlaces(), loadPlaces()} {
		w.modes[p.mode], w.lists[p.list] = values.Get(p.mode), values[p.list]
	}
	return w
}

// typed is a text as it was put in, in lines; what cannot be shown of it is a "?", which
// is in no name.
func typed(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\r':
			return -1
		case c == '\n', c == '\t', unicode.IsPrint(c) && c != unicode.ReplacementChar:
			return c
		case unicode.IsSpace(c):
			return ' '
		}
		return '?'
	}, strings.ToValidUTF8(text, "?"))
}

// check notes what is wrong with the fields, and returns what the overseer is to be
// asked for. Nothing that is not offered gets there.
func (w *wish) check(choices acmecore.Choices) control.CertifyRequest {
	request := control.CertifyRequest{CA: w.ca, Profile: w.profile}
	if w.key != "" {
		request.Keys = []acmecore.KeyType{acmecore.KeyType(w.key)}
	}
	request.Names = w.checkNames()
	if w.ca != "" && !slices.Contains(choices.CAs, w.ca) {
		w.wrong["ca"] = "There is no certification authority of that name in the configuration any more."
	}
	if w.key != "" && !slices.Contains(choices.Keys, acmecore.KeyType(w.key)) {
		w.wrong["key"] = "There is no such kind of key."
	}
	if !isWord(w.profile) {
		w.wrong["profile"] = "A profile is one word of letters, digits and hyphens, as the certification authority calls it."
	}
	request.Install = w.checkPlaces(installPlaces(), choices.Install)
	request.Load = w.checkPlaces(loadPlaces(), choices.Load)
	return request
}

// checkPlaces returns the targets, or the load actions, that were chosen: nil for those
// that are configured.
func (w *wish) checkPlaces(p places, offered []string) []string {
	list := w.lists[p.list]
	switch mode := w.modes[p.mode]; {
	case mode != asConfigured && mode != asChosen:
		w.wrong[p.mode] = "Choose one of the two."
		return nil
	case mode == asConfigured && len(list) > 0:
		w.wrong[p.mode] = "Some are ticked below, which goes together with “" + p.chosen + "” only: choose that, or tick none."
		return nil
	case mode == asConfigured:
		return nil
	}
	for _, name := range list {
		if !slices.Contains(offered, name) {
			w.wrong[p.list] = "“" + acmecore.Inert(name) + "” is not in the configuration any more."
		}
	}
	return append([]string{}, list...) // none is not nil
}

// isWord tells whether a text can be what a CA calls a profile, or is empty.
func isWord(text string) bool {
	odd := func(c rune) bool {
		return c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-_.", c)
	}
	return len(text) <= 64 && !strings.ContainsFunc(text, odd)
}

// maxMistakes is how many wrong names are told.
const maxMistakes = 4

// checkNames reads the names one by one, so that each wrong one can be told. A name
// given twice stays: a rehearsal tells of it.
func (w *wish) checkNames() (names []acmecore.Name) {
	entries := split(w.names)
	var mistakes []string
	hint := ""
	for _, entry := range entries {
		name, err := parseEntry(entry)
		if err != nil {
			mistakes = append(mistakes, strings.TrimSuffix(acmecore.Inert(err.Error()), "."))
			hint = cmp.Or(hint, acmecore.HintOf(err))
			continue
		}
		names = append(names, name)
	}
	switch {
	case len(entries) == 0:
		w.wrong["names"] = "Give at least one, such as www.example.org."
	case len(mistakes) > 0:
		w.wrong["names"] = mistaken(mistakes, hint)
	default:
		w.checkCount(names)
	}
	return names
}

// checkCount compares them with what one certificate can hold.
func (w *wish) checkCount(names []acmecore.Name) {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	if _, _, err := acmecore.ParseNames(texts...); err != nil {
		cause := err
		if told := (*acmecore.Error)(nil); errors.As(err, &told) && told.Cause != nil {
			cause = told.Cause // the field's label says the rest
		}
		w.wrong["names"] = strings.TrimSpace(bare(capital(sentence(cause.Error())) + " " + hintSentence(acmecore.HintOf(err))))
	}
}

func mistaken(mistakes []string, hint string) string {
	text := capital(strings.Join(mistakes[:min(len(mistakes), maxMistakes)], "; "))
	if more := len(mistakes) - maxMistakes; more > 0 {
		text += "; and " + count(more, "more", "more")
	}
	if hint != "" {
		text += ". " + capital(bare(hint))
	}
	return text + "."
}

// split takes a pasted list apart: at commas, semicolons and all that is blank. Quotes
// around an entry, as lists of programs have them, are no part of it.
func split(list string) (entries []string) {
	for _, entry := range strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ';' || unicode.IsSpace(c) }) {
		if entry = strings.Trim(entry, `"'`); entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}

// parseEntry reads a name, or the address of a page on that host.
func parseEntry(entry string) (acmecore.Name, error) {
	text := entry
	if scheme, _, found := strings.Cut(entry, "://"); found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		address, err := url.Parse(entry)
		if err == nil && address.Hostname() != "" {
			text = address.Hostname()
		}
	}
	name, err := acmecore.ParseName(text)
	if err == nil && !name.Address().IsValid() && !strings.Contains(string(name), ".") {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "host name", Subject: strconv.Quote(acmecore.Inert(text)), Cause: errors.New("has no dot"),
			Hint: "give its full name; for a CA of your own, wcme certify on the command line takes it as it is"}
	}
	return name, err
}
