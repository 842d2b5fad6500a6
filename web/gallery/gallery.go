// Package gallery holds every page in every state, with made-up data: for the tests
// that compare and check the pages, and for people who look at them (make gallery).
//
// Scenes are in one file for each section of the pages.
package gallery

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"wcme/acmecore/challenge"
	"wcme/web"
)

// Scene is a page in one state.
type Scene struct {
	Name     string // small letters, digits and hyphens: what it is, and in which state
	Visitor  web.Visitor
	Method   string     // "" is GET
	Path     string     // below the mount point, with a query where it has one
	Form     url.Values // that was sent, of a POST; the token is added
	Host     string     // that the browser asked for; "" is admin.example.org
	Overseer *Overseer
	Stays    bool // as web.Site has it
	Status   int
	// Changing says that the page is another one each time, so that it is compared
	// with nothing.
	Changing bool
}

// Scenes are all of them.
func Scenes() []Scene {
	return slices.Concat(noticeScenes(), listScenes(), certificateScenes(), certifyScenes(), jobScenes(), checkScenes(),
		logScenes(), statusScenes(), accountScenes())
}

// Now is the time of every scene.
func Now() time.Time { return time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC) }

// Site is the site that the scene is a page of.
func (s Scene) Site() http.Handler {
	return web.New(web.Site{Challenges: noChallenges{}, Overseer: s.Overseer, Clock: Now, Stays: s.Stays,
		Log: slog.New(slog.DiscardHandler)})
}

// Request is the request that shows the scene below a mount point.
func (s Scene) Request(ctx context.Context, base string) *http.Request {
	visitor := s.Visitor
	visitor.Base = base
	method, body := http.MethodGet, io.Reader(nil)
	if s.Method != "" {
		method = s.Method
	}
	if s.Form != nil {
		form := url.Values{"form": {"token"}}
		for name, values := range s.Form {
			form[name] = values
		}
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(web.WithVisitor(ctx, visitor), method, "/", body)
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(s.Path, "?")
	r.Host = "admin.example.org"
	if s.Host != "" {
		r.Host = s.Host
	}
	if s.Form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// Admin is an ordinary visitor of the pages.
func Admin() web.Visitor {
	return web.Visitor{Base: "/cgi-bin/wcme", User: "admin", Address: "192.0.2.7", HTTPS: true}
}

// Handler shows all scenes: the list of them at /, and each one below /NAME/, whose
// links work.
func Handler() http.Handler {
	scenes := make(map[string]Scene)
	for _, scene := range Scenes() {
		scenes[scene.Name] = scene
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		scene, found := scenes[name]
		switch {
		case name == "":
			index(w)
		case !found:
			http.NotFound(w, r)
		case rest == "":
			scene.Site().ServeHTTP(w, scene.Request(r.Context(), "/"+name))
		default:
			visitor := scene.Visitor
			visitor.Base = "/" + name
			r = r.WithContext(web.WithVisitor(r.Context(), visitor))
			r.URL.Path = "/" + rest
			scene.Site().ServeHTTP(w, r)
		}
	})
}

// index lists the scenes.
func index(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html><html lang=\"en\"><title>wCME: the gallery</title><h1>The gallery</h1><ul>\n")
	for _, scene := range Scenes() {
		name := html.EscapeString(scene.Name)
		fmt.Fprintf(w, "<li><a href=\"/%s/\">%s</a></li>\n", name, name)
	}
	fmt.Fprint(w, "</ul></html>\n")
}

type noChallenges struct{}

// Lookup implements web.Challenges.
func (noChallenges) Lookup(string) ([]byte, error) { return nil, challenge.ErrUnknown }
