package web

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
)

// The addresses, below the mount point. Those of a section stand in its file.
const (
	challengePath = "/.well-known/acme-challenge" // RFC 8555 section 8.3
	adminPath     = "/admin"
	staticPath    = adminPath + "/static"
)

// page is an address below adminPath.
type page struct {
	path string
	role acmecore.Role // that it takes; "" for none: it is shown to everybody
	get  http.HandlerFunc
	post http.HandlerFunc // whatever acts; nil for a page that is only looked at
}

// pages are all of them, section by section.
func (s Site) pages() []page {
	return slices.Concat(s.listPages(), s.certificatePages(), s.certifyPages(), s.jobPages(), s.checkPages(),
		s.logPages(), s.statusPages(), s.accountPages())
}

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
	read(r, staticPath+"/{name}", s.static)
	for _, page := range s.pages() {
		read(r, page.path, s.needing(page.role, page.get))
		if page.post != nil {
			r.Post(page.path, s.needing(page.role, page.post))
		}
	}
	return r
}

// read adds an address that is only looked at.
func read(r chi.Router, path string, handler http.HandlerFunc) {
	r.Get(path, handler)
	r.Head(path, handler)
}

// needing shows a page to those who have the role.
func (s Site) needing(role acmecore.Role, page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if role != "" && !admissionFrom(r.Context()).Role.May(role) {
			s.refuseRole(w, r, role)
			return
		}
		page(w, r)
	}
}

// first sends a visitor to the first page.
func (s Site) first(w http.ResponseWriter, r *http.Request) { s.goTo(w, r, listPath) }

// goTo sends a visitor to one of our own pages (RFC 9110 section 15.4.4): after a form
// was taken, so that reloading sends nothing twice.
func (s Site) goTo(w http.ResponseWriter, r *http.Request, path string) {
	SetHeaders(w.Header())
	w.Header().Set("Location", VisitorFrom(r.Context()).link(path))
	w.WriteHeader(http.StatusSeeOther)
}
