package web

import (
	"bytes"
	"net/http"

	"github.com/a-h/templ"

	"wcme/static"
	"wcme/templates"
)

// policy lets a page load what we serve and nothing else, run nothing inline,
// and be framed by nobody (CSP level 3).
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// SetHeaders sets what every answer carries, errors too; challenges and static
// files have headers of their own.
func SetHeaders(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
}

// frame is what is around a page for the visitor of the request. current is the
// path of the page's section, "" for none.
func frame(r *http.Request, title, current string) templates.Frame {
	visitor := VisitorFrom(r.Context())
	f := templates.Frame{
		Title: title,
		Style: visitor.link(staticPath + "/" + static.Style),
		Icon:  visitor.link(staticPath + "/" + static.Icon),
	}
	if visitor.User == "" {
		return f
	}
	f.User = visitor.User
	f.Home = visitor.link(listPath)
	f.Section = []templates.Link{
		{Text: "Certificates", Address: visitor.link(listPath), Current: current == listPath},
	}
	return f
}

// show answers with a page. It is rendered whole first, so that an error still
// gets a status of its own.
func (s Site) show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var text bytes.Buffer
	if err := page.Render(r.Context(), &text); err != nil {
		s.Log.Error("page cannot be rendered", "path", r.URL.Path, "error", err.Error())
		status = http.StatusInternalServerError
		text.Reset()
		text.WriteString("<!DOCTYPE html><html lang=\"en\"><title>Internal error</title><h1>Internal error</h1>\n")
	}
	SetHeaders(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text.Bytes())
}

// notice answers with a page that says why another one is not shown.
func (s Site) notice(w http.ResponseWriter, r *http.Request, status int, page templates.NoticePage) {
	page.Frame = frame(r, page.Heading, "")
	s.show(w, r, status, templates.Notice(page))
}
