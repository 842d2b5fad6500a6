package web

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// The addresses of the overseer's status: for people, for programs, and for Prometheus.
const (
	statusPath     = adminPath + "/status"
	statusJSONPath = adminPath + "/status.json"
	metricsPath    = adminPath + "/metrics"
)

func (s Site) statusPages() []page {
	return []page{
		{path: statusPath, role: acmecore.RoleView, get: s.status},
		{path: statusJSONPath, role: acmecore.RoleView, get: s.statusJSON},
		{path: metricsPath, role: acmecore.RoleView, get: s.metrics},
	}
}

// askStatus asks the overseer how it is.
func (s Site) askStatus(r *http.Request) (acmecore.Status, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	return s.Overseer.Status(ctx, true)
}

// status shows it to people.
func (s Site) status(w http.ResponseWriter, r *http.Request) {
	status, err := s.askStatus(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !admissionFrom(r.Context()).Role.May(acmecore.RoleAdmin) {
		status.Configuration = "" // the overseer has left it out already
	}
	page := statusPage(r, status, s.gateway(r))
	page.Frame = frame(r, "Status", statusPath)
	page.Frame.Foot = "As of " + inWords(s.Clock()) + ". All times are in UTC."
	s.show(w, r, http.StatusOK, templates.Status(page))
}

// gateway says which web server runs this program, and how.
func (s Site) gateway(r *http.Request) string {
	server := cmp.Or(acmecore.Inert(VisitorFrom(r.Context()).Server), "A web server that does not say its name")
	switch s.Gateway {
	case "":
		return server
	case "HTTP":
		return "wCME itself, over HTTP"
	}
	return server + ", by " + s.Gateway
}

// statusFacts is the status as programs read it: without the configuration.
type statusFacts struct {
	Health     acmecore.Health      `json:"health"`
	Complaints []acmecore.Complaint `json:"complaints"`
	Server     string               `json:"server,omitempty"`  // that runs the script
	Gateway    string               `json:"gateway,omitempty"` // how it does
	acmecore.Status
}

// statusJSON shows it to programs.
func (s Site) statusJSON(w http.ResponseWriter, r *http.Request) {
	status, err := s.askStatus(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status.Configuration = ""
	facts := statusFacts{status.Health(), append([]acmecore.Complaint{}, status.Complaints()...),
		acmecore.Inert(VisitorFrom(r.Context()).Server), s.Gateway, status}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(facts); err != nil {
		s.fail(w, r, err)
		return
	}
	s.tell(w, "application/json", text.String())
}

// metrics shows it to Prometheus.
func (s Site) metrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	text, err := s.Overseer.Metrics(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.tell(w, acmecore.MetricsType, text)
}

// tell answers with what is no page.
func (s Site) tell(w http.ResponseWriter, mediaType, text string) {
	SetHeaders(w.Header())
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, text)
}
