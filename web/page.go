package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"wcme/acmecore"
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

// patience is how long a page waits for the overseer: less than web servers
// wait for a script.
const patience = 10 * time.Second

// sections are those of the navigation.
func sections() []section {
	return []section{
		{"Certificates", listPath, acmecore.RoleView},
		{"Certify", certifyPath, acmecore.RoleAdmin},
		{"Runs", runsPath, acmecore.RoleView},
		{"Log", logPath, acmecore.RoleView},
		{"Checks", checkPath, acmecore.RoleOperate},
		{"Audit", auditPath, acmecore.RoleAdmin},
		{"Status", statusPath, acmecore.RoleView},
	}
}

type section struct {
	text, path string
	role       acmecore.Role
}

// frame is what is around a page for the visitor of the request. current is the
// path of the page's section, "" for none.
func frame(r *http.Request, title, current string) templates.Frame {
	visitor, admission := VisitorFrom(r.Context()), admissionFrom(r.Context())
	f := templates.Frame{
		Title:  title,
		Style:  visitor.link(staticPath + "/" + static.Style),
		Script: visitor.link(staticPath + "/" + static.Script),
		Icon:   visitor.link(staticPath + "/" + static.Icon),
		Form:   admission.Form,
	}
	if admission.Role == "" {
		return f
	}
	f.User, f.Role = admission.User, string(admission.Role)
	f.Home = visitor.link(listPath)
	for _, section := range sections() {
		if admission.Role.May(section.role) {
			f.Section = append(f.Section, templates.Link{Text: section.text, Address: visitor.link(section.path), Current: section.path == current})
		}
	}
	if !admission.Silent.IsZero() {
		f.Warning = templates.Warning{Text: "The overseer answers, but its daily work has been overdue since " + inWords(admission.Silent) +
			" UTC: nothing is renewed. Its log may say why; this starts it again:", Code: "systemctl restart wcme-overseer"}
	}
	if admission.LogIn {
		f.Account, f.LogOut = visitor.link(accountPath), visitor.link(logoutPath)
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

// notice answers with a page that says why another one is not shown; programs get it as
// text.
func (s Site) notice(w http.ResponseWriter, r *http.Request, status int, page templates.NoticePage) {
	if isForPrograms(r.URL.Path) {
		s.noticeAsText(w, status, page)
		return
	}
	page.Frame = frame(r, page.Heading, "")
	s.show(w, r, status, templates.Notice(page))
}

// isForPrograms tells whether no browser asks for it.
func isForPrograms(path string) bool { return path == metricsPath || path == statusJSONPath }

// noticeAsText answers with what the page says.
func (s Site) noticeAsText(w http.ResponseWriter, status int, page templates.NoticePage) {
	SetHeaders(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s. %s\n", page.Heading, strings.Join(page.Text, " "))
	for _, advice := range page.Advice {
		fmt.Fprintf(w, "%s %s\n", advice.Text, advice.Code)
	}
}
