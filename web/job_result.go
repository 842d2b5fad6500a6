package web

import (
	"fmt"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// result is what came of the job.
func (v jobView) result() (shown templates.JobResult) {
	result := v.Result
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
	if result.Run != nil {
		for _, treated := range result.Run.Certificates {
			shown.Runs = append(shown.Runs, v.treated(treated))
		}
		result.Loads = append(result.Loads, result.Run.Loads...)
	}
	for _, load := range result.Loads {
		shown.Loads = append(shown.Loads, jobLoad(load))
	}
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

// certificate are the facts that matter after a job.
func (v jobView) certificate(c acmecore.Certificate) []templates.Fact {
	state := c.State(v.now)
	facts := []templates.Fact{{Term: "Names", Text: firstName(c), More: otherNames(c)},
		{Term: "State", Text: string(state), Tone: toneOf(state)}}
	if c.Problem != "" {
		facts = append(facts, templates.Fact{Term: "Problem", Text: acmecore.Inert(c.Problem)})
	}
	if c.Version != "" {
		facts = append(facts, templates.Fact{Term: "Version", Text: acmecore.Inert(c.Version), Code: true},
			templates.Fact{Term: "Issued by", Text: acmecore.Inert(c.CA) + " (" + acmecore.Inert(c.Issuer) + ")"},
			templates.Fact{Term: "Valid from", When: moment(c.NotBefore)}, templates.Fact{Term: "Valid to", When: moment(c.NotAfter)},
			templates.Fact{Term: "Serial number", Text: acmecore.Inert(c.Serial), Code: true})
	}
	if c.Service != "" {
		facts = append(facts, templates.Fact{Term: "Service", Text: acmecore.Inert(string(c.Service))})
	}
	if !c.Renewal.At.IsZero() {
		facts = append(facts, templates.Fact{Term: "Renewal planned", Text: inWords(c.Renewal.At) + " UTC: " + acmecore.Inert(c.Renewal.Text)})
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
		{Term: "Answered in", Text: strconv.FormatInt(a.Milliseconds, 10) + " ms"},
		{Term: "By way of the proxy", Text: orNone(acmecore.Inert(a.Proxy))},
		{Term: "Terms of service", Text: orNone(acmecore.Inert(a.Terms))}, {Term: "Website", Text: orNone(acmecore.Inert(a.Website))},
		{Term: "Called in CAA records", Text: orNone(acmecore.Inert(strings.Join(a.CAA, ", ")))},
		{Term: "Profiles", Text: orNone(acmecore.Inert(strings.Join(a.Profiles, ", ")))},
		{Term: "Wants an external account", Text: needs},
	}
}

// treated is what a run did to one certificate.
func (v jobView) treated(t acmecore.Treated) templates.JobTreated {
	shown := templates.JobTreated{Name: acmecore.Inert(string(t.ID)), Address: v.certificateAddress(t.ID), Tone: outcomeTone(t.Outcome),
		Outcome: orNone(acmecore.Inert(string(t.Outcome))), Why: capital(sentence(t.Text)), Problem: acmecore.Inert(t.Problem), Hint: acmecore.Inert(t.Hint)}
	if t.Outcome == "" {
		shown.Outcome = "nothing was to be done"
	}
	if t.Text == "" {
		shown.Why = ""
	}
	for _, stage := range t.Stages {
		of := stageOf(stage)
		shown.Stages = append(shown.Stages, templates.JobStage{Name: of.Name, Began: moment(stage.Began), Took: of.Took, Tone: of.Tone, State: of.State,
			Text: of.Text, Problem: of.Problem, Hint: of.Hint})
		if of.Problem == shown.Problem { // it is said at its stage
			shown.Problem, shown.Hint = "", ""
		}
	}
	for _, file := range t.Files {
		shown.Files = append(shown.Files, acmecore.Inert(file))
	}
	return shown
}

func jobLoad(l acmecore.LoadResult) templates.JobLoad {
	shown := templates.JobLoad{Action: acmecore.Inert(l.Action), Tone: templates.Good, State: "succeeded", Took: "It took " + took(l.Ended.Sub(l.Began)) + ".",
		Problem: acmecore.Inert(l.Problem), Hint: acmecore.Inert(l.Hint)}
	if l.Problem != "" {
		shown.Tone, shown.State = templates.Bad, "failed"
	}
	for _, command := range l.Commands {
		shown.Commands = append(shown.Commands, jobCommand(command))
	}
	return shown
}

func jobCommand(c acmecore.Command) templates.JobCommand {
	shown := templates.JobCommand{Line: acmecore.Inert(strings.Join(c.Args, " ")), Output: typed(strings.TrimRight(c.Output, "\n"))}
	switch {
	case c.Problem != "":
		shown.Status = acmecore.Inert(c.Problem)
	case c.Status > 0:
		shown.Status = "exit status " + strconv.Itoa(c.Status)
	default:
		shown.Status = "succeeded"
	}
	shown.Status += ", after " + took(c.Ended.Sub(c.Began))
	return shown
}

// presence is where a certificate is.
func (v jobView) presence(p acmecore.Presence) templates.JobPresence {
	c := p.Certificate
	shown := templates.JobPresence{Name: firstName(c), Address: v.certificateAddress(c.ID), Tone: templates.Good, State: "the same everywhere", Issued: "No certificate was issued yet."}
	if c.Version != "" {
		shown.Issued = "Issued is version " + acmecore.Inert(c.Version) + ", serial number " + acmecore.Inert(c.Serial) + ", valid to " + inWords(c.NotAfter) + " UTC."
	}
	if p.Parted != "" {
		shown.Tone, shown.State, shown.Parted = templates.Bad, "not the same everywhere", capital(sentence(p.Parted))
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
	place := templates.JobPlace{What: "Target " + acmecore.Inert(p.Target), Place: acmecore.Inert(strings.Join(p.Files, ", ")), Tone: templates.Good, State: "up to date",
		Serial: acmecore.Inert(p.Serial), Until: moment(p.NotAfter), Text: acmecore.Inert(p.Problem), Try: acmecore.Inert(p.Hint)}
	if !p.Current {
		place.Tone, place.State = templates.Bad, "another one"
	}
	return place
}

func placeServed(p acmecore.Proof) templates.JobPlace {
	where := fmt.Sprintf("%s at %s, port %d", p.Name, orNone(p.Address), p.Port)
	if p.Protocol != "" {
		where += ", " + p.Protocol
	}
	place := templates.JobPlace{What: "Served to visitors", Place: acmecore.Inert(where), Tone: templates.Bad, State: acmecore.Inert(string(p.Answer)),
		Serial: acmecore.Inert(p.Serial), Until: moment(p.NotAfter), Text: acmecore.Inert(p.Problem), Try: acmecore.Inert(p.Hint)}
	switch p.Answer {
	case acmecore.Serves:
		place.Tone = templates.Good
	case acmecore.Unreached:
		place.Tone = templates.Due
	}
	return place
}
