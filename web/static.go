package web

import (
	"net/http"
	"path"

	"wcme/static"
)

// forever lets a browser keep a file for a year without asking again (RFC 8246):
// its address changes with its content.
const forever = "public, max-age=31536000, immutable"

func (s Site) static(w http.ResponseWriter, r *http.Request) {
	content, mediaType, found := static.Lookup(path.Base(r.URL.Path))
	if !found {
		s.notFound(w, r)
		return
	}
	SetHeaders(w.Header())
	w.Header().Set("Cache-Control", forever)
	w.Header().Set("Content-Type", mediaType)
	w.Write(content)
}
