package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
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
		sentKey := acmecore.KeyType("")
		if len(got.Certify.Keys) > 0 {
			sentKey = got.Certify.Keys[0]
		}
		if sent := (acmecore.Asked{CA: got.Certify.CA, Key: sentKey, Profile: got.Certify.Profile, Install: got.Certify.Install, Load: got.Certify.Load}); got.Deed != control.DeedCertify ||
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

// scenePage is the page of a scene of the gallery.
func scenePage(t *testing.T, name string) string {
	t.Helper()
	for _, scene := range gallery.Scenes() {
		if scene.Name == name {
			w := httptest.NewRecorder()
			scene.Site().ServeHTTP(w, scene.Request(t.Context(), mount))
			return text(t, w)
		}
	}
	t.Fatalf("the gallery has no %s", name)
	return ""
}

// TestFailureOfALoadIsToldOnce, with what the command said below it, and before what is
// so now.
func TestFailureOfALoadIsToldOnce(t *testing.T) {
	page := scenePage(t, "job-load-failed")
	if n := strings.Count(page, "oad action servers: exit status 1"); n != 1 {
		t.Errorf("the failure is told %d times", n)
	}
	if n := strings.Count(page, "nginx -t says where"); n != 1 {
		t.Errorf("what to try is told %d times", n)
	}
	last := 0
	for _, want := range []string{"What went wrong", "unknown directive", "What was done", "The certificate now", "<details>"} {
		at := strings.Index(page, want)
		if at < last {
			t.Errorf("%q stands at %d, behind what comes after it", want, at)
		}
		last = at
	}
	if strings.Contains(page, "Change what was ordered") {
		t.Error("the order went well, and is offered to be changed")
	}
}

// TestFailuresOfSeveralAreToldOfEach: whoever reads of one certificate has not read of the
// others.
func TestFailuresOfSeveralAreToldOfEach(t *testing.T) {
	job := endedNow(goingOn())
	job.Kind, job.Subject, job.Problem = string(control.DeedManage), "", "manage certificates: something is wrong with 2 of them; a_example_org: load action servers: no"
	job.Result.Run = &acmecore.Run{ID: "20261121T002000-3f9a", Certificates: []acmecore.Treated{
		{ID: "a_example_org", Outcome: acmecore.NotServed, Problem: "load action servers: no"}, {ID: "b_example_org", Outcome: acmecore.NotServed, Problem: "load action servers: no"}}}
	page := text(t, jobStage(job).ask(admin(), "GET", "/admin/job/job1"))
	if n := strings.Count(page, "oad action servers: no"); n != 3 {
		t.Errorf("the failure is told %d times, want once on top and once for each", n)
	}
	if strings.Contains(page, ">a_example_org") || strings.Contains(page, "; a_example_org") || !strings.Contains(page, ">b.example.org<") {
		t.Error("certificates are not called by their host names")
	}
}

// TestWhoHasAskedIsCalledByName: the rest is in the audit trail.
func TestWhoHasAskedIsCalledByName(t *testing.T) {
	for by, want := range map[string]string{
		"user alice (uid 33)": "alice", "uid 0": "root", "uid 1000": "uid 1000", "user root (uid 33)": "user root",
		`user "a (uid 0)" (uid 33)`: "&#34;a (uid 0)&#34;", "a visitor named bob (unknown uid)": "a visitor named bob", "a visitor (uid 33)": "a visitor",
	} {
		job := endedNow(goingOn())
		job.By = by
		page := text(t, jobStage(job).ask(admin(), "GET", "/admin/job/job1"))
		if !regexp.MustCompile(`<dt>Asked for by</dt>\s*<dd>\s*` + regexp.QuoteMeta(want) + `\s*</dd>`).MatchString(page) {
			t.Errorf("%s: %q is missing", by, want)
		}
	}
}

// TestTimesInTextsAreThoseOfThePage, however a program has written them.
func TestTimesInTextsAreThoseOfThePage(t *testing.T) {
	job := endedNow(goingOn())
	for written, want := range map[string]string{
		"ended well after 107ms":              "ended well after 0.1 s",
		"ended well after 1.345s, at last":    "ended well after 1.3 s, at last",
		"after 1m0.2s (late)":                 "after 1 min 0 s (late)",
		"it expires at 2026-11-21T19:21:07Z.": "it expires at 2026-11-21 19:21 UTC.",
		"by 2026-11-21T19:21:07+02:00; 5 ms":  "by 2026-11-21 17:21 UTC; 5 ms",
		"-5s is no time, s is none":           "-5s is no time, s is none",
	} {
		job.Steps = []acmecore.Step{{Time: gallery.Now(), Stage: "load", Text: written}}
		if page := text(t, jobStage(job).ask(admin(), "GET", "/admin/job/job1")); !strings.Contains(page, "<span>"+want+"</span>") {
			t.Errorf("%s: %q is missing", written, want)
		}
	}
}

// TestJobsSayWhatWasAskedFor, and not what the pipeline calls it.
func TestJobsSayWhatWasAskedFor(t *testing.T) {
	for scene, want := range map[string][2]string{"job-restored": {"restored", "Somebody asked for another version."}, "job-loaded": {"loaded", "Somebody asked for its load actions"}} {
		page := scenePage(t, scene)
		if strings.Contains(page, "repaired") || strings.Contains(page, "not up to date") || !strings.Contains(page, want[0]) || !strings.Contains(page, want[1]) {
			t.Errorf("%s: not %q", scene, want)
		}
		if !regexp.MustCompile(`<h1>\S.* www\.example\.org</h1>`).MatchString(page) {
			t.Errorf("%s: its heading has no host name", scene)
		}
	}
}

// TestChecksLeadToTheOthers for those who may begin one.
func TestChecksLeadToTheOthers(t *testing.T) {
	for scene, want := range map[string]bool{"job-ca": true, "job-challenge-wrong": true, "job-certified": false} {
		if got := strings.Contains(scenePage(t, scene), `href="/cgi-bin/wcme/admin/check">All checks`); got != want {
			t.Errorf("%s: a link to the checks: %v, want %v", scene, got, want)
		}
	}
}

// TestOrdersThatFailLeadBackToTheForm, filled in as far as is known.
func TestOrdersThatFailLeadBackToTheForm(t *testing.T) {
	if page := scenePage(t, "job-refused"); !strings.Contains(page, `/admin/certify?names=www.example.org%0Aexample.org"`) {
		t.Error("the form is not filled in with the names")
	}
	if page := scenePage(t, "job-certified"); strings.Contains(page, "/admin/certify?") {
		t.Error("an order that went well is offered to be changed")
	}
}
