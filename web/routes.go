package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// The addresses, below the mount point.
const (
	challengePath = "/.well-known/acme-challenge" // RFC 8555 section 8.3
	adminPath     = "/admin"
	listPath      = adminPath + "/list"
	staticPath    = adminPath + "/static"
)

// routes lists every address. What stands below adminPath is shown to signed-in
// users only, whether it is in the list or not: see admit.
func (s Site) routes() *chi.Mux {
	r := chi.NewRouter()
	r.Use(s.admit)
	r.NotFound(s.notFound)
	r.MethodNotAllowed(s.methodNotAllowed(r))

	read(r, challengePath, s.challenge)
	read(r, challengePath+"/*", s.challenge)
	read(r, "/", s.first)
	read(r, adminPath, s.first)
	read(r, adminPath+"/", s.first)
	read(r, listPath, s.list)
	read(r, staticPath+"/{name}", s.static)
	return r
}

// read adds an address that is only looked at.
func read(r chi.Router, path string, handler http.HandlerFunc) {
	r.Get(path, handler)
	r.Head(path, handler)
}

// first sends a visitor to the first page.
func (s Site) first(w http.ResponseWriter, r *http.Request) {
	SetHeaders(w.Header())
	w.Header().Set("Location", VisitorFrom(r.Context()).link(listPath))
	w.WriteHeader(http.StatusSeeOther)
}
