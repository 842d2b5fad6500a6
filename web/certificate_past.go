package web

import (
	"slices"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// failures are the attempts that came to nothing, the newest first.
func (v certificateView) failures() (list []templates.CertificateFailure) {
	for _, failure := range v.Standing.Failures {
		list = append(list, v.failure(failure, "not obtained", failureMeaning(failure)))
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
	shown.Cause, shown.Try = opening(readable(shown.Cause)), toTry(f.Hint)
	for _, name := range f.Refused {
		shown.Names = append(shown.Names, acmecore.Inert(string(name)))
	}
	if f.Until.After(v.now) {
		shown.Until = "The CA asks not to try before " + utc(f.Until) + "."
	}
	return shown
}

// failureMeaning explains a failed order: by the CA's error where that is a known one.
func failureMeaning(failure acmecore.Failure) string {
	if explanation, found := acmecore.Explain(failure.Type); found {
		return explanation.Means + " " + explanation.Next
	}
	return orderMeaning(failure.Kind)
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

// The manager's words before what a CA said, which it quotes, and those that stand in
// place of both where the CA's words are shown beside.
const (
	beforeWords = "the CA says "
	inPlaceOf   = "see the CA’s own words"
)

// apart takes the CA's own words out of the text of an error; "" where it has none.
// What is left says what they were said of.
func apart(cause string) (words, rest string) {
	var said []string
	var left strings.Builder
	for {
		before, after, found := strings.Cut(cause, beforeWords)
		left.WriteString(before)
		if !found {
			break
		}
		quoted, text := beginsQuoted(after)
		if quoted == "" {
			left.WriteString(beforeWords)
		} else {
			left.WriteString(inPlaceOf)
			said = append(said, acmecore.Inert(text))
		}
		cause = after[len(quoted):]
	}
	return strings.Join(said, " – "), acmecore.Inert(left.String())
}

// beginsQuoted is what a text begins with, in double quotes and without them; "" where it
// does not.
func beginsQuoted(text string) (quoted, bare string) {
	if !strings.HasPrefix(text, `"`) {
		return "", ""
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", ""
	}
	bare, err = strconv.Unquote(quoted)
	if err != nil {
		return "", ""
	}
	return quoted, bare
}

// runs are what the newest runs did to the certificate.
func (v certificateView) runs() (list []templates.CertificateRun) {
	for _, run := range v.Runs {
		if run.Treated == nil {
			continue
		}
		treated := *run.Treated
		shown := templates.CertificateRun{Began: moment(run.Began), Address: runAddress(v.link, run.ID), What: runText(run), Why: whyInWords(run.Trigger, treated),
			Tone: toneOfOutcome(treated.Outcome), Outcome: outcomeInWords(run.Trigger, treated.Outcome), Took: orText(lasted(run.Began, run.Ended), "–")}
		var told said
		shown.Problem = told.once(treated.Problem, treated.Hint)
		for _, stage := range treated.Stages {
			shown.Stages = append(shown.Stages, stageInWords(stage, &told))
		}
		list = append(list, shown)
	}
	return list
}

// runText is who or what began a run.
func runText(run acmecore.RunLine) string {
	what := triggerInWords(run.Trigger, nil)
	if run.Treated != nil && run.Treated.Reason == acmecore.BecauseAsked && run.Trigger == "manage" {
		what = forcedRenewal
	}
	if run.By == "" {
		return what
	}
	return what + ", asked for by " + byWhom(run.By)
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
