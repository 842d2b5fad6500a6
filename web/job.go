package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// How often a page looks for new steps, in seconds: where a script does, and where the
// browser loads the page again.
const (
	stepsEvery = 2
	pageEvery  = 3
)

func (s Site) jobPages() []page {
	return []page{
		{path: jobPath("{id}"), role: acmecore.RoleView, get: s.job},
		{path: jobPath("{id}") + "/steps", role: acmecore.RoleView, get: s.jobSteps},
	}
}

// job shows work that somebody has begun, and what has come of it.
func (s Site) job(w http.ResponseWriter, r *http.Request) {
	job, found := s.jobOf(w, r)
	if !found {
		return
	}
	v := jobView{Job: job, now: s.Clock(), link: VisitorFrom(r.Context()).link, role: admissionFrom(r.Context()).Role}
	page := v.page()
	page.Frame = frame(r, page.Heading, "")
	if v.goesOn() {
		page.Frame.Refresh = pageEvery
		page.Refresh, page.Every = v.link(jobPath(chi.URLParam(r, "id"))+"/steps"), strconv.Itoa(stepsEvery)
	}
	s.show(w, r, http.StatusOK, templates.Job(page))
}

// jobSteps shows the steps alone, for a page that is open.
func (s Site) jobSteps(w http.ResponseWriter, r *http.Request) {
	job, found := s.jobOf(w, r)
	if !found {
		return
	}
	v := jobView{Job: job, now: s.Clock()}
	if !v.goesOn() {
		w.Header().Set("Wcme-Done", "yes")
	}
	s.show(w, r, http.StatusOK, templates.JobSteps(v.progress()))
}

// jobOf asks for the job of the address, and answers itself where there is none.
func (s Site) jobOf(w http.ResponseWriter, r *http.Request) (job acmecore.Job, found bool) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	job, err := s.Overseer.Job(ctx, chi.URLParam(r, "id"), 0)
	switch {
	case err == nil:
		return job, true
	case acmecore.KindOf(err) == acmecore.NotFound:
		s.jobUnknown(w, r)
	default:
		s.fail(w, r, err)
	}
	return job, false
}

// jobUnknown is for a job that the overseer remembers no more.
func (s Site) jobUnknown(w http.ResponseWriter, r *http.Request) {
	link := VisitorFrom(r.Context()).link
	page := templates.JobPage{
		Frame: frame(r, "Job not known", ""), Heading: "The overseer does not know this job", Tone: templates.Missing, State: "not known",
		Summary: "Either the overseer was started again since it was begun, or that is more than twelve hours ago. " +
			"What it has done to a certificate is done, and an order that was interrupted is gone on with.",
		Links: []templates.Link{{Text: "Runs", Address: link(runsPath)}, {Text: "Certificates", Address: link(listPath)}},
	}
	s.show(w, r, http.StatusNotFound, templates.Job(page))
}

// jobWords are what a deed is called on its page.
type jobWords struct {
	heading string // before the subject
	done    string // what is so after one that went well
	again   string // path of the page that begins it; "" where there is none, or it takes a certificate
}

func wordsOf(deed control.Deed) jobWords {
	words := map[control.Deed]jobWords{
		control.DeedCertify:        {"Certify", "The certificate is there.", ""},
		control.DeedRehearse:       {"Rehearse", "Nothing was ordered.", ""},
		control.DeedRenew:          {"Renew", "What was to be done is done.", ""},
		control.DeedLoad:           {"Run the load of", "The certificate is in service as far as that is configured.", ""},
		control.DeedVerify:         {"Verify", "What was issued, what is on disk and what visitors are served is the same.", ""},
		control.DeedRestore:        {"Restore", "The earlier version is the current one.", ""},
		control.DeedRevoke:         {"Revoke", "The certification authority has revoked it.", ""},
		control.DeedRemove:         {"Stop managing", "It is managed no more. Its files stay as they are.", ""},
		control.DeedManage:         {"A pass over all certificates", "What was due is done.", ""},
		control.DeedCheckCA:        {"Check of the certification authority", "It answers.", checkPath + "/ca"},
		control.DeedCheckLoad:      {"Check of the load actions", "All of them succeeded.", checkPath + "/load"},
		control.DeedCheckMail:      {"Check of mail", "A mail was handed over. Whether it arrives, its reader can tell.", checkPath + "/mail"},
		control.DeedCheckOpcom:     {"Check of the system log", "A line was logged to each facility.", checkPath + "/opcom"},
		control.DeedCheckWebhook:   {"Check of the webhooks", "Each of them took a report.", checkPath + "/webhook"},
		control.DeedCheckChallenge: {"Check of the challenge path", "Every challenge is answered rightly, as far as this host can see.", checkPath + "/challenge"},
		control.DeedCheckServed:    {"Check of what is served", "What was issued, what is on disk and what visitors are served is the same.", checkPath + "/served"},
	}
	if found, known := words[deed]; known {
		return found
	}
	return jobWords{heading: capital(acmecore.Inert(string(deed)))}
}

// heading says what is done, and to what.
func (v jobView) heading() string {
	heading, name := wordsOf(v.deed()).heading, v.name()
	switch {
	case name == "":
		return heading
	case strings.Contains(heading, "of the "):
		return heading + ": " + name
	}
	return heading + " " + name
}

// done is what is so after it went well.
func (v jobView) done() string {
	if c := v.Result.Certificate; v.deed() == control.DeedRestore && c != nil && c.Version != "" {
		return "Version " + acmecore.Inert(c.Version) + " is the current one."
	}
	return wordsOf(v.deed()).done
}
