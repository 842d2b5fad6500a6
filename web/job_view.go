package web

import (
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// jobView puts a job into words.
type jobView struct {
	acmecore.Job
	now  time.Time
	link func(path string) string
	role acmecore.Role
}

func (v jobView) deed() control.Deed { return control.Deed(v.Kind) }

func (v jobView) goesOn() bool { return v.Ended.IsZero() }

func (v jobView) page() templates.JobPage {
	words := wordsOf(v.deed())
	page := templates.JobPage{Heading: words.heading + v.subject(), Tone: templates.Good, State: "done", Summary: words.done,
		Progress: v.progress(), Facts: v.facts(), Links: v.links()}
	switch {
	case v.goesOn():
		page.Tone, page.State, page.Summary = templates.Due, "running", "It goes on also when you leave this page."
		return page
	case v.Problem != "":
		page.Tone, page.State, page.Summary = templates.Bad, "failed", "It did not come to a good end."
		page.Problem = v.problem()
	}
	page.Result = v.result()
	return page
}

// problem explains why it failed.
func (v jobView) problem() templates.JobProblem {
	shown := templates.JobProblem{Meaning: v.meaning()}
	shown.Words, shown.Text = apart(v.Problem)
	shown.Text = capital(sentence(shown.Text))
	if v.Hint != "" {
		shown.Try = capital(sentence(v.Hint))
	}
	return shown
}

// meaning says who must act: where a CA was asked for a certificate, as on the page of
// the certificate.
func (v jobView) meaning() string {
	switch v.deed() {
	case control.DeedCertify, control.DeedRenew:
		if v.Error == acmecore.Refused || v.Error == acmecore.Limited {
			return orderMeaning(v.Error)
		}
	}
	switch v.Error {
	case acmecore.Invalid:
		return "The configuration, or what was asked for, has to change first."
	case acmecore.Denied:
		return "wCME may not do on this host what it has to."
	case acmecore.NotFound:
		return "It may have gone in the meantime."
	case acmecore.Busy:
		return "Somebody else was at it, or it was ended from outside: it can be begun again."
	case acmecore.Limited:
		return "The other side asks for patience."
	case acmecore.Refused:
		return "The other side said no."
	case acmecore.Internal:
		return "Something on this host is not as it should be; the overseer’s log has more."
	}
	return ""
}

// facts say what was asked for, by whom and when.
func (v jobView) facts() []templates.Fact {
	facts := []templates.Fact{{Term: "Asked for by", Text: orNone(acmecore.Inert(v.By))}, {Term: "Began", When: moment(v.Began)}}
	if v.goesOn() {
		return append(facts, templates.Fact{Term: "Running for", Text: took(v.now.Sub(v.Began))})
	}
	return append(facts, templates.Fact{Term: "Ended", When: moment(v.Ended)}, templates.Fact{Term: "Took", Text: took(v.Ended.Sub(v.Began))})
}

// progress are the steps, with those between that are not kept.
func (v jobView) progress() templates.JobProgress {
	var p templates.JobProgress
	switch {
	case v.goesOn() && v.Count == 0:
		p.State = "Nothing has been heard yet."
	case v.goesOn():
		p.State = "It goes on: " + count(v.Count, "step", "steps") + " so far."
	}
	var steps []templates.JobStep
	for _, step := range v.Steps {
		steps = append(steps, templates.JobStep{At: moment(step.Time), Clock: step.Time.UTC().Format(time.TimeOnly), Stage: acmecore.Inert(step.Stage),
			Subject: acmecore.Inert(step.Subject), Text: acmecore.Inert(step.Text)})
	}
	p.First = steps
	if v.Left > 0 {
		before := min(firstSteps, len(steps))
		p.First, p.Last = steps[:before], steps[before:]
		p.Left = "Here " + count(v.Left, "step is", "steps are") + " left out; the overseer’s log has them."
	}
	return p
}

// firstSteps is how many of a job's first steps the overseer keeps.
const firstSteps = 60

// links lead to where whoever has read the page may want to go.
func (v jobView) links() (links []templates.Link) {
	if address := v.certificateAddress(acmecore.ID(v.Subject)); address != "" && v.concernsOne() {
		links = append(links, templates.Link{Text: "The certificate", Address: address})
	}
	if run := v.Result.Run; run != nil {
		if address := (certificateView{link: v.link}).runAddress(run.ID); address != "" {
			links = append(links, templates.Link{Text: "The record of this run", Address: address})
		}
	}
	if again := wordsOf(v.deed()).again; again != "" && v.role.May(v.deed().Role()) && !v.goesOn() {
		links = append(links, templates.Link{Text: "Check again", Address: v.link(again)})
	}
	return append(links, templates.Link{Text: "All certificates", Address: v.link(listPath)})
}

// concernsOne tells whether the subject is a certificate that is managed, as far as that
// is known.
func (v jobView) concernsOne() bool {
	switch v.deed() {
	case control.DeedRenew, control.DeedLoad, control.DeedVerify, control.DeedRestore, control.DeedRevoke, control.DeedCheckServed, control.DeedCheckChallenge:
		return v.Subject != ""
	case control.DeedCertify:
		return v.Result.Certificate != nil
	}
	return false
}

// certificateAddress is the page of a certificate; "" where the ID is none.
func (v jobView) certificateAddress(id acmecore.ID) string {
	if _, err := acmecore.ParseID(string(id)); err != nil {
		return ""
	}
	return v.link(certificatePath + "/" + string(id))
}

// joinedNames lists names in one text.
func joinedNames(names []acmecore.Name) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = acmecore.Inert(string(name))
	}
	return strings.Join(texts, ", ")
}
