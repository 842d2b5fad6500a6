package web_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/web/gallery"
)

func TestOverseerIsToldWhoAsks(t *testing.T) {
	s := new(stage)
	visitor := admin()
	visitor.User = "Grüße <b>"
	s.ask(visitor, "GET", "/admin/list", "User-Agent", "a browser", "Cookie", "wcme=plain; __Host-wcme=safe; other=x")
	want := acmecore.Claim{User: visitor.User, Cookie: "safe", Agent: "a browser", Address: visitor.Address, Host: "example.com", HTTPS: true}
	if len(s.overseer.Claims) != 1 || s.overseer.Claims[0] != want {
		t.Errorf("asked for %+v, want %+v once", s.overseer.Claims, want)
	}
	s = new(stage)
	visitor.HTTPS = false
	s.ask(visitor, "GET", "/admin/list", "Cookie", "wcme=plain; __Host-wcme=safe")
	if got := s.overseer.Claims[0].Cookie; got != "plain" {
		t.Errorf("over http: the cookie is %q", got)
	}
}

func TestCookieThatIsTooLongIsNone(t *testing.T) {
	s := new(stage)
	s.ask(admin(), "GET", "/admin/list", "Cookie", "__Host-wcme="+strings.Repeat("x", 1025))
	if got := s.overseer.Claims[0].Cookie; got != "" {
		t.Errorf("%d bytes of cookie", len(got))
	}
}

// failing is an overseer that admits everybody and then answers with the error.
func failing(err error) stage {
	return stage{overseer: &gallery.Overseer{Err: err}}
}

// TestErrorsOfTheOverseer has a row for each kind: status, what is shown, what is not.
func TestErrorsOfTheOverseer(t *testing.T) {
	kinds := map[acmecore.Kind]int{
		acmecore.Invalid: 400, acmecore.NotFound: 404, acmecore.Busy: 409, acmecore.Stale: 409,
		acmecore.Limited: 429, acmecore.Refused: 502,
	}
	for kind, status := range kinds {
		err := &acmecore.Error{Kind: kind, Op: "do", Cause: errors.New("the \x1b[31mcause <b>"), Hint: "the hint"}
		s := failing(fmt.Errorf("wrapped: %w", err))
		w := s.ask(admin(), "GET", "/admin/list")
		page := text(t, w)
		if w.Code != status || !strings.Contains(page, "wrapped: do: the ?[31mcause &lt;b&gt;") || !strings.Contains(page, "The hint.") {
			t.Errorf("%s: %d, want %d; %s", kind, w.Code, status, page)
		}
		wantHeaders(t, w.Header(), pageHeaders())
	}
}

func TestDeniedIsExplainedWithoutPaths(t *testing.T) {
	s := failing(&acmecore.Error{Kind: acmecore.Denied, Subject: "/run/wcme/overseer.sock", Cause: errors.New("permission denied"), Hint: "the hint"})
	w := s.ask(admin(), "GET", "/admin/list")
	page, log := text(t, w), s.log.String()
	if w.Code != 403 || strings.Contains(page, "/run/wcme") || !strings.Contains(page, "The hint.") {
		t.Errorf("%d %s", w.Code, page)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "/run/wcme/overseer.sock: permission denied") {
		t.Errorf("log %q", log)
	}
	wantHeaders(t, w.Header(), pageHeaders())
}

func TestInternalErrorIsInTheLogOnly(t *testing.T) {
	s := failing(errors.New("read /var/lib/wcme/priv/x:\nsecret"))
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

// TestOverseerAbsent: whether it is silent from the beginning or only then.
func TestOverseerAbsent(t *testing.T) {
	for _, overseer := range []*gallery.Overseer{{Absent: absent()}, {Err: absent()}} {
		s := stage{overseer: overseer}
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
}
