package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/web"
	"wcme/web/gallery"
)

// as is a stage whose visitor has the role.
func as(role acmecore.Role) *stage {
	return &stage{overseer: &gallery.Overseer{Admission: &acmecore.Admission{User: "somebody", Role: role, Form: "token"}}}
}

func TestLogFilterIsAskedFor(t *testing.T) {
	for address, want := range map[string]acmecore.LogQuery{
		"":                             {},
		"?level=warn&words=a++b&file=": {Level: "warn", Words: "a  b"},
		"?certificate=www.example.org": {Certificate: "www_example_org"},
		"?certificate=+www_example_org+&file=2&before=1-2-3": {Certificate: "www_example_org", File: 2, Before: "1-2-3"},
		"?from=2026-11-20&to=2026-11-21": {From: time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC),
			To: time.Date(2026, time.November, 21, 23, 59, 59, 999999999, time.UTC)},
		"?from=2026-11-21T05:46&to=2026-11-21+05:46": {From: gallery.Now(), To: gallery.Now().Add(time.Minute - 1)},
		"?file=-1":   {},
		"?file=x":    {},
		"?unknown=1": {},
	} {
		var got acmecore.LogQuery
		s := as(acmecore.RoleView)
		s.overseer.OnLog = func(query acmecore.LogQuery) acmecore.LogPage { got = query; return acmecore.LogPage{} }
		if w := s.ask(admin(), "GET", "/admin/log"+address); w.Code != 200 || got != want {
			t.Errorf("%s: %d, asked for %+v, want %+v", address, w.Code, got, want)
		}
	}
}

// TestWrongLogFilterIsToldAndKept has a row for each field.
func TestWrongLogFilterIsToldAndKept(t *testing.T) {
	for address, kept := range map[string]string{
		"?certificate=x%3B+id":              `value="x; id"`,
		"?certificate=../../etc/cron.d/x":   `value="../../etc/cron.d/x"`,
		"?level=loud":                       "There is no such level.",
		"?from=yesterday":                   `value="yesterday"`,
		"?to=2026-02-30":                    `value="2026-02-30"`,
		"?from=2026-11-21&to=2026-11-20":    "It ends before it begins.",
		"?from=%3Cscript%3Ealert(1)&to=%00": `value="&lt;script&gt;alert(1)"`,
	} {
		s := as(acmecore.RoleView)
		s.overseer.OnLog = func(acmecore.LogQuery) acmecore.LogPage {
			t.Errorf("%s: the overseer was asked", address)
			return acmecore.LogPage{}
		}
		w := s.ask(admin(), "GET", "/admin/log"+address)
		if page := text(t, w); w.Code != 422 || !strings.Contains(page, kept) || !strings.Contains(page, `aria-invalid="true"`) || !strings.Contains(page, "There is something to correct") {
			t.Errorf("%s: %d, want %q in %s", address, w.Code, kept, page)
		}
	}
}

// TestOneEventIsOneRow is T8 on the page: whatever is in a line, it is one row.
func TestOneEventIsOneRow(t *testing.T) {
	var lines []acmecore.LogLine
	for i := range 30 {
		for _, p := range gallery.Payloads() {
			lines = append(lines, acmecore.LogLine{Time: gallery.Now().Add(-time.Duration(i) * time.Second), Level: "info", Message: p,
				Attrs: []acmecore.Attr{{Key: p, Value: p}, {Key: "run", Value: p}, {Key: "certificate", Value: p}}})
		}
	}
	s := as(acmecore.RoleView)
	s.overseer.OnLog = func(acmecore.LogQuery) acmecore.LogPage { return acmecore.LogPage{Lines: lines, Newer: "1-2-3"} }
	page := text(t, s.ask(admin(), "GET", "/admin/log"))
	checkPage(t, page)
	if rows := strings.Count(page, `<th scope="row"`); rows != len(lines) || rows < 300 {
		t.Errorf("%d rows of %d events", rows, len(lines))
	}
}

