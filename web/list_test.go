package web_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"wcme/acmecore"
	"wcme/web"
)

func TestOverseerIsAskedForTheUser(t *testing.T) {
	s := new(stage)
	visitor := admin()
	visitor.User = "Grüße <b>"
	s.ask(visitor, "GET", "/admin/list")
	if len(s.overseer.asked) != 1 || s.overseer.asked[0] != visitor.User {
		t.Errorf("asked for %q, want %q once", s.overseer.asked, visitor.User)
	}
}

// TestErrorsOfTheOverseer has a row for each kind: status, what is shown, what is not.
func TestErrorsOfTheOverseer(t *testing.T) {
	kinds := map[acmecore.Kind]int{
		acmecore.Invalid: 400, acmecore.NotFound: 404, acmecore.Busy: 409,
		acmecore.Limited: 429, acmecore.Refused: 502,
	}
	for kind, status := range kinds {
		err := &acmecore.Error{Kind: kind, Op: "do", Cause: errors.New("the \x1b[31mcause <b>"), Hint: "the hint"}
		s := stage{overseer: fakeOverseer{err: fmt.Errorf("wrapped: %w", err)}}
		w := s.ask(admin(), "GET", "/admin/list")
		page := text(t, w)
		if w.Code != status || !strings.Contains(page, "wrapped: do: the ?[31mcause &lt;b&gt;") || !strings.Contains(page, "The hint.") {
			t.Errorf("%s: %d, want %d; %s", kind, w.Code, status, page)
		}
		wantHeaders(t, w.Header(), pageHeaders())
	}
}

func TestDeniedIsExplainedWithoutPaths(t *testing.T) {
	err := &acmecore.Error{Kind: acmecore.Denied, Subject: "/run/wcme/overseer.sock", Cause: errors.New("permission denied"), Hint: "the hint"}
	s := stage{overseer: fakeOverseer{err: err}}
	w := s.ask(admin(), "GET", "/admin/list")
	page, log := text(t, w), s.log.String()
	if w.Code != 403 || strings.Contains(page, "/run") || !strings.Contains(page, "The hint.") {
		t.Errorf("%d %s", w.Code, page)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "/run/wcme/overseer.sock: permission denied") {
		t.Errorf("log %q", log)
	}
	wantHeaders(t, w.Header(), pageHeaders())
}

func TestInternalErrorIsInTheLogOnly(t *testing.T) {
	s := stage{overseer: fakeOverseer{err: errors.New("read /var/lib/wcme/priv/x:\nsecret")}}
	w := s.ask(admin(), "GET", "/admin/list")
	page, log := text(t, w), s.log.String()
	if w.Code != 500 || strings.Contains(page, "secret") || strings.Contains(page, "/var") {
		t.Errorf("%d %s", w.Code, page)
	}
	_, word, _ := strings.Cut(log, "word=")
	word, _, _ = strings.Cut(word, " ")
	if len(word) != 8 || !strings.Contains(page, "<code>"+word+"</code>") || strings.Count(log, "\n") != 1 || !strings.Contains(log, "secret") {
		t.Errorf("word %q of log %q is not on the page", word, log)
	}
	wantHeaders(t, w.Header(), pageHeaders())
}

func TestOverseerAbsent(t *testing.T) {
	s := stage{overseer: fakeOverseer{err: absent()}}
	w := s.ask(admin(), "GET", "/admin/list")
	want := pageHeaders()
	want.Set("Retry-After", "30")
	wantHeaders(t, w.Header(), want)
	page := text(t, w)
	if w.Code != 503 || !strings.Contains(page, "<code>wcme overseer</code>") || strings.Contains(page, "/run/wcme") {
		t.Errorf("%d %s", w.Code, page)
	}
	if log := s.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "/run/wcme/overseer.sock") {
		t.Errorf("log %q", log)
	}
}

func TestSilentOverseerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stage{overseer: fakeOverseer{wait: true}}
		if w := s.ask(admin(), "GET", "/admin/list"); w.Code != 503 {
			t.Errorf("%d, want 503", w.Code)
		}
	})
}

func TestSummary(t *testing.T) {
	for _, row := range []struct {
		list []acmecore.Certificate
		want string
	}{
		{[]acmecore.Certificate{certificate(61, "a.example")}, "1 certificate, valid."},
		{[]acmecore.Certificate{certificate(61, "a.example"), certificate(89, "b.example")}, "2 certificates, all valid."},
		{[]acmecore.Certificate{certificate(20, "a.example")}, "1 certificate: 1 due."},
		{[]acmecore.Certificate{missing("c.example"), certificate(61, "a.example"), certificate(-3, "b.example"), unusable("x", "d.example")},
			"4 certificates: 1 expired, 1 unusable, 1 missing, 1 valid."},
	} {
		s := stage{overseer: fakeOverseer{list: row.list}}
		if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, `<p class="summary">`+row.want+"</p>") {
			t.Errorf("want %q in %s", row.want, page)
		}
	}
}

func TestDaysLeftInWords(t *testing.T) {
	for days, want := range map[int]string{
		89: ">89 days<", 1: ">1 day<", 0: ">less than a day<", -1: ">ended less than a day ago<", -2: ">ended 1 day ago<", -14: ">ended 13 days ago<",
	} {
		s := stage{overseer: fakeOverseer{list: []acmecore.Certificate{certificate(days, "a.example")}}}
		if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, want) {
			t.Errorf("%d days: want %q in %s", days, want, page)
		}
	}
}

// TestCommandIsOnlyShownForNames keeps what an administrator pastes into a root
// shell free of anything but host names (T9).
func TestCommandIsOnlyShownForNames(t *testing.T) {
	for _, row := range []struct {
		names []acmecore.Name
		want  string
	}{
		{[]acmecore.Name{"a.example", "b.example"}, "<code>wcme certify a.example,b.example</code>"},
		{[]acmecore.Name{"a.example; id"}, "wcme certify with its names"},
		{[]acmecore.Name{"a.example", "$(id).example"}, "wcme certify with its names"},
		{[]acmecore.Name{"A.example"}, "wcme certify with its names"},
		{[]acmecore.Name{"1.example", "2.example", "3.example", "4.example", "5.example", "6.example"}, "wcme certify with its names"},
	} {
		s := stage{overseer: fakeOverseer{list: []acmecore.Certificate{certificate(-3, row.names...)}}}
		page := text(t, s.ask(admin(), "GET", "/admin/list"))
		if !strings.Contains(page, row.want) || strings.Count(page, "wcme certify") != 1 {
			t.Errorf("%q: want %q in %s", row.names, row.want, page)
		}
	}
}

func TestManyAlertsAreCounted(t *testing.T) {
	var list []acmecore.Certificate
	for i := range 20 {
		list = append(list, certificate(-3, acmecore.Name(fmt.Sprintf("h%02d.example", i))))
	}
	s := stage{overseer: fakeOverseer{list: list}}
	page := text(t, s.ask(admin(), "GET", "/admin/list"))
	if strings.Count(page, "wcme certify") != 8 || !strings.Contains(page, "12 more certificates need attention: see the table.") {
		t.Errorf("%s", page)
	}
}

// TestManyCertificates is W15 as far as this page has it.
func TestManyCertificates(t *testing.T) {
	var list []acmecore.Certificate
	for i := range 1000 {
		list = append(list, certificate(61, acmecore.Name(fmt.Sprintf("h%04d.example", i)), "b.example"))
	}
	s := stage{overseer: fakeOverseer{list: list}}
	page := text(t, s.ask(web.Visitor{User: "admin"}, "GET", "/admin/list"))
	if rows := strings.Count(page, `<th scope="row"`); rows != 1000 || len(page) > 2<<20 {
		t.Errorf("%d rows in %d bytes", rows, len(page))
	}
}
