// Command standard is a FastCGI responder on net/http/fcgi that answers a pending
// http-01 challenge and does nothing else: what the script is measured against as
// a daemon. It serves on descriptor 0.
package main

import (
	"net/http"
	"net/http/fcgi"
	"os"
	"path"
	"path/filepath"
)

func main() {
	www := filepath.Join(os.Getenv("WCME_ROOT"), "www")
	err := fcgi.Serve(nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(filepath.Join(www, path.Base(r.URL.Path)))
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Write(text)
	}))
	if err != nil {
		os.Exit(1)
	}
}
