package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"wcme/acmecore"
	"wcme/acmecore/access"
	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
	"wcme/acmecore/login"
	"wcme/acmecore/store"
	"wcme/web"
)

// inProcess is an overseer for the pages, without its socket.
type inProcess struct {
	control.Administration
	desk *access.Desk
}

// Admit implements web.Overseer.
func (o inProcess) Admit(ctx context.Context) (acmecore.Admission, error) {
	claim, _ := control.ClaimFrom(ctx)
	return o.desk.Admit(ctx, claim)
}

// Account implements web.Overseer.
func (o inProcess) Account(ctx context.Context, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	claim, _ := control.ClaimFrom(ctx)
	return o.desk.Account(ctx, claim, request)
}

// Overview implements control.Administration.
func (inProcess) Overview(context.Context, acmecore.Query) (acmecore.Overview, error) {
	return acmecore.Overview{Page: 1, Pages: 1}, nil
}

// loginSite is the pages over https, with a state directory of their own.
type loginSite struct {
	testing.TB
	root   *store.Root
	roster *login.Roster
	server *httptest.Server
	log    strings.Builder
}

const loginPassword = "correct horse battery"

func newLoginSite(tb testing.TB) *loginSite {
	tb.Helper()
	s := &loginSite{TB: tb}
	dir := filepath.Join(tb.TempDir(), "state")
	if _, err := store.Setup(dir, nil); err != nil {
		tb.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	s.root, s.roster = root, login.NewRoster(root.LogIn(), nil)
	s.server = httptest.NewTLSServer(s.handler())
	tb.Cleanup(s.server.Close)
	return s
}

// handler is a script with an overseer that has just been started.
func (s *loginSite) handler() http.Handler {
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	desk := access.New(newLogin(s.root, log), version)
	desk.Configure(access.Policy{LogIn: true, Host: func(name string) bool { return name == "www.example.test" }})
	site := web.New(web.Site{Challenges: challenge.Directory(s.root.Challenges()), Overseer: inProcess{desk: desk}, Clock: time.Now, Log: log})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/cgi-bin/wcme")
		visitor := web.Visitor{Base: "/cgi-bin/wcme", Address: "192.0.2.7", HTTPS: true}
		site.ServeHTTP(w, r.WithContext(web.WithVisitor(r.Context(), visitor)))
	})
}

// browser is one with a jar for cookies; it follows redirects.
type browser struct {
	*loginSite
	client *http.Client
	agent  string
}

func (s *loginSite) browser(agent string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	client := *s.server.Client()
	client.Jar = jar
	return &browser{loginSite: s, client: &client, agent: agent}
}

// page is what a browser has come to.
type page struct {
	status int
	path   string
	text   string
}

func (b *browser) do(method, path string, form url.Values) page {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.server.URL+"/cgi-bin/wcme"+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("User-Agent", b.agent)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w, err := b.client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		b.Fatal(err)
	}
	return page{w.StatusCode, strings.TrimPrefix(w.Request.URL.Path, "/cgi-bin/wcme"), string(text)}
}

// open opens a page.
func (b *browser) open(path string) page { b.Helper(); return b.do("GET", path, nil) }

