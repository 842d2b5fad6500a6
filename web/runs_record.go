package web

import (
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"wcme/acmecore"
	"wcme/templates"
)

// runSummary says in a sentence what the run was.
func runSummary(run acmecore.Run) string {
	text := begun(orDash(triggerInWords(run.Trigger, run.Asked())))
	if run.By != "" {
		text += ", asked for by " + acmecore.Inert(run.By)
	}
	if run.DryRun {
		text += ", as a rehearsal: nothing was changed"
	}
	return text + ". " + count(run.Managed, "certificate was", "certificates were") + " looked at, and " + treatedInWords(len(run.Certificates)) + "."
}

func treatedInWords(n int) string {
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
		who = acmecore.Inert(run.By)
	}
	return []templates.Fact{
		{Term: "Run", Text: acmecore.Inert(run.ID), Code: true},
		{Term: "Asked for by", Text: who},
		{Term: "Began", When: moment(run.Began), Text: "–"},
		{Term: "Ended", When: moment(run.Ended), Text: "not yet"},
		{Term: "Took", Text: orDash(runTime(run.Began, run.Ended))},
	}
}

// begun is a text as a sentence begins; "" stays.
func begun(text string) string {
	if text == "" {
		return ""
	}
	return capital(text)
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// maxRunFiles is how many changed files are named.
const maxRunFiles = 20

func runCertificate(r *http.Request, treated acmecore.Treated) templates.RunCertificate {
	name := acmecore.Inert(string(treated.ID))
	if len(treated.Names) > 0 {
		name = acmecore.Inert(string(treated.Names[0]))
	}
	shown := templates.RunCertificate{
		Name:    name,
		Address: certificateLink(r, treated.ID),
		Tone:    toneOfOutcome(treated.Outcome),
		Outcome: acmecore.Inert(string(treated.Outcome)),
		Problem: begun(acmecore.Inert(treated.Problem)),
		Hint:    tryInWords(treated.Hint),
		Now:     versionAfter(treated),
		Files:   changedFiles(treated.Files),
		Caption: "Stages of " + name,
	}
	if treated.Text != "" {
		shown.Text = capital(sentence(treated.Text))
	}
	if more := len(treated.Names) - 1; more > 0 {
		shown.Others = "and " + count(more, "more name", "more names")
	}
	for _, stage := range treated.Stages {
		shown.Stages = append(shown.Stages, runStage(stage))
	}
	return shown
}

// tryInWords is a hint as a sentence; "" where there is none.
func tryInWords(hint string) string {
	if hint == "" {
		return ""
	}
	return "What to try: " + sentence(hint)
}

// versionAfter says which version a certificate had after the run, and when it is
// looked after again.
func versionAfter(treated acmecore.Treated) string {
	var parts []string
	if treated.Version != "" {
		parts = append(parts, "Version "+acmecore.Inert(treated.Version)+" is current.")
	}
	if treated.Serial != "" {
		parts = append(parts, "Its serial number is "+acmecore.Inert(treated.Serial)+".")
	}
	if !treated.NotAfter.IsZero() {
		parts = append(parts, "It expires "+inWords(treated.NotAfter)+".")
	}
	if !treated.Next.IsZero() {
		parts = append(parts, "Next attempt or renewal: "+inWords(treated.Next)+".")
	}
	return strings.Join(parts, " ")
}

func changedFiles(files []string) (shown []string) {
	for _, file := range files[:min(len(files), maxRunFiles)] {
		shown = append(shown, acmecore.Inert(file))
	}
	if more := len(files) - maxRunFiles; more > 0 {
		shown = append(shown, "and "+strconv.Itoa(more)+" more")
	}
	return shown
}

func runStage(stage acmecore.Stage) templates.RunStage {
	shown := templates.RunStage{
		Stage:   acmecore.Inert(stage.Stage),
		Began:   moment(stage.Began),
		Took:    orDash(runTime(stage.Began, stage.Ended)),
		Tone:    templates.Good,
		Outcome: "done",
		Text:    acmecore.Inert(stage.Text),
		Problem: acmecore.Inert(stage.Problem),
		Hint:    tryInWords(stage.Hint),
	}
	if stage.Problem != "" {
		shown.Tone, shown.Outcome = templates.Bad, "failed"
	}
	if shown.Began.Machine != "" {
		shown.Began.Clock = stage.Began.UTC().Format("15:04:05 UTC")
	}
	return shown
}

func runLoad(load acmecore.LoadResult) templates.RunLoad {
	shown := templates.RunLoad{
		Action:  acmecore.Inert(load.Action),
		Tone:    templates.Good,
		Outcome: "done",
		Took:    runTime(load.Began, load.Ended),
		Problem: begun(acmecore.Inert(load.Problem)),
		Hint:    tryInWords(load.Hint),
	}
	if load.Problem != "" {
		shown.Tone, shown.Outcome = templates.Bad, "failed"
	}
	for i, command := range load.Commands {
		shown.Commands = append(shown.Commands, runCommand(shown.Action, i, command))
	}
	return shown
}

func runCommand(action string, number int, command acmecore.Command) templates.RunCommand {
	shown := templates.RunCommand{
		Command: commandLine(command.Args),
		Text:    "exit status " + strconv.Itoa(command.Status),
		Problem: acmecore.Inert(command.Problem),
		Output:  inertLines(command.Output),
		Label:   "Output of command " + strconv.Itoa(number+1) + " of " + action,
	}
	if command.Status < 0 {
		shown.Text = "no exit status"
	}
	if took := runTime(command.Began, command.Ended); took != "" {
		shown.Text += ", " + took
	}
	return shown
}

// commandLine shows a command so that it can be seen where each argument ends.
func commandLine(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = acmecore.Inert(arg)
		if words[i] == "" || strings.ContainsAny(words[i], " \"'\\$&|;<>()*?`") {
			words[i] = "'" + strings.ReplaceAll(words[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// inertLines is acmecore.Inert for a text of several lines, as a command writes it,
// which was cut already.
func inertLines(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "?"))
	return strings.TrimRight(text, "\n ")
}
