package web

import (
	"net/url"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// rehearsal is what would be ordered, what was found, and the form that orders it.
func (v jobView) rehearsal(r acmecore.Rehearsal) templates.JobRehearsal {
	shown := templates.JobRehearsal{Tone: templates.Good, Summary: "Nothing was found that would make the certification authority refuse.", Facts: rehearsalFacts(r)}
	findings := slices.Clone(r.Findings)
	slices.SortStableFunc(findings, func(a, b acmecore.Rehearsed) int { return weight(b) - weight(a) }) // of a hundred names, a few may be wrong
	if r.Kept {
		shown.Summary = "The certificate that is there serves well: it would be kept, and none ordered."
	}
	wrong := 0
	for _, finding := range findings {
		if finding.Wrong {
			wrong++
		}
		shown.Findings = append(shown.Findings, rehearsed(finding))
	}
	if wrong > 0 && !r.Kept {
		shown.Tone = templates.Bad
		shown.Summary = count(wrong, "thing was", "things were") + " found that would make the order fail. The certification authority looks from elsewhere and has the last word: you can order all the same."
	}
	switch {
	case !v.role.May(acmecore.RoleAdmin):
	case r.Kept && !r.Changes:
		shown.Facts = append(shown.Facts, v.insteadOfOrder(r)...)
	default:
		shown.Order = v.order(r)
	}
	return shown
}

// insteadOfOrder leads on where an order would order nothing, and change nothing.
func (v jobView) insteadOfOrder(r acmecore.Rehearsal) (facts []templates.Fact) {
	if page := certificateAddress(v.link, r.ID); page != "" {
		facts = append(facts, templates.Fact{Term: "Another one all the same", Text: "Renew it", Link: page + "/renew"})
	}
	return append(facts, templates.Fact{Term: "Something else", Text: "Change what was rehearsed", Link: wishAddress(v.link, r)})
}

// weight is how much a finding matters.
func weight(f acmecore.Rehearsed) int {
	switch {
	case f.Wrong:
		return 2
	case f.Unknown:
		return 1
	}
	return 0
}

func rehearsalFacts(r acmecore.Rehearsal) []templates.Fact {
	names := joinedNames(r.Names)
	existing := "a new certificate"
	if r.Exists {
		existing = "a certificate that is managed already"
	}
	return []templates.Fact{
		{Term: "For", Text: names}, {Term: "That is", Text: existing},
		{Term: "Called", Text: acmecore.Inert(string(r.ID)), Code: true},
		{Term: "From", Text: acmecore.Inert(r.CA)},
		{Term: "Profile", Text: orChoice(r.Profile)},
		{Term: "Key", Text: keyInWords(r.Key)},
		{Term: "Installed in", Text: orNone(acmecore.Inert(strings.Join(r.Install, ", ")))},
		{Term: "Loaded by", Text: orNone(acmecore.Inert(strings.Join(r.Load, ", ")))},
	}
}

func orChoice(profile string) string {
	if profile == "" {
		return "the certification authority’s own choice"
	}
	return acmecore.Inert(profile)
}

func rehearsed(f acmecore.Rehearsed) templates.JobFinding {
	shown := templates.JobFinding{What: capital(acmecore.Inert(f.What)), Subject: acmecore.Inert(f.Subject), Tone: templates.Good, State: "fine",
		Text: acmecore.Inert(f.Text), Try: acmecore.Inert(f.Try)}
	switch {
	case f.Wrong:
		shown.Tone, shown.State = templates.Bad, "wrong"
	case f.Unknown:
		shown.Tone, shown.State = templates.Due, "not known"
	case f.Try != "":
		shown.Tone, shown.State = templates.Due, "note"
	}
	return shown
}

// order is the form that orders exactly what was rehearsed.
func (v jobView) order(r acmecore.Rehearsal) templates.JobOrder {
	values := rehearsedForm(r)
	order := templates.JobOrder{Action: v.link(certifyPath), Button: templates.Button{Text: "Order it now", Name: "do", Value: doOrder},
		Change: templates.Link{Text: "Change it", Address: wishAddress(v.link, r)},
		Text:   "It orders exactly that, for " + count(len(r.Names), "name", "names") + ", and then installs, loads and verifies it."}
	if r.Kept {
		order.Button.Text = "Change its record"
		order.Text = "It orders no certificate: it writes down what changes, and then installs, loads and verifies the one that is there accordingly."
	}
	for _, name := range []string{"names", "ca", "profile", "key", "targets", "install", "actions", "load"} {
		for _, value := range values[name] {
			order.Fields = append(order.Fields, templates.Field{Name: name, Type: "hidden", Value: value})
		}
	}
	return order
}

// rehearsedForm is what whoever asked had put into the form.
func rehearsedForm(r acmecore.Rehearsal) url.Values {
	names := make([]string, len(r.Names))
	for i, name := range r.Names {
		names[i] = acmecore.Inert(string(name))
	}
	values := url.Values{"names": {strings.Join(names, "\n")}}
	for name, value := range map[string]string{"ca": r.Asked.CA, "profile": r.Asked.Profile, "key": string(r.Asked.Key)} {
		if value != "" {
			values.Set(name, acmecore.Inert(value))
		}
	}
	for _, chosen := range []struct {
		places
		list []string
	}{{installPlaces(), r.Asked.Install}, {loadPlaces(), r.Asked.Load}} {
		if chosen.list == nil {
			continue
		}
		values.Set(chosen.mode, asChosen)
		for _, name := range chosen.list {
			values.Add(chosen.places.list, acmecore.Inert(name))
		}
	}
	return values
}
