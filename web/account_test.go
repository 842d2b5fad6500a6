package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/web"
	"wcme/web/gallery"
)

// loginStage is a site with wCME's own log-in, and what it was asked.
type loginStage struct {
	stage
	asked  []acmecore.AccountRequest
	answer acmecore.AccountAnswer
	err    error
}

func newLoginStage(signedIn bool) *loginStage {
	s := new(loginStage)
	s.overseer = new(gallery.Overseer)
	s.overseer.Admission = &acmecore.Admission{Refusal: acmecore.RefusedNobody, LogIn: true, Form: "token"}
	if signedIn {
		s.overseer.Admission = &acmecore.Admission{User: "alice", Role: acmecore.RoleView, LogIn: true, Form: "token"}
	}
	s.overseer.OnAccount = func(request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
		s.asked = append(s.asked, request)
		return s.answer, s.err
	}
	return s
}

// outsider is somebody whom the web server names nobody.
func outsider(https bool) web.Visitor {
	return web.Visitor{Base: "/cgi-bin/wcme", Address: "192.0.2.7", HTTPS: https}
}

// TestW20NextIsOneOfOurPages has what open redirects are made of.
func TestW20NextIsOneOfOurPages(t *testing.T) {
	const home, base = "/cgi-bin/wcme/admin/list", "/cgi-bin/wcme"
	for next, want := range map[string]string{
		"":                                    home,
		"/admin/log":                          base + "/admin/log",
		"/admin/log?level=error&words=a":      base + "/admin/log?level=error&words=a",
		"/admin/certificate/a_example":        base + "/admin/certificate/a_example",
		"//evil.example":                      home,
		"///evil.example":                     home,
		"/\\evil.example":                     home,
		"\\\\evil.example":                    home,
		"https:evil.example":                  home,
		"https://evil.example/admin/log":      home,
		"//evil.example/admin/log":            home,
		"javascript:alert(1)":                 home,
		"data:text/html,x":                    home,
		"/admin/log\r\nSet-Cookie: a=b":       home,
		"/admin/log%0d%0aSet-Cookie:a=b":      home,
		"/admin/log\x00":                      home,
		"/admin/../../evil":                   home,
		"/admin/%2e%2e/evil":                  home,
		"/admin//evil.example":                home,
		"/admin/log/":                         home,
		"admin/log":                           home,
		" /admin/log":                         home,
		"/administrator":                      home,
		"/.well-known/acme-challenge/x":       home,
		"/admin/static/x":                     home,
		"/admin/log#fragment":                 home,
		"/admin/log?a=%zz":                    base + "/admin/log",
		"/admin/log?a=%0d%0ab":                base + "/admin/log?a=%0D%0Ab",
		"/admin/login":                        home,
		"/admin/logout":                       home,
		"/admin/welcome?link=x":               home,
		"/admin/" + strings.Repeat("a", 4000): home,
	} {
		s := newLoginStage(false)
		s.answer.Cookie = "number"
		w := s.send(outsider(true), "/admin/login", url.Values{"user": {"alice"}, "password": {"x"}, "next": {next}})
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("log-in, %.60q: %d to %q, want %q", next, w.Code, got, want)
		}
		w = newLoginStage(true).ask(outsider(true), "GET", "/admin/login?"+url.Values{"next": {next}}.Encode())
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("signed in already, %.60q: %d to %q, want %q", next, w.Code, got, want)
		}
	}
}

// TestW03CookieFlags compares the whole header (RFC 6265bis section 4.1).
func TestW03CookieFlags(t *testing.T) {
	for _, row := range []struct {
		visitor   web.Visitor
		set, gone string
	}{
		{outsider(true), "__Host-wcme=number; Path=/; HttpOnly; Secure; SameSite=Strict", "__Host-wcme=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"},
		{outsider(false), "wcme=number; Path=/cgi-bin/wcme; HttpOnly; SameSite=Strict", "wcme=; Path=/cgi-bin/wcme; Max-Age=0; HttpOnly; SameSite=Strict"},
		{web.Visitor{}, "wcme=number; Path=/; HttpOnly; SameSite=Strict", "wcme=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"},
	} {
		s := newLoginStage(false)
		s.answer.Cookie = "number"
		w := s.send(row.visitor, "/admin/login", url.Values{"user": {"alice"}, "password": {"x"}})
		if got := strings.Join(w.Header().Values("Set-Cookie"), "|"); got != row.set {
			t.Errorf("%+v: got %q, want %q", row.visitor, got, row.set)
		}
		s = newLoginStage(true)
		s.answer.Forget = true
		w = s.send(row.visitor, "/admin/logout", nil)
		if got := strings.Join(w.Header().Values("Set-Cookie"), "|"); got != row.gone || w.Code != http.StatusSeeOther {
			t.Errorf("%+v: %d, got %q, want %q", row.visitor, w.Code, got, row.gone)
		}
	}
}

