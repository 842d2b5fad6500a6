package web

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// failures are the attempts that came to nothing, the newest first.
func (v certificateView) failures() (list []templates.CertificateFailure) {
	for _, failure := range v.Standing.Failures {
		list = append(list, v.failure(failure, "not obtained", orderMeaning(failure.Kind)))
	}
	for _, failure := range v.Standing.Unserved {
		list = append(list, v.failure(failure, "not in service", "The certificate is there, and visitors do not meet it everywhere. wCME puts it right again by itself, with longer and longer pauses."))
	}
	slices.SortStableFunc(list, func(a, b templates.CertificateFailure) int { return strings.Compare(b.At.Machine, a.At.Machine) })
	return list
}

func (v certificateView) failure(f acmecore.Failure, what, meaning string) templates.CertificateFailure {
	shown := templates.CertificateFailure{At: moment(f.At), What: what, Meaning: meaning}
	shown.Words, shown.Cause = apart(f.Cause)
	if f.Hint != "" {
		shown.Try = capital(sentence(f.Hint))
	}
	for _, name := range f.Refused {
		shown.Names = append(shown.Names, acmecore.Inert(string(name)))
	}
	if f.Until.After(v.now) {
		shown.Until = "The CA asks not to try before " + inWords(f.Until) + " UTC."
	}
	return shown
}

// orderMeaning explains a failed order by who must act.
func orderMeaning(kind acmecore.Kind) string {
	switch kind {
	case acmecore.Refused:
		return "The CA said no. It will say so again until what it names is mended."
	case acmecore.Limited:
		return "The CA asks for patience. Asking sooner makes it worse; wCME waits as long as the CA says."
	case acmecore.Unreachable:
		return "The CA did not answer as it should. That often passes by itself; wCME tries again."
	case acmecore.Invalid:
		return "The configuration, or the certificate’s record, asks for something that cannot be."
	case acmecore.Denied:
		return "wCME may not do on this host what it has to."
	case acmecore.NotFound:
		return "Something is missing that an order needs, most often the account at the CA."
	case acmecore.Busy:
		return "The attempt was ended from outside. The next one goes on where it was."
	}
	return "That is no fault of the CA’s: something on this host is not as it should be."
}

// caWords finds what package order quotes of a CA.
var caWords = regexp.MustCompile(`the CA says ("(?:[^"\\]|\\.)*")`)

// apart takes the CA's own words out of the text of an error; "" where it has none.
// What is left says what they were said of.
func apart(cause string) (words, rest string) {
	var said []string
	for _, found := range caWords.FindAllStringSubmatch(cause, -1) {
		if text, err := strconv.Unquote(found[1]); err == nil {
			said = append(said, acmecore.Inert(text))
		}
	}
	if len(said) == 0 {
		return "", acmecore.Inert(cause)
	}
	rest = caWords.ReplaceAllString(cause, "see the CA’s own words")
	return strings.Join(said, " – "), acmecore.Inert(rest)
}

// runs are what the newest runs did to the certificate.
func (v certificateView) runs() (list []templates.CertificateRun) {
	for _, run := range v.Runs {
		if run.Treated == nil {
			continue
		}
		treated := *run.Treated
		shown := templates.CertificateRun{Began: moment(run.Began), Address: v.runAddress(run.ID), What: runText(run), Why: acmecore.Inert(treated.Text),
			Tone: outcomeTone(treated.Outcome), Outcome: acmecore.Inert(string(treated.Outcome)), Took: took(run.Ended.Sub(run.Began)),
			Problem: acmecore.Inert(treated.Problem), Hint: acmecore.Inert(treated.Hint)}
		for _, stage := range treated.Stages {
			shown.Stages = append(shown.Stages, stageOf(stage))
		}
		list = append(list, shown)
	}
	return list
}

// runAddress is where the run's own page is; "" for a name that no run has.
func (v certificateView) runAddress(id string) string {
	if id == "" || strings.Trim(id, "0123456789abcdefT-") != "" {
		return ""
	}
	return v.link(runsPath + "/" + id)
}

// runText is who or what began a run.
func runText(run acmecore.RunLine) string {
	what := capital(triggerInWords(run.Trigger, nil))
	if run.Treated != nil && run.Treated.Reason == acmecore.BecauseAsked && run.Trigger == "manage" {
		what = "A forced renewal"
	}
	if run.By == "" {
		return what
	}
	return what + ", asked for by " + acmecore.Inert(run.By)
}

func stageOf(stage acmecore.Stage) templates.CertificateStage {
	shown := templates.CertificateStage{Name: acmecore.Inert(stage.Stage), Took: took(stage.Ended.Sub(stage.Began)), Text: acmecore.Inert(stage.Text),
		Tone: templates.Good, State: "done", Problem: acmecore.Inert(stage.Problem), Hint: acmecore.Inert(stage.Hint)}
	if stage.Problem != "" {
		shown.Tone, shown.State = templates.Bad, "failed"
	}
	return shown
}

func outcomeTone(outcome acmecore.Outcome) templates.Tone {
	switch outcome {
	case acmecore.Renewed, acmecore.Repaired, acmecore.Planned, "":
		return templates.Good
	case acmecore.Postponed:
		return templates.Due
	}
	return templates.Bad
}

// took is how long something lasted.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "no time that makes sense"
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// searched says how far back the runs were looked for.
func (v certificateView) searched() string {
	of := "Of the newest " + count(v.Searched, "run", "runs")
	switch {
	case v.Searched == 0:
		return "There is no record of a run yet."
	case len(v.Runs) == 0:
		return of + ", none did anything to this certificate."
	}
	return of + ", these did something to this certificate; those that only looked at it are left out."
}
