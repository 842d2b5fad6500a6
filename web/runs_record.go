package web

import (
	"wcme/acmecore"
	"wcme/templates"
)

// runSummary says in a sentence what the run was.
func runSummary(run acmecore.Run) string {
	text := triggerInWords(run.Trigger, run.Asked())
	if run.By != "" {
		text += ", asked for by " + byWhom(run.By)
	}
	if run.DryRun {
		text += ", as a rehearsal: nothing was changed"
	}
	return text + ". " + count(run.Managed, "certificate was", "certificates were") + " looked at, and " + workedOn(len(run.Certificates)) + "."
}

func workedOn(n int) string {
	switch n {
	case 0:
		return "nothing was to be done for any"
	case 1:
		return "one was to be worked on"
	}
	return number(n) + " were to be worked on"
}

func runFacts(run acmecore.Run) []templates.Fact {
	who := "nobody: it was due"
	if run.By != "" {
		who = byWhom(run.By)
	}
	return []templates.Fact{
		{Term: "Run", Text: acmecore.Inert(run.ID), Code: true},
		{Term: "Asked for by", Text: who},
		{Term: "Began", When: moment(run.Began), Text: "–"},
		{Term: "Ended", When: moment(run.Ended), Text: "not yet"},
		{Term: "Took", Text: orText(lasted(run.Began, run.Ended), "–")},
	}
}
