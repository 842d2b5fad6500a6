package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"wcme/static"
	"wcme/web"
)

// TestEveryRoute asks every address of the router with a user and without one.
// A new route needs a row here.
func TestEveryRoute(t *testing.T) {
	type want struct{ signedIn, anonymous int }
	table := map[string]want{
		"/":                              {303, 303},
		"/.well-known/acme-challenge":    {404, 404},
		"/.well-known/acme-challenge/*":  {404, 404},
		"/admin":                         {303, 403},
		"/admin/":                        {303, 403},
		"/admin/list":                    {200, 403},
		"/admin/static/{name}":           {200, 200},
		"(unknown) /admin/unknown":       {404, 403},
		"(unknown) /admin/unknown/a/b":   {404, 403},
		"(unknown) /admin/list/":         {404, 403},
		"(unknown) /admin/static":        {404, 404},
		"(unknown) /admin/static/":       {404, 404},
		"(unknown) /admin/static/x.css":  {404, 404},
		"(unknown) /admin/static/a/b":    {404, 404},
		"(unknown) /admin/staticx":       {404, 403},
		"(unknown) /admin/STATIC/x":      {404, 403},
		"(unknown) /ADMIN/list":          {404, 404},
		"(unknown) /administrator":       {404, 404},
		"(unknown) /.well-known/":        {404, 404},
		"(unknown) /.well-known/acme-ch": {404, 404},
	}
	walked := make(map[string]bool)
	routes := web.New(new(stage).site()).(chi.Routes)
	err := chi.Walk(routes, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method != http.MethodGet && method != http.MethodHead {
			t.Errorf("%s %s: a method that this test does not know", method, route)
		}
		if _, found := table[route]; !found {
			t.Errorf("route %s has no row in this test", route)
		}
		walked[route] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for route, want := range table {
		path, unknown := strings.CutPrefix(route, "(unknown) ")
		if !unknown && !walked[route] {
			t.Errorf("route %s is gone", route)
		}
		path = strings.NewReplacer("{name}", static.Style, "*", "token").Replace(path)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			anonymous := admin()
			anonymous.User = ""
			if got := new(stage).ask(admin(), method, path).Code; got != want.signedIn {
				t.Errorf("%s %s, signed in: %d, want %d", method, path, got, want.signedIn)
			}
			s := new(stage)
			if got := s.ask(anonymous, method, path).Code; got != want.anonymous {
				t.Errorf("%s %s, nobody signed in: %d, want %d", method, path, got, want.anonymous)
			}
		}
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	for _, path := range []string{"/", "/.well-known/acme-challenge/token", "/.well-known/acme-challenge/", "/admin", "/admin/list", "/admin/static/" + static.Icon} {
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "FOO", "get"} {
			s := new(stage)
			w := s.ask(admin(), method, path)
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d, want 405", method, path, w.Code)
			}
			want := pageHeaders()
			want.Set("Content-Type", "text/plain; charset=us-ascii")
			want.Set("Allow", "GET, HEAD")
			wantHeaders(t, w.Header(), want)
			if len(s.overseer.Tasks) > 0 {
				t.Errorf("%s %s: something was begun", method, path)
			}
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
