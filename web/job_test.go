package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/web/gallery"
)

// jobStage is a stage whose overseer knows this job, and no other.
func jobStage(job acmecore.Job) *stage {
	return &stage{overseer: &gallery.Overseer{OnJob: func(id string, after int) (acmecore.Job, error) {
		if id != job.ID || after != 0 {
			return acmecore.Job{}, &acmecore.Error{Kind: acmecore.NotFound, Op: "find job", Subject: id}
		}
		return job, nil
	}}}
}

func goingOn() acmecore.Job {
	return acmecore.Job{ID: "job1", Kind: string(control.DeedCertify), Subject: "www_example_org", By: "user admin", Began: gallery.Now().Add(-time.Minute),
		Steps: []acmecore.Step{{Time: gallery.Now(), Stage: "order", Subject: "www.example.org", Text: "placed"}}, Count: 1}
}

func endedNow(job acmecore.Job) acmecore.Job {
	job.Ended = gallery.Now()
	return job
}

// TestRunningJobKeepsUpToDate: by the script, and by the browser where there is none.
func TestRunningJobKeepsUpToDate(t *testing.T) {
	page := text(t, jobStage(goingOn()).ask(admin(), "GET", "/admin/job/job1"))
	for _, want := range []string{`data-refresh="/cgi-bin/wcme/admin/job/job1/steps"`, `data-every="2"`, `<noscript><meta http-equiv="refresh" content="3"></noscript>`, "running", "placed"} {
		if !strings.Contains(page, want) {
			t.Errorf("while it runs: %q is missing", want)
		}
	}
	page = text(t, jobStage(endedNow(goingOn())).ask(admin(), "GET", "/admin/job/job1"))
	for _, refused := range []string{"data-refresh", `http-equiv="refresh"`, "running"} {
		if strings.Contains(page, refused) {
			t.Errorf("when it has ended: %q is there", refused)
		}
	}
}

func TestStepsAlone(t *testing.T) {
	for _, row := range []struct {
		job  acmecore.Job
		done string
	}{{goingOn(), ""}, {endedNow(goingOn()), "yes"}} {
		w := jobStage(row.job).ask(admin(), "GET", "/admin/job/job1/steps")
		page := text(t, w)
		if w.Code != http.StatusOK || w.Header().Get("Wcme-Done") != row.done || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("got %d, done %q, want %q", w.Code, w.Header().Get("Wcme-Done"), row.done)
		}
		if strings.Contains(page, "<html") || !strings.Contains(page, `<ol class="steps">`) || !strings.Contains(page, "placed") {
			t.Errorf("got %s, want the list of steps alone", page)
		}
	}
}

func TestUnknownJobIsSaidToBe(t *testing.T) {
	for _, path := range []string{"/admin/job/other", "/admin/job/other/steps", "/admin/job/..%2f..%2fetc"} {
		w := jobStage(goingOn()).ask(admin(), "GET", path)
		page := text(t, w)
		if w.Code != http.StatusNotFound || !strings.Contains(page, "does not know this job") || !strings.Contains(page, "/admin/runs") || !strings.Contains(page, "/admin/list") {
			t.Errorf("%s: got %d", path, w.Code)
		}
	}
}

// TestOrderOfARehearsal: the form of its page orders exactly what was rehearsed.
func TestOrderOfARehearsal(t *testing.T) {
	for _, asked := range []acmecore.Asked{
		{},
		{CA: "internal", Key: acmecore.RSA2048, Profile: "tlsserver", Install: []string{"nginx", "mail"}, Load: []string{}},
	} {
		job := endedNow(goingOn())
		job.Kind = string(control.DeedRehearse)
		job.Result.Rehearsal = &acmecore.Rehearsal{ID: "www_example_org", Names: []acmecore.Name{"www.example.org", "example.org"}, CA: "letsencrypt", Asked: asked}
		page := text(t, jobStage(job).ask(admin(), "GET", "/admin/job/job1"))
		form := url.Values{"do": {"order"}}
		for _, field := range regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if field[1] != "form" {
				form.Add(field[1], html.UnescapeString(field[2]))
			}
		}
		s := formStage(nil)
		if w := s.send(admin(), "/admin/certify", form); w.Code != http.StatusSeeOther || len(s.overseer.Tasks) != 1 {
			t.Fatalf("got %d for %v", w.Code, form)
		}
		got := s.overseer.Tasks[0]
		if sent := (acmecore.Asked{CA: got.Certify.CA, Key: got.Certify.Key, Profile: got.Certify.Profile, Install: got.Certify.Install, Load: got.Certify.Load}); got.Deed != control.DeedCertify ||
			fmt.Sprintf("%#v", sent) != fmt.Sprintf("%#v", asked) || len(got.Certify.Names) != 2 {
			t.Errorf("got %s %+v, want %+v", got.Deed, sent, asked)
		}
	}
}

// TestFailureIsToldInTheCAsOwnWords beside what is so, what that means and what to try.
func TestFailureIsToldInTheCAsOwnWords(t *testing.T) {
	job := endedNow(goingOn())
	job.Error, job.Problem, job.Hint = acmecore.Refused, `order www.example.org: the CA says "policy <forbids> it"`, "ask it why"
	page := text(t, jobStage(job).ask(admin(), "GET", "/admin/job/job1"))
	for _, want := range []string{"failed", "<q>policy &lt;forbids&gt; it</q>", "The CA said no", "Ask it why.", `role="alert"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// TestWhatAVisitorMayNotDoIsNotOffered on the page of a job.
func TestWhatAVisitorMayNotDoIsNotOffered(t *testing.T) {
	job := endedNow(goingOn())
	job.Kind = string(control.DeedCheckCA)
	job.Result.Rehearsal = &acmecore.Rehearsal{ID: "www_example_org", Names: []acmecore.Name{"www.example.org"}}
	for role, offered := range map[acmecore.Role][2]bool{acmecore.RoleView: {false, false}, acmecore.RoleOperate: {false, true}, acmecore.RoleAdmin: {true, true}} {
		s := jobStage(job)
		s.overseer.Admission = &acmecore.Admission{User: "olga", Role: role, Form: "token"}
		page := text(t, s.ask(admin(), "GET", "/admin/job/job1"))
		if got := [2]bool{strings.Contains(page, "Order it now"), strings.Contains(page, "Check again")}; got != offered {
			t.Errorf("%s: got %v, want %v", role, got, offered)
		}
	}
}

// TestEveryDeedHasWords, so that the page of none is called by its code.
func TestEveryDeedHasWords(t *testing.T) {
	for _, deed := range []control.Deed{control.DeedCertify, control.DeedRehearse, control.DeedRenew, control.DeedLoad, control.DeedVerify, control.DeedRestore, control.DeedRevoke,
		control.DeedRemove, control.DeedManage, control.DeedCheckCA, control.DeedCheckLoad, control.DeedCheckMail, control.DeedCheckOpcom, control.DeedCheckWebhook,
		control.DeedCheckChallenge, control.DeedCheckServed} {
		job := endedNow(goingOn())
		job.Kind = string(deed)
		page := text(t, jobStage(job).ask(admin(), "GET", "/admin/job/job1"))
		if !regexp.MustCompile(`(?s)<p class="summary">.*</span> \S`).MatchString(page) {
			t.Errorf("%s: nothing is said of its end", deed)
		}
	}
}
