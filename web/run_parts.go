package web

import (
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// maxRunFiles is how many changed files are named.
const maxRunFiles = 20

// treatedInWords is what a run with that trigger did to one certificate. What the page has
// said already is not said again.
func treatedInWords(link func(path string) string, trigger string, t acmecore.Treated, told *said) templates.RunCertificate {
	name := hostOf(t.ID)
	if len(t.Names) > 0 {
		name = acmecore.Inert(string(t.Names[0]))
	}
	shown := templates.RunCertificate{
		Name:    name,
		Address: certificateAddress(link, t.ID),
		Tone:    toneOfOutcome(t.Outcome),
		Outcome: outcomeInWords(trigger, t.Outcome),
		Text:    whyInWords(trigger, t),
		Now:     versionAfter(t),
		Files:   changedFiles(t.Files),
		Caption: "Stages of " + name,
	}
	if more := len(t.Names) - 1; more > 0 {
		shown.Others = "and " + count(more, "more name", "more names")
	}
	if len(t.Stages) == 0 || t.Stages[len(t.Stages)-1].Problem != t.Problem { // otherwise it is said at that stage
		shown.Problem = told.once(t.Problem, t.Hint)
	}
	for _, stage := range t.Stages {
		shown.Stages = append(shown.Stages, stageInWords(stage, told))
	}
	return shown
}

// versionAfter says which version a certificate had after the run, and when it is
// looked after again.
func versionAfter(t acmecore.Treated) string {
	var parts []string
	if t.Version != "" {
		parts = append(parts, "Version "+acmecore.Inert(t.Version)+" is current.")
	}
	if t.Serial != "" {
		parts = append(parts, "Its serial number is "+acmecore.Inert(t.Serial)+".")
	}
	if !t.NotAfter.IsZero() {
		parts = append(parts, "It expires "+utc(t.NotAfter)+".")
	}
	if !t.Next.IsZero() {
		parts = append(parts, "Next attempt or renewal: "+utc(t.Next)+".")
	}
	return strings.Join(parts, " ")
}

func changedFiles(files []string) []string {
	shown := inert(files[:min(len(files), maxRunFiles)])
	if more := len(files) - maxRunFiles; more > 0 {
		shown = append(shown, "and "+number(more)+" more")
	}
	return shown
}

func stageInWords(stage acmecore.Stage, told *said) templates.RunStage {
	shown := templates.RunStage{
		Name:    acmecore.Inert(stage.Stage),
		Began:   moment(stage.Began),
		Took:    orText(lasted(stage.Began, stage.Ended), "–"),
		Text:    readable(stage.Text),
		Problem: told.once(stage.Problem, stage.Hint),
	}
	shown.Tone, shown.State = succeeded(stage.Problem == "")
	if shown.Began.Machine != "" {
		shown.Began.Clock = stage.Began.UTC().Format("15:04:05 UTC")
	}
	return shown
}

// succeeded is how a stage, a load action or a command ended.
func succeeded(well bool) (templates.Tone, string) {
	if well {
		return templates.Good, "succeeded"
	}
	return templates.Bad, "failed"
}

func loadInWords(load acmecore.LoadResult, told *said) templates.RunLoad {
	shown := templates.RunLoad{Action: acmecore.Inert(load.Action), Took: lasted(load.Began, load.Ended), Problem: told.once(load.Problem, load.Hint)}
	shown.Tone, shown.State = succeeded(load.Problem == "")
	for i, command := range load.Commands {
		shown.Commands = append(shown.Commands, commandInWords(command))
		shown.Commands[i].Label = "Output of command " + strconv.Itoa(i+1) + " of " + shown.Action
	}
	return shown
}

func commandInWords(command acmecore.Command) templates.RunCommand {
	shown := templates.RunCommand{Line: commandLine(command.Args), Output: strings.TrimRight(typed(command.Output), "\n "), Status: "succeeded"}
	switch {
	case command.Status > 0:
		shown.Status = "exit status " + strconv.Itoa(command.Status)
	case command.Status < 0:
		shown.Status = "no exit status"
	case command.Problem != "":
		shown.Status = "failed"
	}
	if problem := readable(command.Problem); problem != shown.Status {
		shown.Problem = problem
	}
	if took := lasted(command.Began, command.Ended); took != "" {
		shown.Status += ", " + took
	}
	return shown
}

// commandLine shows a command so that it can be seen where each argument ends.
func commandLine(args []string) string {
	words := inert(args)
	for i, word := range words {
		if word == "" || strings.ContainsAny(word, " \"'\\$&|;<>()*?`") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
