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
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
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

// hostilePath is where the scenes stand with payloads in them: see Hostile.
const hostilePath = "hostile"

// Handler shows all scenes: the list of them at /, and each one below /NAME/, whose
// links work. Below /hostile/N/NAME/ it is the hostile one, that begins with the N-th
// payload; how many texts were replaced in it is in the header Gallery-Replaced.
func Handler() http.Handler {
	scenes := Scenes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if name == "" {
			index(w, scenes)
			return
		}
		base, first := "/"+name, ""
		if name == hostilePath {
			first, rest, _ = strings.Cut(rest, "/")
			name, rest, _ = strings.Cut(rest, "/")
			base = "/" + hostilePath + "/" + first + "/" + name
		}
		scene, found := find(scenes, name, first)
		if !found {
			http.NotFound(w, r)
			return
		}
		serve(w, r, scene, base, rest)
	})
}

// find returns the scene with that name; the hostile one, where it is said with which
// payload it begins.
func find(scenes []Scene, name, first string) (Scene, bool) {
	for _, scene := range scenes {
		if scene.Name != name {
			continue
		}
		if first == "" {
			return scene, true
		}
		n, err := strconv.Atoi(first)
		return scene.Hostile(max(n, 0)), err == nil
	}
	return Scene{}, false
}

// serve shows the scene itself, or one of the pages that it links to.
func serve(w http.ResponseWriter, r *http.Request, scene Scene, base, rest string) {
	if rest == "" {
		answer := httptest.NewRecorder()
		scene.Site().ServeHTTP(answer, scene.Request(r.Context(), base))
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Gallery-Replaced", strconv.Itoa(scene.Replaced()))
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
		return
	}
	visitor := scene.Visitor
	visitor.Base = base
	r = r.WithContext(web.WithVisitor(r.Context(), visitor))
	r.URL.Path = "/" + rest
	scene.Site().ServeHTTP(w, r)
}

// index lists the scenes, section by section.
func index(w http.ResponseWriter, scenes []Scene) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>The gallery – wCME</title>"+
		"<meta name=\"viewport\" content=\"width=device-width\"><style>:root{color-scheme:light dark;font:1rem/1.6 system-ui}"+
		"body{margin:2rem;columns:20rem}h1,p{column-span:all}h2{margin:0;font-size:1rem}ul{margin:0 0 1rem;padding:0;list-style:none}</style></head>"+
		"<body><h1>The gallery</h1><p>Every page in every state, with made-up data. Below /%s/N/NAME/ they stand with hostile texts in them.</p>\n", hostilePath)
	section := ""
	for _, scene := range scenes {
		name := html.EscapeString(scene.Name)
		switch first, _, _ := strings.Cut(name, "-"); {
		case section == "":
			fmt.Fprint(w, "<ul>\n")
			section = first
		case first != section:
			fmt.Fprint(w, "</ul>\n<ul>\n")
			section = first
		}
		fmt.Fprintf(w, "<li><a href=\"/%s/\">%s</a></li>\n", name, name)
	}
	fmt.Fprint(w, "</ul></body></html>\n")
}

type noChallenges struct{}

// Lookup implements web.Challenges.
func (noChallenges) Lookup(string) ([]byte, error) { return nil, challenge.ErrUnknown }
