package lighttpd_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

const challengePath = "/.well-known/acme-challenge/"

// testClosedHost asks the host of testdata/lighttpd.conf.template that is closed to
// everyone: the authority gets its answer there too.
func testClosedHost(t *testing.T, h *front.Host, server *lab.Server) {
	t.Helper()
	token := "lighttpd" + strings.Repeat("L", 35)
	authorization := token + "." + strings.Repeat("T", 43)
	if err := os.WriteFile(filepath.Join(h.Root, "www", token), []byte(authorization), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		path   string
		status int
		body   string
	}{
		{challengePath + token, http.StatusOK, authorization},
		{challengePath + "unknown.inc", http.StatusNotFound, "Challenge received but no such file or directory.\n"},
		{"/.well-known/acme-challenges", http.StatusForbidden, ""},
	} {
		status, body := get(t, server, row.path)
		if status != row.status || row.body != "" && body != row.body {
			t.Errorf("%s of a closed host: got %d and %q, want %d and %q", row.path, status, body, row.status, row.body)
		}
	}
}

// get asks the first port for a path of the closed host.
func get(t *testing.T, server *lab.Server, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+lab.Loopback(server.Ports[0])+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "closed.example.test"
	return lab.MustFetch(t, request)
}
