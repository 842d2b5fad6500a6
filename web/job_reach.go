package web

import (
	"strconv"

	"wcme/acmecore"
	"wcme/templates"
)

// jobReach is how far a challenge of a name got.
func jobReach(r acmecore.Reach) templates.JobReach {
	shown := templates.JobReach{Name: acmecore.Inert(string(r.Name)), Findings: jobFindings(r.Findings)}
	shown.Tone, shown.State = answered(r.Answered)
	if r.Answered && r.Path == "" {
		shown.State = "proved in another way"
	}
	for _, visit := range r.Visits {
		one := templates.JobVisit{Address: acmecore.Inert(visit.Address), Facts: visitFacts(r.Path, visit), Findings: jobFindings(visit.Findings)}
		one.Tone, one.State = answered(visit.Answered)
		shown.Visits = append(shown.Visits, one)
	}
	return shown
}

func answered(rightly bool) (templates.Tone, string) {
	if rightly {
		return templates.Good, "answered rightly"
	}
	return templates.Bad, "not answered rightly"
}

func jobFindings(findings []acmecore.Finding) (list []templates.JobFinding) {
	for _, finding := range findings {
		shown := templates.JobFinding{Tone: templates.Good, State: "note", Text: readable(finding.Text), Try: toTry(finding.Try)}
		if finding.Wrong {
			shown.Tone, shown.State = templates.Bad, "wrong"
		}
		list = append(list, shown)
	}
	return list
}

// visitFacts are what was asked, what came back, and what arrived at wCME.
func visitFacts(path string, v acmecore.Visit) (facts []templates.Fact) {
	for i, hop := range v.Hops {
		term := "Asked"
		if i > 0 {
			term = "Redirect " + strconv.Itoa(i)
		}
		facts = append(facts, templates.Fact{Term: term, Text: acmecore.Inert(hop.URL), Code: true, More: hopLines(hop)})
	}
	if r := v.Received; r != nil {
		facts = append(facts, templates.Fact{Term: "Sent", Text: acmecore.Inert(path), Code: true},
			templates.Fact{Term: "Arrived at wCME", Text: orNone(acmecore.Inert(r.Path)), Code: true, More: []string{
				"host " + orNone(acmecore.Inert(r.Host)), orNone(acmecore.Inert(r.Protocol)), "from " + orNone(acmecore.Inert(r.Address))}})
	}
	if v.Body != "" {
		facts = append(facts, templates.Fact{Term: "The answer began", Text: acmecore.Inert(v.Body), Code: true})
	}
	return facts
}

func hopLines(hop acmecore.Hop) []string {
	lines := []string{"at " + orNone(acmecore.Inert(hop.Address))}
	if hop.Status == 0 {
		return append(lines, "no answer")
	}
	line := "status " + strconv.Itoa(hop.Status)
	if hop.Server != "" {
		line += " from " + acmecore.Inert(hop.Server)
	}
	if hop.Location != "" {
		line += " to " + acmecore.Inert(hop.Location)
	}
	return append(lines, line)
}
