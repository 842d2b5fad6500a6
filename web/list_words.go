package web

import (
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// day is a time's date, and a dash where there is none.
func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.DateOnly)
}

// caOf is the CA, with the profile where one is asked for.
func caOf(c acmecore.Certificate) string {
	if c.Profile == "" {
		return acmecore.Inert(c.CA)
	}
	return acmecore.Inert(c.CA) + ", " + acmecore.Inert(c.Profile)
}

// renewal is when the certificate is renewed, and why then.
func (v listView) renewal(c acmecore.Certificate) string {
	why := because(c.Renewal.Reason)
	switch {
	case why == "":
		return "–"
	case c.Renewal.At.After(v.now):
		return day(c.Renewal.At) + ", " + why
	case c.Next.After(v.now):
		return inWords(c.Next) + ", the next try"
	}
	return "now, " + why
}

// because is a reason in few words; "" for none.
func because(reason acmecore.Reason) string {
	switch reason {
	case acmecore.BecauseMissing:
		return "it is missing"
	case acmecore.BecauseUnusable:
		return "it cannot be used"
	case acmecore.BecauseWindow:
		return "the CA’s wish"
	case acmecore.BecauseThird:
		return "a third left"
	case acmecore.BecauseHalf:
		return "half left"
	case acmecore.BecauseBefore:
		return "as configured"
	case acmecore.BecauseAsked:
		return "asked for"
	case acmecore.BecauseLacking:
		return "not in service"
	}
	return ""
}

// reach is how good or bad it is how far a certificate has come.
func reach(service acmecore.Service) templates.Tone {
	switch service {
	case acmecore.ServiceServed, acmecore.ServiceLoaded, acmecore.ServiceInstalled:
		return templates.Good
	case acmecore.ServiceMissing:
		return templates.Missing
	}
	return templates.Broken
}

// seen is when visitors were last seen to be served the certificate.
func seen(c acmecore.Certificate) string {
	if c.Service != acmecore.ServiceServed || c.Proved.IsZero() {
		return ""
	}
	return "on " + day(c.Proved)
}

// maxPlaces is how many targets or load actions are named.
const maxPlaces = 3

// way is where a certificate stands or is to stand, and what loads or is to load it.
func way(c acmecore.Certificate) string {
	in, by := "in ", "loaded by "
	switch c.Service {
	case "":
		return ""
	case acmecore.ServiceMissing:
		in, by = "to be in ", "to be loaded by "
	case acmecore.ServiceUnloaded:
		by = "to be loaded by "
	}
	var parts []string
	if len(c.Targets) > 0 {
		parts = append(parts, in+listed(inert(c.Targets), maxPlaces))
	}
	if len(c.Loads) > 0 {
		parts = append(parts, by+listed(inert(c.Loads), maxPlaces))
	}
	return strings.Join(parts, ", ")
}

func inert(texts []string) []string {
	safe := make([]string, len(texts))
	for i, text := range texts {
		safe[i] = acmecore.Inert(text)
	}
	return safe
}

// lastRun leads to the record of a run, whose ID begins with its time; to nothing where
// it is no ID.
func (v listView) lastRun(id string) templates.Link {
	address := runAddress(v.link, id)
	if address == "" {
		return templates.Link{}
	}
	began, _ := time.Parse("20060102T150405", id[:15]) // as it is an ID
	return templates.Link{Text: day(began), Address: address}
}
