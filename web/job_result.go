package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// result is what came of the job.
func (v jobView) result() (shown templates.JobResult) {
	result := v.Result
	shown.Failed = v.Problem != ""
	if result.Rehearsal != nil {
		rehearsal := v.rehearsal(*result.Rehearsal)
		shown.Rehearsal = &rehearsal
	}
	if result.Certificate != nil {
		shown.Certificate = v.certificate(*result.Certificate)
	}
	if result.Authority != nil {
		shown.Authority = authorityFacts(*result.Authority)
	}
	v.run(&shown)
	for _, reach := range result.Reaches {
		shown.Reaches = append(shown.Reaches, jobReach(reach))
	}
	for _, presence := range result.Presences {
		shown.Presences = append(shown.Presences, v.presence(presence))
	}
	if result.More > 0 {
		shown.More = count(result.More, "more is", "more are") + " not shown here; what something is wrong with comes first."
	}
	return shown
}

// run is what was done to certificates, and by load actions. What failed is told once: on
// top of the page, or else where it is read first.
func (v jobView) run(shown *templates.JobResult) {
	told, loads := said{v.Problem, v.Hint}, v.Result.Loads
	for i, treated := range v.treated() {
		here := slices.Clone(told)
		if len(v.treated()) > 1 {
			here = nil // on top is the first one's problem, and each is read for itself
		}
		shown.Runs = append(shown.Runs, treatedInWords(v.link, v.Result.Run.Trigger, treated, &here))
		shown.Runs[i].Table = "stages-" + strconv.Itoa(i+1)
		told = append(told, here...)
	}
	if run := v.Result.Run; run != nil {
		loads = slices.Concat(loads, run.Loads)
	}
	for _, load := range loads {
		shown.Loads = append(shown.Loads, loadInWords(load, &told))
	}
}

// certificate are the facts that matter after a job.
func (v jobView) certificate(c acmecore.Certificate) []templates.Fact {
	facts := []templates.Fact{{Term: "Names", Text: firstName(c), More: otherNames(c)},
		{Term: "State", Text: stateOf(c, v.now), Tone: toneOf(c.State(v.now))}}
	if c.Problem != "" {
		facts = append(facts, templates.Fact{Term: "Problem", Text: opening(sentence(readable(c.Problem)))})
	}
	if c.Version != "" {
		facts = append(facts, templates.Fact{Term: "Version", Text: acmecore.Inert(c.Version), Code: true},
			templates.Fact{Term: "Issued by", Text: acmecore.Inert(c.CA) + " (" + acmecore.Inert(c.Issuer) + ")"},
			templates.Fact{Term: "Valid from", When: moment(c.NotBefore)}, templates.Fact{Term: "Expires", When: moment(c.NotAfter)},
			templates.Fact{Term: "Serial number", Text: acmecore.Inert(c.Serial), Code: true})
	}
	if c.Service != "" {
		facts = append(facts, templates.Fact{Term: "Service", Text: acmecore.Inert(string(c.Service))})
	}
	if !c.Renewal.At.IsZero() {
		facts = append(facts, templates.Fact{Term: "Renewal planned", Text: utc(c.Renewal.At) + ": " + readable(c.Renewal.Text)})
	}
	return facts
}

func authorityFacts(a acmecore.Authority) []templates.Fact {
	needs := "no"
	if a.ExternalAccount {
		needs = "yes: eab_kid and eab_key in wcme.toml"
	}
	return []templates.Fact{
		{Term: "Called here", Text: acmecore.Inert(a.CA)},
		{Term: "Directory", Text: acmecore.Inert(a.Directory), Code: true},
		{Term: "Answered in", Text: lasts(time.Duration(a.Milliseconds) * time.Millisecond)},
		{Term: "By way of the proxy", Text: orNone(acmecore.Inert(a.Proxy))},
		{Term: "Terms of service", Text: orNone(acmecore.Inert(a.Terms))}, {Term: "Website", Text: orNone(acmecore.Inert(a.Website))},
		{Term: "Called in CAA records", Text: orNone(acmecore.Inert(strings.Join(a.CAA, ", ")))},
		{Term: "Profiles", Text: orNone(acmecore.Inert(strings.Join(a.Profiles, ", ")))},
		{Term: "Wants an external account", Text: needs},
	}
}

// presence is where a certificate is.
func (v jobView) presence(p acmecore.Presence) templates.JobPresence {
	c := p.Certificate
	shown := templates.JobPresence{Name: firstName(c), Address: certificateAddress(v.link, c.ID), Tone: templates.Good, State: "the same everywhere", Issued: "No certificate was issued yet."}
	if c.Version != "" {
		shown.Issued = "Issued is version " + acmecore.Inert(c.Version) + ", serial number " + acmecore.Inert(c.Serial) + ", which expires " + utc(c.NotAfter) + "."
	}
	if p.Parted != "" {
		shown.Tone, shown.State, shown.Parted = templates.Bad, "not the same everywhere", opening(sentence(readable(p.Parted)))
	}
	for _, placed := range p.Placed {
		shown.Places = append(shown.Places, placeOnDisk(placed))
	}
	for _, proof := range p.Proofs {
		shown.Places = append(shown.Places, placeServed(proof))
	}
	return shown
}

func placeOnDisk(p acmecore.Placed) templates.JobPlace {
	place := templates.JobPlace{What: "Target " + acmecore.Inert(p.Target), Place: acmecore.Inert(strings.Join(p.Files, ", ")), Tone: templates.Good, State: "current",
		Serial: acmecore.Inert(p.Serial), Until: moment(p.NotAfter), Problem: problemOf(p.Problem, p.Hint)}
	if !p.Current {
		place.Tone, place.State = templates.Bad, "not current"
	}
	return place
}

func placeServed(p acmecore.Proof) templates.JobPlace {
	tone, state := placeState(p, p.Answer == acmecore.Serves)
	return templates.JobPlace{What: "Served to visitors", Place: placeText(p.Endpoint), Tone: tone, State: state,
		Serial: acmecore.Inert(p.Serial), Until: moment(p.NotAfter), Problem: problemOf(p.Problem, p.Hint)}
}

// problemOf is what is wrong at one place, and what to try there.
func problemOf(problem, hint string) templates.Problem {
	return templates.Problem{Text: opening(readable(problem)), Try: toTry(hint)}
}
