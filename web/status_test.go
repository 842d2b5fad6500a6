package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/web"
	"wcme/web/gallery"
)

func statusOf() acmecore.Status {
	return acmecore.Status{Now: gallery.Now(), Overseer: true, Version: "1.0", Since: gallery.Now().Add(-time.Hour), Managed: 1,
		States: map[acmecore.State]int{acmecore.Expired: 1}, Configuration: "ca = 'letsencrypt'\n"}
}

func TestStatusShowsTheConfigurationToAdminsOnly(t *testing.T) {
	for role, want := range map[acmecore.Role]bool{acmecore.RoleView: false, acmecore.RoleOperate: false, acmecore.RoleAdmin: true} {
		s := stage{overseer: &gallery.Overseer{Admission: &acmecore.Admission{User: "x", Role: role, Form: "token"}, OnStatus: statusOf}}
		w := s.ask(admin(), "GET", "/admin/status")
		if got := strings.Contains(text(t, w), "letsencrypt"); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: status %d, configuration shown: %v", role, w.Code, got)
		}
		if got := text(t, s.ask(admin(), "GET", "/admin/status.json")); strings.Contains(got, "letsencrypt") {
			t.Errorf("%s: the configuration is in the JSON", role)
		}
	}
}

func TestStatusSaysWhichServerRunsTheScript(t *testing.T) {
	for _, test := range []struct{ server, gateway, want string }{
		{"Apache/2.4.66", "FastCGI", "Apache/2.4.66, by FastCGI"},
		{"", "CGI", "A web server that does not say its name, by CGI"},
		{"", "HTTP", "wCME itself, over HTTP"},
		{"<b>nginx</b>", "", "&lt;b&gt;nginx&lt;/b&gt;"},
	} {
		s := stage{overseer: &gallery.Overseer{OnStatus: statusOf}}
		site := s.site()
		site.Gateway = test.gateway
		visitor := admin()
		visitor.Server = test.server
		r := gallery.Scene{Visitor: visitor, Path: "/admin/status"}.Request(t.Context(), "/wcme")
		w := httptest.NewRecorder()
		web.New(site).ServeHTTP(w, r)
		if got := text(t, w); !strings.Contains(got, "<dt>These pages</dt><dd>"+test.want) {
			t.Errorf("%+v: not said", test)
		}
	}
}

// TestStatusLeadsToTheDailyWork whoever may begin it, and says how programs get in where
// there is a log-in.
func TestStatusLeadsToTheDailyWork(t *testing.T) {
	for _, admission := range []acmecore.Admission{{Role: acmecore.RoleView}, {Role: acmecore.RoleOperate, LogIn: true}, {Role: acmecore.RoleAdmin}} {
		admission.User, admission.Form = "somebody", "token"
		s := stage{overseer: &gallery.Overseer{OnStatus: statusOf, Admission: &admission}}
		page := text(t, s.ask(admin(), "GET", "/admin/status"))
		if strings.Contains(page, `href="/cgi-bin/wcme/admin/check/work"`) != admission.Role.May(acmecore.RoleOperate) ||
			strings.Contains(page, "<code>wcme status --metrics</code>") != admission.LogIn {
			t.Errorf("%+v: %s", admission, page)
		}
	}
}

func TestStatusAsJSON(t *testing.T) {
	s := stage{overseer: &gallery.Overseer{OnStatus: statusOf}}
	w := s.ask(admin(), "GET", "/admin/status.json")
	want := pageHeaders()
	want.Set("Content-Type", "application/json")
	wantHeaders(t, w.Header(), want)
	var got struct {
		Health     string
		Overseer   bool
		Since      time.Time
		States     map[string]int
		Complaints []struct{ Health, About, Text string }
	}
	if err := json.Unmarshal([]byte(text(t, w)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Health != "critical" || !got.Overseer || got.States["expired"] != 1 || !got.Since.Equal(gallery.Now().Add(-time.Hour)) ||
		len(got.Complaints) != 1 || got.Complaints[0].Text != "1 certificate has expired" || got.Complaints[0].About != "certificates" {
		t.Errorf("got %+v", got)
	}
}

func TestMetricsAreShownAsPrometheusReadsThem(t *testing.T) {
	const metrics = "# HELP x \"<y>\"\nx 1\n"
	s := stage{overseer: &gallery.Overseer{OnMetrics: func() string { return metrics }}}
	w := s.ask(admin(), "GET", "/admin/metrics")
	want := pageHeaders()
	want.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	wantHeaders(t, w.Header(), want)
	if got := text(t, w); got != metrics {
		t.Errorf("got %q", got)
	}
}

func TestStatusIsForThoseWhoMaySeeSomething(t *testing.T) {
	for _, path := range []string{"/admin/status", "/admin/status.json", "/admin/metrics"} {
		s := stage{overseer: &gallery.Overseer{OnStatus: statusOf, OnMetrics: func() string { return "secret" }}}
		if w := s.ask(web.Visitor{HTTPS: true}, "GET", path); w.Code != http.StatusForbidden || strings.Contains(text(t, w), "secret") {
			t.Errorf("%s for nobody: status %d", path, w.Code)
		}
		s.overseer = &gallery.Overseer{Err: absent()}
		if w := s.ask(admin(), "GET", path); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s without an overseer: status %d", path, w.Code)
		}
		if w := s.ask(admin(), "POST", path); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: status %d", path, w.Code)
		}
	}
}