// TestLogIsFollowed looks at what the script and a browser without it are told.
func TestLogIsFollowed(t *testing.T) {
	for stays, row := range map[bool]struct {
		every string
		wait  time.Duration
	}{true: {`data-every="1"`, 20 * time.Second}, false: {`data-every="5"`, 0}} {
		var asked acmecore.LogQuery
		s := as(acmecore.RoleView)
		s.overseer.OnLog = func(query acmecore.LogQuery) acmecore.LogPage {
			asked = query
			return acmecore.LogPage{Lines: []acmecore.LogLine{{Time: gallery.Now(), Level: "info", Message: "fresh"}}, Newer: "a-b-c"}
		}
		site := s.site()
		site.Stays = stays
		get := func(path string) (int, http.Header, string) {
			r := httptest.NewRequest("GET", "/", nil)
			r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
			w := httptest.NewRecorder()
			web.New(site).ServeHTTP(w, r.WithContext(web.WithVisitor(r.Context(), admin())))
			return w.Code, w.Header(), text(t, w)
		}
		_, _, page := get("/admin/log?follow=1&level=info")
		follow := `data-follow="/cgi-bin/wcme/admin/log/lines?after=a-b-c&amp;level=info"`
		if !strings.Contains(page, follow) || !strings.Contains(page, row.every) || !strings.Contains(page, `<noscript><meta http-equiv="refresh" content="5">`) {
			t.Errorf("stays %v: no %s, %s in %s", stays, follow, row.every, page)
		}
		code, header, lines := get("/admin/log/lines?after=a-b-c&level=info")
		if code != 200 || asked.After != "a-b-c" || asked.Level != "info" || asked.Wait != row.wait || asked.Before != "" {
			t.Errorf("stays %v: %d, asked %+v", stays, code, asked)
		}
		want := pageHeaders()
		want.Set("Wcme-Next", "/cgi-bin/wcme/admin/log/lines?after=a-b-c&level=info")
		wantHeaders(t, header, want)
		if strings.Count(lines, "<tr>") != 1 || strings.Contains(lines, "<table") || !strings.Contains(lines, "fresh") {
			t.Errorf("stays %v: lines %s", stays, lines)
		}
		if code, _, _ := get("/admin/log/lines"); code != 400 {
			t.Errorf("lines from nowhere on: %d, want 400", code)
		}
	}
}

func TestLogIsDownloaded(t *testing.T) {
	parts := map[string][2]string{"": {"one <b>\n", "p1"}, "p1": {"two\n", "p2"}, "p2": {"", "p2"}}
	s := as(acmecore.RoleView)
	s.overseer.OnLog = func(query acmecore.LogQuery) acmecore.LogPage {
		if !query.Raw || query.File != 1 {
			t.Errorf("asked %+v", query)
		}
		part := parts[query.After]
		return acmecore.LogPage{Text: part[0], Newer: part[1], Files: []acmecore.LogFile{{Name: "overseer.log"}, {Name: "overseer.log.3"}}}
	}
	w := s.ask(admin(), "GET", "/admin/log/download?file=1")
	want := pageHeaders()
	want.Set("Content-Type", "text/plain; charset=utf-8")
	want.Set("Content-Disposition", "attachment; filename=overseer.log.3")
	wantHeaders(t, w.Header(), want)
	if got := text(t, w); w.Code != 200 || got != "one <b>\ntwo\n" {
		t.Errorf("%d %q", w.Code, got)
	}
	s.overseer.OnLog = func(acmecore.LogQuery) acmecore.LogPage { return acmecore.LogPage{} }
	if w := s.ask(admin(), "GET", "/admin/log/download?file=7"); w.Code != 404 {
		t.Errorf("a file that is not there: %d, want 404", w.Code)
	}
}

func TestRunsOfACertificate(t *testing.T) {
	var got acmecore.RunQuery
	s := as(acmecore.RoleView)
	s.overseer.OnRuns = func(query acmecore.RunQuery) acmecore.RunList {
		got = query
		return acmecore.RunList{Older: "20261121T002000-3f9a"}
	}
	page := text(t, s.ask(admin(), "GET", "/admin/runs?certificate=www.example.org&before=20261122T002000-3f9a"))
	if want := (acmecore.RunQuery{Certificate: "www_example_org", Before: "20261122T002000-3f9a"}); got != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	if older := `/admin/runs?before=20261121T002000-3f9a&amp;certificate=www.example.org"`; !strings.Contains(page, older) {
		t.Errorf("no %s in %s", older, page)
	}
}

