package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
	"wcme/web"
)

// now is the time of every test.
func now() time.Time { return time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC) }

// stage is a site with everything around it.
type stage struct {
	challenges fakeChallenges
	overseer   fakeOverseer
	log        bytes.Buffer
}

func (s *stage) site() web.Site {
	return web.Site{
		Challenges: s.challenges,
		Overseer:   &s.overseer,
		Clock:      now,
		Log:        slog.New(slog.NewTextHandler(&s.log, nil)),
	}
}

// admin is an ordinary visitor of the admin pages.
func admin() web.Visitor {
	return web.Visitor{Base: "/cgi-bin/wcme", User: "admin", Address: "192.0.2.7", HTTPS: true}
}

func (s *stage) ask(visitor web.Visitor, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path, _, _ = strings.Cut(path, "?")
	_, r.URL.RawQuery, _ = strings.Cut(path, "?")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	web.New(s.site()).ServeHTTP(w, r.WithContext(web.WithVisitor(r.Context(), visitor)))
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

// fakeOverseer returns what it has and remembers who asked.
type fakeOverseer struct {
	list  []acmecore.Certificate
	err   error
	asked []string
	wait  bool
}

func (f *fakeOverseer) List(ctx context.Context) ([]acmecore.Certificate, error) {
	f.asked = append(f.asked, control.UserFrom(ctx))
	if f.wait {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return f.list, f.err
}

func absent() error {
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "ask the overseer at", Subject: "/run/wcme/overseer.sock",
		Cause: errors.New("there is no such socket"), Hint: "is it running? start it with `wcme overseer`"}
}

// certificate is one that was issued for ninety days and has that many left.
func certificate(daysLeft int, names ...acmecore.Name) acmecore.Certificate {
	end := now().Add(time.Duration(daysLeft)*24*time.Hour + 5*time.Hour)
	return acmecore.Certificate{
		ID: names[0].ID(), Names: names, CA: "letsencrypt", Key: acmecore.EC256,
		NotBefore: end.Add(-90 * 24 * time.Hour), NotAfter: end, Version: "1",
	}
}

func missing(names ...acmecore.Name) acmecore.Certificate {
	return acmecore.Certificate{ID: names[0].ID(), Names: names, CA: "letsencrypt"}
}

func unusable(problem string, names ...acmecore.Name) acmecore.Certificate {
	c := certificate(70, names...)
	c.Problem = problem
	return c
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
