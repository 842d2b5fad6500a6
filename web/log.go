package web

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// The addresses of what is written down.
const (
	logPath   = adminPath + "/log"
	runsPath  = adminPath + "/runs"
	auditPath = adminPath + "/audit"
)

// How the log is followed.
const (
	followWait    = 20 * time.Second // that a question for new lines is left open, where that is possible
	followEvery   = 5                // seconds between two loads of a page without script, and between two questions that are answered at once
	followAtOnce  = 1                // seconds between two questions that are left open
	maxFollowLine = 200
)

func (s Site) logPages() []page {
	return []page{
		{path: logPath, role: acmecore.RoleView, get: s.log},
		{path: logPath + "/lines", role: acmecore.RoleView, get: s.logLines},
		{path: logPath + "/download", role: acmecore.RoleView, get: s.logDownload},
		{path: runsPath, role: acmecore.RoleView, get: s.runs},
		{path: runsPath + "/{id}", role: acmecore.RoleView, get: s.run},
		{path: auditPath, role: acmecore.RoleAdmin, get: s.audit},
	}
}

// log shows the lines of the overseer's log that are asked for.
func (s Site) log(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	form := readLogForm(r.URL.Query())
	view := logView{request: r, form: form, stays: s.Stays}
	if form.isWrong() {
		s.show(w, r, http.StatusUnprocessableEntity, templates.Log(view.page(acmecore.LogPage{})))
		return
	}
	answer, err := s.Overseer.Log(ctx, form.query())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, templates.Log(view.page(answer)))
}

// logLines shows the lines that have come since, for the script. Where the program
// stays, it waits for them.
func (s Site) logLines(w http.ResponseWriter, r *http.Request) {
	form := readLogForm(r.URL.Query())
	query := form.query()
	query.Before, query.File = "", 0
	query.After, query.Limit = r.URL.Query().Get("after"), maxFollowLine
	if query.After == "" || form.isWrong() {
		s.fail(w, r, &acmecore.Error{Kind: acmecore.Invalid, Op: "follow the log", Cause: errors.New("the address does not say from where on"),
			Hint: "follow it from the page of the log"})
		return
	}
	if s.Stays {
		query.Wait = followWait
	}
	ctx, cancel := context.WithTimeout(r.Context(), query.Wait+patience)
	defer cancel()
	answer, err := s.Overseer.Log(ctx, query)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	view := logView{request: r, form: form, stays: s.Stays}
	w.Header().Set("Wcme-Next", view.linesAddress(answer.Newer))
	s.show(w, r, http.StatusOK, templates.LogLines(view.rows(answer.Lines)))
}

// maxDownload is how many parts a file may be sent in, each of at most 1 MiB: it may
// grow while it is sent.
const maxDownload = 1 << 10

// logDownload sends one file of the log as it stands.
func (s Site) logDownload(w http.ResponseWriter, r *http.Request) {
	query := acmecore.LogQuery{Raw: true, File: readLogForm(r.URL.Query()).file}
	part, err := s.logPart(r.Context(), query)
	if err == nil && query.File >= len(part.Files) {
		err = &acmecore.Error{Kind: acmecore.NotFound, Op: "download the log", Cause: errors.New("there is no such file"), Hint: "choose one of those that the page of the log lists"}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	SetHeaders(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": acmecore.Inert(part.Files[query.File].Name)}))
	if r.Method == http.MethodHead {
		return
	}
	for range maxDownload {
		if _, err := w.Write([]byte(part.Text)); err != nil || part.Text == "" {
			return
		}
		query.After = part.Newer
		if part, err = s.logPart(r.Context(), query); err != nil {
			s.Log.Error("download of the log ended early", "error", acmecore.Inert(err.Error()))
			return
		}
	}
}

// logPart asks for one part of a file.
func (s Site) logPart(ctx context.Context, query acmecore.LogQuery) (acmecore.LogPage, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.Overseer.Log(limited, query)
}

// address is one of our own with a query.
func address(r *http.Request, path string, query url.Values) string {
	link := VisitorFrom(r.Context()).link(path)
	if len(query) == 0 {
		return link
	}
	return link + "?" + query.Encode()
}