// send sends the form of a page, with its hidden fields, to an address.
func (b *browser) send(from page, path string, fields ...string) page {
	b.Helper()
	form := make(url.Values)
	for _, name := range []string{"form", "ticket", "link", "next"} {
		if found := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(from.text); found != nil {
			form.Set(name, strings.ReplaceAll(found[1], "&amp;", "&"))
		}
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.do("POST", path, form)
}

// is checks where a browser has come to.
func (b *browser) is(got page, status int, path, text string) page {
	b.Helper()
	if got.status != status || got.path != path || !strings.Contains(got.text, text) {
		b.Fatalf("%d at %s, want %d at %s with %q: %s", got.status, got.path, status, path, text, got.text)
	}
	return got
}

// logIn logs in by the password.
func (b *browser) logIn() page {
	b.Helper()
	return b.send(b.open("/admin/login"), "/admin/login", "user", "alice", "password", loginPassword)
}

// TestLogInFromTheLinkToTheLogOut is a user's way through the pages, with the real
// log-in behind them.
func TestLogInFromTheLinkToTheLogOut(t *testing.T) {
	t.Parallel()
	s := newLoginSite(t)
	secret, _, err := s.roster.Add(t.Context(), "alice", acmecore.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser("first")
	b.is(b.open("/admin/log"), 200, "/admin/login", "<h1>Log in</h1>")
	b.is(b.logIn(), 422, "/admin/login", "The name or the password is not right.")
	welcome := b.is(b.open("/admin/welcome?link="+secret), 200, "/admin/welcome", "Welcome, alice")
	b.is(b.send(welcome, "/admin/welcome", "new", "alice-alice-1", "again", "alice-alice-1"), 422, "/admin/welcome", "hardly more than your name")
	b.is(b.send(welcome, "/admin/welcome", "new", loginPassword, "again", "other"), 422, "/admin/welcome", "The two are not the same.")
	b.is(b.send(welcome, "/admin/welcome", "new", loginPassword, "again", loginPassword), 200, "/admin/account", "you are logged in")
	b.is(b.open("/admin/welcome?link="+secret), 410, "/admin/welcome", "not good any more")

	codes := b.is(b.open("/admin/account/codes"), 200, "/admin/account/codes", "otpauth://totp/wCME:alice%20at%20127.0.0.1")
	key := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(codes.text)[1]
	code, err := totp.GenerateCode(key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.is(b.send(codes, "/admin/account/codes", "code", code, "password", loginPassword), 200, "/admin/account", "a code is wanted")

	second := s.browser("second")
	step := second.is(second.logIn(), 200, "/admin/login", "one step more")
	step = second.is(second.send(step, "/admin/login", "code", code), 422, "/admin/login", "was used already")
	next, err := totp.GenerateCode(key, time.Now().Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	second.is(second.send(step, "/admin/login", "code", next), 200, "/admin/list", "There are no certificates yet")
	second.is(second.open("/admin/account"), 200, "/admin/account", "(this one)")

	b.is(b.send(b.open("/admin/account"), "/admin/account/everywhere"), 200, "/admin/login", "<h1>Log in</h1>")
	second.is(second.open("/admin/account"), 200, "/admin/login", "<h1>Log in</h1>")
	if _, err := s.root.VerifyAudit(); err != nil {
		t.Error(err)
	}
	for _, hidden := range []string{secret, key, loginPassword} {
		if strings.Contains(s.log.String(), hidden) {
			t.Errorf("the log has %q", hidden)
		}
	}
}

// TestStolenCookieIsWorthNothing replays one after the log-out, from another browser,
// and after a restart of the overseer, which ends no session by itself.
func TestStolenCookieIsWorthNothing(t *testing.T) {
	t.Parallel()
	s := newLoginSite(t)
	secret, _, err := s.roster.Add(t.Context(), "alice", acmecore.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser("hers")
	b.send(b.open("/admin/welcome?link="+secret), "/admin/welcome", "new", loginPassword, "again", loginPassword)
	b.is(b.open("/admin/list"), 200, "/admin/list", "Signed in as")
	where, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	stolen := b.client.Jar.Cookies(where)
	if len(stolen) != 1 || stolen[0].Name != "__Host-wcme" {
		t.Fatalf("cookies %v", stolen)
	}
	thief := s.browser("another")
	thief.client.Jar.SetCookies(where, stolen)
	thief.is(thief.open("/admin/list"), 200, "/admin/login", "<h1>Log in</h1>")

	s.server.Config.Handler = s.handler() // another overseer
	b.is(b.open("/admin/list"), 200, "/admin/list", "Signed in as")
	b.is(b.send(b.open("/admin/list"), "/admin/logout"), 200, "/admin/login", "<h1>Log in</h1>")
	again := s.browser("hers")
	again.client.Jar.SetCookies(where, stolen)
	again.is(again.open("/admin/list"), 200, "/admin/login", "<h1>Log in</h1>")
	s.server.Config.Handler = s.handler()
	again.is(again.open("/admin/list"), 200, "/admin/login", "<h1>Log in</h1>")
}

// TestAdministratorsAreHeardAtOnce: `wcme admin` is another process with the same files.
func TestAdministratorsAreHeardAtOnce(t *testing.T) {
	t.Parallel()
	s := newLoginSite(t)
	secret, _, err := s.roster.Add(t.Context(), "alice", acmecore.RoleView)
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser("hers")
	b.send(b.open("/admin/welcome?link="+secret), "/admin/welcome", "new", loginPassword, "again", loginPassword)
	for what, act := range map[string]func() error{
		"logout": func() error { return s.roster.LogOut(t.Context(), "alice") },
		"role": func() error {
			return errors.Join(s.roster.SetRole(t.Context(), "alice", acmecore.RoleAdmin), s.roster.SetRole(t.Context(), "alice", acmecore.RoleView))
		},
	} {
		b.is(b.logIn(), 200, "/admin/list", "Signed in as")
		if err := act(); err != nil {
			t.Fatal(err)
		}
		if got := b.open("/admin/list"); got.path != "/admin/login" {
			t.Errorf("%s: still at %s", what, got.path)
		}
	}
	b.is(b.logIn(), 200, "/admin/list", "(view)")
	if err := s.roster.Remove(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	b.is(b.open("/admin/list"), 200, "/admin/login", "<h1>Log in</h1>")
	b.is(b.logIn(), 422, "/admin/login", "The name or the password is not right.")
}
