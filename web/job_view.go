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
	page := templates.JobPage{Heading: v.heading(), Tone: templates.Good, State: "done", Summary: v.done(),
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
func (v jobView) problem() templates.Problem {
	shown := templates.Problem{Alert: true, Heading: "What went wrong", Meaning: v.meaning(), Try: toTry(v.Hint)}
	shown.Words, shown.Text = apart(v.Problem)
	shown.Text = opening(sentence(readable(v.named(shown.Text))))
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
func (v jobView) facts() (facts []templates.Fact) {
	if v.isOfCertificate() && v.name() != v.Subject {
		facts = append(facts, templates.Fact{Term: "Certificate", Text: acmecore.Inert(v.Subject), Code: true})
	}
	facts = append(facts, templates.Fact{Term: "Asked for by", Text: orNone(byWhom(v.By))}, templates.Fact{Term: "Began", When: moment(v.Began)})
	if v.goesOn() {
		return append(facts, templates.Fact{Term: "Running for", Text: lasts(max(0, v.now.Sub(v.Began)))})
	}
	return append(facts, templates.Fact{Term: "Ended", When: moment(v.Ended)}, templates.Fact{Term: "Took", Text: orText(lasted(v.Began, v.Ended), "–")})
}

// progress are the steps, with those between that are not kept.
func (v jobView) progress() templates.JobProgress {
	p := templates.JobProgress{Fold: count(v.Count, "step", "steps")}
	switch {
	case v.goesOn() && v.Count == 0:
		p.State = "Nothing has been heard yet."
	case v.goesOn():
		p.State = "It goes on: " + count(v.Count, "step", "steps") + " so far."
	}
	var steps []templates.JobStep
	for _, step := range v.Steps {
		steps = append(steps, templates.JobStep{At: moment(step.Time), Clock: step.Time.UTC().Format(time.TimeOnly), Stage: acmecore.Inert(step.Stage),
			Subject: acmecore.Inert(step.Subject), Text: readable(step.Text)})
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
	if address := certificateAddress(v.link, acmecore.ID(v.Subject)); address != "" && v.isManaged() {
		links = append(links, templates.Link{Text: "The certificate", Address: address})
	}
	if wish, found := v.toChange(); found {
		links = append(links, templates.Link{Text: "Change what was ordered", Address: wishAddress(v.link, wish)})
	}
	if run := v.Result.Run; run != nil {
		if address := runAddress(v.link, run.ID); address != "" {
			links = append(links, templates.Link{Text: "The record of this run", Address: address})
		}
	}
	if v.isCheck() && v.role.May(v.deed().Role()) && !v.goesOn() {
		links = append(links, templates.Link{Text: "Check again", Address: v.link(wordsOf(v.deed()).again)}, templates.Link{Text: "All checks", Address: v.link(checkPath)})
	}
	return append(links, templates.Link{Text: "All certificates", Address: v.link(listPath)})
}

func (v jobView) isCheck() bool { return wordsOf(v.deed()).again != "" }

// toChange is what an order was for that came to nothing, as far as that is known: its
// sender may want to order something else. Where the order itself went well, nothing of it
// is to be changed.
func (v jobView) toChange() (wish acmecore.Rehearsal, found bool) {
	if v.deed() != control.DeedCertify || v.Problem == "" || !v.role.May(control.DeedCertify.Role()) {
		return wish, false
	}
	for _, treated := range v.treated() {
		if treated.Outcome == acmecore.NotServed {
			return wish, false
		}
		wish.Names = treated.Names
	}
	if c := v.Result.Certificate; c != nil {
		wish = wishFor(*c)
	}
	return wish, len(wish.Names) > 0
}

// treated are the certificates that the job's run did something to.
func (v jobView) treated() []acmecore.Treated {
	if v.Result.Run == nil {
		return nil
	}
	return v.Result.Run.Certificates
}

// named puts host names in place of the certificates' IDs in a text, where these stand
// alone: paths have them in them, too.
func (v jobView) named(text string) string {
	names := map[string]string{v.Subject: v.name()}
	for _, treated := range v.treated() {
		names[string(treated.ID)] = hostOf(treated.ID)
		if len(treated.Names) > 0 {
			names[string(treated.ID)] = acmecore.Inert(string(treated.Names[0]))
		}
	}
	words := strings.Split(text, " ")
	for i, word := range words {
		bare := strings.TrimRight(word, ".,;:")
		if name := names[bare]; bare != "" && name != "" {
			words[i] = name + word[len(bare):]
		}
	}
	return strings.Join(words, " ")
}

// isManaged tells whether the subject is a certificate that is managed, as far as that
// is known.
func (v jobView) isManaged() bool {
	switch v.deed() {
	case control.DeedRehearse, control.DeedRemove:
		return false
	case control.DeedCertify:
		return v.Result.Certificate != nil
	}
	return v.isOfCertificate()
}

// isOfCertificate tells whether the subject is a certificate.
func (v jobView) isOfCertificate() bool {
	switch v.deed() {
	case control.DeedCertify, control.DeedRehearse, control.DeedRenew, control.DeedLoad, control.DeedVerify, control.DeedRestore, control.DeedRevoke, control.DeedRemove,
		control.DeedCheckServed, control.DeedCheckChallenge:
		return v.Subject != ""
	}
	return false
}

// name is what the subject is called: a certificate by its first host name.
func (v jobView) name() string {
	if !v.isOfCertificate() {
		return acmecore.Inert(v.Subject)
	}
	id, result := acmecore.ID(v.Subject), v.Result
	if result.Certificate != nil && result.Certificate.ID == id {
		return firstName(*result.Certificate)
	}
	if r := result.Rehearsal; r != nil && r.ID == id && len(r.Names) > 0 {
		return acmecore.Inert(string(r.Names[0]))
	}
	for _, presence := range result.Presences {
		if presence.Certificate.ID == id {
			return firstName(presence.Certificate)
		}
	}
	return hostOf(id)
}

// joinedNames lists names in one text.
func joinedNames(names []acmecore.Name) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = acmecore.Inert(string(name))
	}
	return strings.Join(texts, ", ")
}