// TestCookieOfTheConnectionIsSentOn: over https, one without the prefix may have been set by
// another host.
func TestCookieOfTheConnectionIsSentOn(t *testing.T) {
	for _, https := range []bool{true, false} {
		s := newLoginStage(false)
		s.ask(outsider(https), "GET", "/admin/login", "Cookie", "wcme=plain; __Host-wcme=safe", "User-Agent", "browser")
		want := map[bool]string{true: "safe", false: "plain"}[https]
		if claim := s.overseer.Claims[0]; claim.Cookie != want || claim.Agent != "browser" || claim.HTTPS != https {
			t.Errorf("https %v: claim %+v, want the cookie %q", https, claim, want)
		}
	}
	s := newLoginStage(false)
	s.ask(outsider(true), "GET", "/admin/login", "Cookie", "__Host-wcme="+strings.Repeat("A", 4096))
	if claim := s.overseer.Claims[0]; claim.Cookie != "" {
		t.Errorf("a cookie of %d bytes is sent on", len(claim.Cookie))
	}
}

func TestVisitorsAreSentToTheLogInAndBack(t *testing.T) {
	for path, want := range map[string]string{
		"/admin/list":                  "/cgi-bin/wcme/admin/login",
		"/admin/log?level=error":       "/cgi-bin/wcme/admin/login?next=%2Fadmin%2Flog%3Flevel%3Derror",
		"/admin/certificate/a_example": "/cgi-bin/wcme/admin/login?next=%2Fadmin%2Fcertificate%2Fa_example",
		"/admin/unknown":               "/cgi-bin/wcme/admin/login?next=%2Fadmin%2Funknown",
		"/admin//evil":                 "/cgi-bin/wcme/admin/login",
	} {
		w := newLoginStage(false).ask(outsider(true), "GET", path)
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%s: %d to %q, want %q", path, w.Code, got, want)
		}
	}
}

// TestNobodyLogsInByGET: whatever acts on the log-in is a form.
func TestNobodyLogsInByGET(t *testing.T) {
	looks := []acmecore.AccountDeed{acmecore.AccountOffer, acmecore.AccountLink, acmecore.AccountOwn, acmecore.AccountNewCodes, acmecore.AccountNewPasskey}
	for _, signedIn := range []bool{true, false} {
		for _, path := range []string{"login", "logout", "welcome", "account", "account/password", "account/codes", "account/codes/remove",
			"account/passkey", "account/passkey/remove", "account/session", "account/everywhere"} {
			s := newLoginStage(signedIn)
			w := s.ask(outsider(true), "GET", "/admin/"+path+"?user=alice&password=x&link=y&id=z&new=a&again=a&code=1&ticket=t&credential=c&form=token")
			for _, request := range s.asked {
				if !contains(looks, request.Deed) {
					t.Errorf("GET %s: %q was asked for", path, request.Deed)
				}
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("GET %s sets a cookie", path)
			}
		}
	}
}

func contains(deeds []acmecore.AccountDeed, wanted acmecore.AccountDeed) bool {
	for _, deed := range deeds {
		if deed == wanted {
			return true
		}
	}
	return false
}