// TestRunOfTenThousandIsShownInPages is W15 for the record of a run.
func TestRunOfTenThousandIsShownInPages(t *testing.T) {
	var run acmecore.Run
	for i := range 10_000 {
		run.Certificates = append(run.Certificates, acmecore.Treated{ID: acmecore.ID(fmt.Sprintf("c%05d", i)), Outcome: acmecore.Renewed})
	}
	run.Certificates[9_999].Outcome = acmecore.Failed
	s := as(acmecore.RoleView)
	s.overseer.OnRun = func(string) (acmecore.Run, error) { return run, nil }
	for query, want := range map[string]string{"": "1 to 50 of", "?page=2": "51 to 100 of", "?page=200": "9,951 to 10,000 of", "?page=999999": "9,951 to 10,000 of",
		"?page=-1": "1 to 50 of", "?page=x": "1 to 50 of"} {
		page := text(t, s.ask(admin(), "GET", "/admin/runs/20261121T002000-3f9a"+query))
		if !strings.Contains(page, want) || strings.Count(page, "<section>") != 50 || len(page) > 60<<10 {
			t.Errorf("%s: %d bytes, no %q", query, len(page), want)
		}
		if first := strings.Contains(page, ">c09999<"); first != strings.HasPrefix(want, "1 ") {
			t.Errorf("%s: what failed is on the page: %v", query, first)
		}
	}
}

func TestAuditIsForAdmins(t *testing.T) {
	for role, status := range map[acmecore.Role]int{acmecore.RoleView: 403, acmecore.RoleOperate: 403, acmecore.RoleAdmin: 200} {
		s := as(role)
		asked := false
		s.overseer.OnAudit = func(acmecore.AuditQuery) acmecore.AuditPage { asked = true; return acmecore.AuditPage{Whole: true} }
		if w := s.ask(admin(), "GET", "/admin/audit"); w.Code != status || asked != (status == 200) {
			t.Errorf("%s: %d, want %d; asked %v", role, w.Code, status, asked)
		}
	}
}

