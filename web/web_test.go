package web_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/web"
	"wcme/web/gallery"
)

// stage is a site with everything around it.
type stage struct {
	challenges fakeChallenges
	overseer   *gallery.Overseer // nil is one that has nothing
	log        bytes.Buffer
}

func (s *stage) site() web.Site {
	if s.overseer == nil {
		s.overseer = new(gallery.Overseer)
	}
	return web.Site{
		Challenges: s.challenges,
		Overseer:   s.overseer,
		Clock:      gallery.Now,
		Log:        slog.New(slog.NewTextHandler(&s.log, nil)),
	}
}

// admin is an ordinary visitor of the admin pages.
func admin() web.Visitor { return gallery.Admin() }

func (s *stage) ask(visitor web.Visitor, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path, _, _ = strings.Cut(path, "?")
	_, r.URL.RawQuery, _ = strings.Cut(path, "?")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.answer(visitor, r)
}

// send sends a form, with the token that the gallery's overseer takes.
func (s *stage) send(visitor web.Visitor, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	fields := url.Values{"form": {"token"}}
	for name, values := range form {
		fields[name] = values
	}
	return s.sendText(visitor, path, fields.Encode(), headers...)
}

// sendText sends what a form has become.
func (s *stage) sendText(visitor web.Visitor, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.answer(visitor, r)
}

func (s *stage) answer(visitor web.Visitor, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	web.New(s.site()).ServeHTTP(w, r.WithContext(web.WithVisitor(r.Context(), visitor)))
	return w
}

// ask asks a site as somebody unknown.
func ask(site web.Site, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.URL.Path = path
	w := httptest.NewRecorder()
	web.New(site).ServeHTTP(w, r)
	return w
}

// fakeChallenges answers what is in it; the error, where there is one, to all.
type fakeChallenges struct {
	pending map[string]string
	err     error
}

func (f fakeChallenges) Lookup(asked string) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	if answer, found := f.pending[asked]; found {
		return []byte(answer), nil
	}
	return nil, challenge.ErrUnknown
}

func absent() error {
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "ask the overseer at", Subject: "/run/wcme/overseer.sock",
		Cause: errors.New("there is no such socket"), Hint: "is it running? start it with `wcme overseer`"}
}

// pageHeaders are those of STYLE, "Front end", and of a page.
func pageHeaders() http.Header {
	return http.Header{
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		"X-Content-Type-Options":  {"nosniff"},
		"Referrer-Policy":         {"same-origin"},
		"Cache-Control":           {"no-store"},
		"Content-Type":            {"text/html; charset=utf-8"},
	}
}

// wantHeaders compares all headers.
func wantHeaders(t *testing.T, got, want http.Header) {
	t.Helper()
	for name := range want {
		if strings.Join(got[name], "|") != strings.Join(want[name], "|") {
			t.Errorf("%s: %q, want %q", name, got[name], want[name])
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s: %q, want none", name, got[name])
		}
	}
}

func text(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	content, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
