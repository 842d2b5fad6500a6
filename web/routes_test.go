package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
	"wcme/static"
	"wcme/web"
	"wcme/web/gallery"
)

// route is what an address takes: the role to look at it, and the role to send its form;
// "" is everybody, and none that there is no form.
type route struct{ get, post string }

const (
	none    = "none"
	open    = ""
	viewer  = string(acmecore.RoleView)
	worker  = string(acmecore.RoleOperate)
	manager = string(acmecore.RoleAdmin)
	own     = "own" // of whoever has logged in by wCME's own log-in, and of nobody else
)

// table is W13: a new route needs a row here.
func table() map[string]route {
	return map[string]route{
		"/":                                 {open, none},
		"/.well-known/acme-challenge":       {open, none},
		"/.well-known/acme-challenge/*":     {open, none},
		"/admin":                            {viewer, none},
		"/admin/":                           {viewer, none},
		"/admin/static/{name}":              {open, none},
		"/admin/list":                       {viewer, none},
		"/admin/certificate/{id}":           {viewer, none},
		"/admin/certificate/{id}/chain.pem": {viewer, none},
		"/admin/certificate/{id}/renew":     {worker, worker},
		"/admin/certificate/{id}/load":      {worker, worker},
		"/admin/certificate/{id}/verify":    {worker, worker},
		"/admin/certificate/{id}/restore":   {manager, manager},
		"/admin/certificate/{id}/revoke":    {manager, manager},
		"/admin/certificate/{id}/remove":    {manager, manager},
		"/admin/certify":                    {manager, manager},
		"/admin/job/{id}":                   {viewer, none},
		"/admin/job/{id}/steps":             {viewer, none},
		"/admin/runs":                       {viewer, none},
		"/admin/runs/{id}":                  {viewer, none},
		"/admin/log":                        {viewer, none},
		"/admin/log/lines":                  {viewer, none},
		"/admin/log/download":               {viewer, none},
		"/admin/audit":                      {manager, none},
		"/admin/check":                      {worker, none},
		"/admin/check/{check}":              {worker, worker},
		"/admin/status":                     {viewer, none},
		"/admin/status.json":                {viewer, none},
		"/admin/metrics":                    {viewer, none},
		"/admin/login":                      {own, own},
		"/admin/welcome":                    {own, own},
		"/admin/logout":                     {own, own},
		"/admin/account":                    {own, none},
		"/admin/account/password":           {own, own},
		"/admin/account/codes":              {own, own},
		"/admin/account/codes/remove":       {own, own},
		"/admin/account/passkey":            {own, own},
		"/admin/account/passkey/remove":     {own, own},
		"/admin/account/session":            {own, own},
		"/admin/account/everywhere":         {own, own},
	}
}