func TestAuditQuery(t *testing.T) {
	var got acmecore.AuditQuery
	s := as(acmecore.RoleAdmin)
	s.overseer.OnAudit = func(query acmecore.AuditQuery) acmecore.AuditPage {
		got = query
		return acmecore.AuditPage{Older: 7, Broken: "line 3 has been changed: it is no entry", Entries: []acmecore.AuditEntry{{Number: 9}}}
	}
	page := text(t, s.ask(admin(), "GET", "/admin/audit?words=+alice+&before=12"))
	if want := (acmecore.AuditQuery{Words: "alice", Before: 12}); got != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	for _, want := range []string{"The audit trail is broken: line 3 has been changed: it is no entry.", "compare it with a backup", `/admin/audit?before=7&amp;words=alice"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
}

// TestChecksBeginTheirDeeds sends the form of each check.
func TestChecksBeginTheirDeeds(t *testing.T) {
	for path, want := range map[string]control.Task{
		"ca?ca=internal":                        {Deed: control.DeedCheckCA, CA: "internal"},
		"load?action=servers":                   {Deed: control.DeedCheckLoad, Action: "servers"},
		"mail":                                  {Deed: control.DeedCheckMail},
		"opcom":                                 {Deed: control.DeedCheckOpcom},
		"webhook":                               {Deed: control.DeedCheckWebhook},
		"challenge?certificate=www.example.org": {Deed: control.DeedCheckChallenge, ID: "www_example_org"},
		"served?certificate=":                   {Deed: control.DeedCheckServed},
	} {
		s := as(acmecore.RoleOperate)
		s.overseer.OnChoices = func() acmecore.Choices { return acmecore.Choices{} }
		s.overseer.OnBegin = func(control.Task) (acmecore.Job, error) { return acmecore.Job{ID: "abc"}, nil }
		word, query, _ := strings.Cut(path, "?")
		if w := s.ask(admin(), "GET", "/admin/check/"+word+"?"+query); w.Code != 200 || len(s.overseer.Tasks) > 0 {
			t.Errorf("%s: looking at it: %d, begun %v", word, w.Code, s.overseer.Tasks)
		}
		w := s.send(admin(), "/admin/check/"+word, parseQuery(t, query))
		if w.Code != 303 || w.Header().Get("Location") != "/cgi-bin/wcme/admin/job/abc" {
			t.Errorf("%s: %d, to %s", word, w.Code, w.Header().Get("Location"))
		}
		if len(s.overseer.Tasks) != 1 || s.overseer.Tasks[0] != want {
			t.Errorf("%s: begun %+v, want %+v", word, s.overseer.Tasks, want)
		}
	}
}

func TestChecksAreForOperators(t *testing.T) {
	for _, path := range []string{"/admin/check", "/admin/check/load", "/admin/check/unknown"} {
		s := as(acmecore.RoleView)
		if w := s.ask(admin(), "GET", path); w.Code != 403 {
			t.Errorf("%s: %d, want 403", path, w.Code)
		}
	}
	s := as(acmecore.RoleView)
	if w := s.send(admin(), "/admin/check/load", nil); w.Code != 403 || len(s.overseer.Tasks) > 0 {
		t.Errorf("sent: %d, begun %v", w.Code, s.overseer.Tasks)
	}
	s = as(acmecore.RoleOperate)
	if w := s.send(admin(), "/admin/check/unknown", nil); w.Code != 404 || len(s.overseer.Tasks) > 0 {
		t.Errorf("an unknown check: %d, begun %v", w.Code, s.overseer.Tasks)
	}
}

// TestWhatIsNotConfiguredHasNoButton: the page says what to write instead.
func TestWhatIsNotConfiguredHasNoButton(t *testing.T) {
	for word, code := range map[string]string{"load": "[[load]]", "mail": "mail = [", "opcom": "opcom = [", "webhook": "webhooks = ["} {
		s := as(acmecore.RoleOperate)
		s.overseer.OnChoices = func() acmecore.Choices { return acmecore.Choices{} }
		page := text(t, s.ask(admin(), "GET", "/admin/check/"+word))
		if strings.Contains(page, "<button") || strings.Contains(page, `method="post"`) || !strings.Contains(page, code) {
			t.Errorf("%s: a button, or no %q in %s", word, code, page)
		}
	}
}

// TestRefusedCheckKeepsWhatWasTyped has a row for each answer of the overseer.
func TestRefusedCheckKeepsWhatWasTyped(t *testing.T) {
	for kind, row := range map[acmecore.Kind]struct {
		status int
		want   string
	}{
		acmecore.Stale:       {409, "This form had expired"},
		acmecore.Invalid:     {422, "The cause &lt;b&gt;. The hint."},
		acmecore.NotFound:    {422, "The cause &lt;b&gt;. The hint."},
		acmecore.Busy:        {409, "The overseer is busy"},
		acmecore.Unreachable: {503, "The overseer does not answer"},
		acmecore.Internal:    {500, "Internal error"},
	} {
		s := as(acmecore.RoleOperate)
		s.overseer.OnChoices = func() acmecore.Choices { return acmecore.Choices{Load: []string{"servers", "mail"}} }
		s.overseer.OnBegin = func(control.Task) (acmecore.Job, error) {
			return acmecore.Job{}, &acmecore.Error{Kind: kind, Hint: "the hint", Cause: fmt.Errorf("the cause <b>")}
		}
		w := s.send(admin(), "/admin/check/load", parseQuery(t, "action=mail"))
		page := text(t, w)
		if w.Code != row.status || !strings.Contains(page, row.want) {
			t.Errorf("%s: %d, want %d and %q in %s", kind, w.Code, row.status, row.want, page)
		}
		if kept := strings.Contains(page, `<option value="mail" selected>`); kept != (row.status == 422 || kind == acmecore.Stale) {
			t.Errorf("%s: the choice is kept: %v", kind, kept)
		}
	}
}

func TestPagesOfRecordsAnswerWithTheirHeaders(t *testing.T) {
	for _, path := range []string{"/admin/log", "/admin/log/lines?after=1-2-3", "/admin/runs", "/admin/runs/20261121T002000-3f9a", "/admin/runs/x", "/admin/audit", "/admin/check"} {
		s := as(acmecore.RoleAdmin)
		s.overseer.Err = &acmecore.Error{Kind: acmecore.Internal, Cause: fmt.Errorf("read /var/lib/wcme/log: no")}
		w := s.ask(admin(), "GET", path)
		checkHeaders(t, w.Header())
		if page := text(t, w); strings.Contains(page, "/var/lib") {
			t.Errorf("%s: a path is shown", path)
		}
	}
}

func parseQuery(t *testing.T, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