// TestOnlyTheLogInIsOpen asks for each page of the log-in as nobody.
func TestOnlyTheLogInIsOpen(t *testing.T) {
	open := map[string]bool{"/admin/login": true, "/admin/welcome": true}
	for _, path := range []string{"/admin/login", "/admin/welcome", "/admin/logout", "/admin/account", "/admin/account/password", "/admin/account/codes",
		"/admin/account/codes/remove", "/admin/account/passkey", "/admin/account/passkey/remove", "/admin/account/session", "/admin/account/everywhere",
		"/admin/login/", "/admin/loginx", "/admin/welcome/x"} {
		for _, method := range []string{"GET", "POST"} {
			s := newLoginStage(false)
			w := s.ask(outsider(true), method, path)
			if sent := w.Code == http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Location"), "/cgi-bin/wcme/admin/login"); sent == open[path] {
				t.Errorf("%s %s: %d to %q", method, path, w.Code, w.Header().Get("Location"))
			}
			if !open[path] && len(s.asked) > 0 {
				t.Errorf("%s %s: the log-in was asked %+v", method, path, s.asked)
			}
		}
	}
}

// TestPasswordsAreNeverSentBack sends one to each form, which is then shown again.
func TestPasswordsAreNeverSentBack(t *testing.T) {
	const secret = "a secret that is typed"
	form := url.Values{"user": {"alice"}, "password": {secret}, "new": {secret}, "again": {secret}, "code": {secret}, "name": {"blue key"}}
	for _, row := range []struct {
		path     string
		signedIn bool
	}{{"/admin/login", false}, {"/admin/welcome", false}, {"/admin/account/password", true}, {"/admin/account/codes", true},
		{"/admin/account/codes/remove", true}, {"/admin/account/passkey", true}, {"/admin/account/passkey/remove", true}} {
		for _, err := range []error{nil, &acmecore.Error{Kind: acmecore.Stale}, &acmecore.Error{Kind: acmecore.Limited, Hint: "wait"}, &acmecore.Error{Kind: acmecore.Internal}} {
			s := newLoginStage(row.signedIn)
			s.answer.Mistakes, s.err = []acmecore.Mistake{{Field: "password", Text: "It is wrong."}}, err
			w := s.send(outsider(true), row.path, form)
			if page := text(t, w); w.Code < 400 || strings.Contains(page, secret) || strings.Contains(s.log.String(), secret) {
				t.Errorf("%s, %v: %d, or the secret is in the page or the log", row.path, err, w.Code)
			}
		}
	}
}

// TestLinksAreInNoLogAndNoOtherAddress: what is in the query of a one-time link is
// worth an account.
func TestLinksAreInNoLogAndNoOtherAddress(t *testing.T) {
	const secret = "SECRETSECRETSECRETSECRET22"
	for _, err := range []error{nil, &acmecore.Error{Kind: acmecore.Stale}, &acmecore.Error{Kind: acmecore.Internal}, &acmecore.Error{Kind: acmecore.Unreachable}} {
		s := newLoginStage(false)
		s.err = err
		w := s.ask(outsider(true), "GET", "/admin/welcome?link="+secret)
		page := text(t, w)
		if strings.Contains(s.log.String(), secret) || w.Header().Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%v: the log has %s", err, s.log.String())
		}
		if want := map[bool]int{true: 1, false: 0}[err == nil]; strings.Count(page, secret) != want {
			t.Errorf("%v: the secret is %d times in the page, want %d", err, strings.Count(page, secret), want)
		}
	}
	s := newLoginStage(false)
	w := s.send(outsider(true), "/admin/login?link="+secret, nil, "Sec-Fetch-Site", "cross-site")
	if page := text(t, w); !strings.Contains(page, "another site") || strings.Contains(page+s.log.String(), secret) {
		t.Errorf("log %s, page %s", s.log.String(), page)
	}
}

func TestTheTokenOfThePageIsUsedToLook(t *testing.T) {
	s := newLoginStage(true)
	site := s.site()
	spy := &claims{Overseer: s.overseer}
	site.Overseer = spy
	s.answer.Own = &acmecore.OwnAccount{User: "alice"}
	r := gallery.Scene{Visitor: outsider(true), Path: "/admin/account"}.Request(t.Context(), "/cgi-bin/wcme")
	web.New(site).ServeHTTP(discard{}, r)
	if len(spy.forms) != 1 || spy.forms[0] != "token" {
		t.Errorf("looked with %q, want the token of the admission", spy.forms)
	}
}