// walked are the methods of each route that the router has.
func walked(t *testing.T) map[string][]string {
	t.Helper()
	routes := make(map[string][]string)
	err := chi.Walk(web.New(new(stage).site()).(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes[route] = append(routes[route], method)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return routes
}

func TestEveryRouteHasARow(t *testing.T) {
	routes := walked(t)
	for path, methods := range routes {
		row, found := table()[path]
		want := []string{"GET", "HEAD"}
		if row.post != none {
			want = append(want, "POST")
		}
		slices.Sort(methods)
		if !found || !slices.Equal(methods, want) {
			t.Errorf("route %s takes %q: it needs a row in this test, and there it takes %q", path, methods, want)
		}
	}
	for path := range table() {
		if routes[path] == nil {
			t.Errorf("route %s is gone", path)
		}
	}
}

// TestEveryRouteIsForItsRoles asks as each kind of visitor, of a web server that signs
// visitors in, and of wCME's own log-in.
func TestEveryRouteIsForItsRoles(t *testing.T) {
	for path, row := range table() {
		for _, logIn := range []bool{false, true} {
			for _, role := range []acmecore.Role{"", acmecore.RoleView, acmecore.RoleOperate, acmecore.RoleAdmin} {
				checkRoute(t, path, "GET", row.get, role, logIn)
				checkRoute(t, path, "HEAD", row.get, role, logIn)
				if row.post != none {
					checkRoute(t, path, "POST", row.post, role, logIn)
				}
			}
		}
	}
}

// checkRoute asks once, and finds out whether the visitor was let in.
func checkRoute(t *testing.T, path, method, wanted string, role acmecore.Role, logIn bool) {
	t.Helper()
	path = strings.NewReplacer("{name}", static.Style, "*", "token", "{id}", "www_example_org", "{check}", "ca").Replace(path)
	asked := false
	s := &stage{overseer: &gallery.Overseer{Admission: &acmecore.Admission{User: "somebody", Role: role, LogIn: logIn, Form: "token"},
		OnAccount: func(acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
			asked = true
			return acmecore.AccountAnswer{}, nil
		}}}
	visitor := admin()
	if role == "" {
		s.overseer.Admission.User, s.overseer.Admission.Refusal, visitor.User = "", acmecore.RefusedNobody, ""
	}
	got := s.ask(visitor, method, path)
	if method == "POST" {
		got = s.send(visitor, path, nil)
	}
	address, _, _ := strings.Cut(got.Header().Get("Location"), "?")
	refused := got.Code == http.StatusForbidden || got.Code == http.StatusUnauthorized ||
		role == "" && strings.HasSuffix(address, "/admin/login") || // whoever is signed in is sent there by a log-out
		wanted == own && !logIn && got.Code == http.StatusNotFound && !asked
	allowed := acmecore.Role(wanted) == "" || role.May(acmecore.Role(wanted))
	if wanted == own {
		allowed = logIn && (role != "" || path == "/admin/login" || path == "/admin/welcome")
	}
	if refused == allowed {
		t.Errorf("%s %s as %q, log-in %v: %d %q, want that it is allowed: %v", method, path, role, logIn, got.Code, got.Header().Get("Location"), allowed)
	}
	if !allowed && len(s.overseer.Tasks) > 0 {
		t.Errorf("%s %s as %q: something was begun", method, path, role)
	}
}

// TestOtherMethodsAreRefused names those that there are (RFC 9110 section 15.5.6).
func TestOtherMethodsAreRefused(t *testing.T) {
	for path, row := range table() {
		path = strings.NewReplacer("{name}", static.Style, "*", "token", "{id}", "www_example_org", "{check}", "ca").Replace(path)
		methods := []string{"PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "FOO", "get"}
		allow := "GET, HEAD, POST"
		if row.post == none {
			methods, allow = append(methods, "POST"), "GET, HEAD"
		}
		for _, method := range methods {
			s := new(stage)
			w := s.ask(admin(), method, path)
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d, want 405", method, path, w.Code)
			}
			want := pageHeaders()
			want.Set("Content-Type", "text/plain; charset=us-ascii")
			want.Set("Allow", allow)
			wantHeaders(t, w.Header(), want)
			if len(s.overseer.Tasks) > 0 {
				t.Errorf("%s %s: something was begun", method, path)
			}
		}
	}
}

// TestUnknownAddresses: below the pages, whoever is not signed in learns nothing of them.
func TestUnknownAddresses(t *testing.T) {
	for path, want := range map[string]struct{ signedIn, anonymous int }{
		"/admin/unknown": {404, 403}, "/admin/unknown/a/b": {404, 403}, "/admin/list/": {404, 403}, "/admin/staticx": {404, 403}, "/admin/STATIC/x": {404, 403},
		"/admin/certificate": {404, 403}, "/admin/certificate/": {404, 403}, "/admin/certificate/x/key.pem": {404, 403}, "/admin/certificate/x/privkey.pem": {404, 403},
		"/admin/static": {404, 404}, "/admin/static/": {404, 404}, "/admin/static/x.css": {404, 404}, "/admin/static/a/b": {404, 404},
		"/ADMIN/list": {404, 404}, "/administrator": {404, 404}, "/.well-known/": {404, 404}, "/.well-known/acme-ch": {404, 404},
	} {
		anonymous := admin()
		anonymous.User = ""
		if got := new(stage).ask(admin(), "GET", path).Code; got != want.signedIn {
			t.Errorf("%s, signed in: %d, want %d", path, got, want.signedIn)
		}
		if got := new(stage).ask(anonymous, "GET", path).Code; got != want.anonymous {
			t.Errorf("%s, nobody signed in: %d, want %d", path, got, want.anonymous)
		}
	}
}

func TestFirstPageIsTheList(t *testing.T) {
	for base, want := range map[string]string{
		"":                  "/admin/list",
		"/cgi-bin/wcme":     "/cgi-bin/wcme/admin/list",
		"/a b/ü":            "/a%20b/%C3%BC/admin/list",
		"/a?b#c%2e":         "/a%3Fb%23c%252e/admin/list",
		"/javascript:alert": "/javascript:alert/admin/list",
	} {
		visitor := admin()
		visitor.Base = base
		for _, path := range []string{"/", "/admin", "/admin/"} {
			w := new(stage).ask(visitor, "GET", path)
			headers := pageHeaders()
			headers.Del("Content-Type")
			headers.Set("Location", want)
			wantHeaders(t, w.Header(), headers)
			if w.Code != http.StatusSeeOther {
				t.Errorf("%s: %d, want 303", path, w.Code)
			}
		}
	}
}

func TestVisitorWithoutContextIsNobody(t *testing.T) {
	if v := web.VisitorFrom(t.Context()); v != (web.Visitor{}) {
		t.Errorf("visitor %+v", v)
	}
}

func TestStaticFilesAreKeptForEver(t *testing.T) {
	for name, mediaType := range map[string]string{static.Style: "text/css; charset=utf-8", static.Icon: "image/svg+xml"} {
		w := new(stage).ask(web.Visitor{}, "GET", "/admin/static/"+name, "If-None-Match", "*", "Range", "bytes=0-1")
		want := pageHeaders()
		want.Set("Cache-Control", "public, max-age=31536000, immutable")
		want.Set("Content-Type", mediaType)
		wantHeaders(t, w.Header(), want)
		content, _, _ := static.Lookup(name)
		if w.Code != 200 || text(t, w) != string(content) {
			t.Errorf("%s: %d, %d bytes, want 200 and %d", name, w.Code, w.Body.Len(), len(content))
		}
	}
}
