package hook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/hook"
	"wcme/deploy/lab"
)

// api is a server that answers with what it was asked, and keeps the headers.
type api struct {
	*httptest.Server

	mu      sync.Mutex
	headers []http.Header
}

func serveAPI(t *testing.T) *api {
	a := new(api)
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.headers = append(a.headers, r.Header)
		a.mu.Unlock()
		w.Header().Set("X-Answer", "yes")
		if r.URL.Path == "/redirect" {
			w.Header().Set("Location", "/g")
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, "moved")
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), body)
	}))
	t.Cleanup(a.Close)
	return a
}

// dnsapi is the hook of a script in testdata, copied to where only we can change it.
func dnsapi(t *testing.T, name string) hook.Hook {
	t.Helper()
	dir := place(t)
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return hook.Hook{Name: "test", Protocol: hook.ACMESh, Args: []string{filepath.Join(dir, name)}, Settings: filepath.Join(dir, "settings")}
}

// closed is a port that nothing listens on.
func closed(t *testing.T) string {
	t.Helper()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(port)
}

// TestHelpersOfDNSAPI runs a script that uses each of them.
func TestHelpersOfDNSAPI(t *testing.T) {
	server := serveAPI(t)
	h := dnsapi(t, "dns_every.sh")
	h.Env = map[string]string{"EVERY_URL": server.URL, "EVERY_SECRET": `hu"sh\1`, "EVERY_KEPT": "", "EVERY_CLOSED": closed(t)}
	for _, kept := range []string{"", `va'l"ue $(x) \n`} { // the second call finds what the first one has saved
		h.Env["EVERY_KEPT"] = kept
		runner, steps := telling()
		begun, err := runner.Begin(t.Context(), h, challenge(acmecore.DNS01, "*.example.org"))
		said := strings.Join(*steps, "\n")
		if !begun || err != nil || strings.Contains(said, "WRONG") || strings.Contains(said, "hu\"sh") {
			t.Errorf("got %v and %v:\n%s", begun, err, said)
		}
		for _, want := range []string{
			"hook test runs " + h.Args[0] + " dns_every_add _acme-challenge.example.org " + digest,
			"hook test says: added at _acme-challenge.example.org: " + digest + ", with 2 words",
			"hook test says: the secret is='…'",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is missing in\n%s", want, said)
			}
		}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	for _, header := range server.headers {
		if header.Get("Authorization") != `Bearer hu"sh\1` || header.Get("X-Quoted") != `q"\q` || header.Get("User-Agent") != "wcme" {
			t.Errorf("the API got %q", header)
		}
	}
	if len(server.headers) < 8 {
		t.Errorf("the API was asked %d times", len(server.headers))
	}
	settings, err := os.ReadFile(h.Settings)
	if err != nil || !strings.Contains(string(settings), "SAVED_Every_Key='__ACME_BASE64__START_") || strings.Contains(string(settings), "Every_Plain") {
		t.Errorf("got %v and\n%s", err, settings)
	}
	if info, err := os.Stat(h.Settings); err != nil || info.Mode() != 0o600 {
		t.Errorf("the settings have the mode %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(h.Settings + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestHelpersInOtherShells does so with the other shells that there are: hosts have
// different ones as /bin/sh.
func TestHelpersInOtherShells(t *testing.T) {
	server := serveAPI(t)
	for _, shell := range [][]string{{"dash"}, {"bash", "--posix"}, {"busybox", "sh"}} {
		t.Run(shell[0], func(t *testing.T) {
			program, err := exec.LookPath(shell[0])
			if err != nil {
				t.Fatalf("install %s: %v", shell[0], err)
			}
			h := dnsapi(t, "dns_every.sh")
			text, err := os.ReadFile("acmesh.sh")
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, append(shell[1:], "-c", string(text), "acme.sh", h.Args[0], "dns_every_add", "_acme-challenge.example.org", digest)...)
			cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "ACCOUNT_CONF_PATH=" + h.Settings, "EVERY_URL=" + server.URL, "EVERY_SECRET=x", "EVERY_KEPT=",
				"EVERY_CLOSED=" + closed(t)}
			said, err := cmd.CombinedOutput()
			if err != nil || strings.Contains(string(said), "WRONG") || !strings.Contains(string(said), "added at ") {
				t.Errorf("got %v:\n%s", err, said)
			}
		})
	}
}

func TestScriptsOfDNSAPIThatFail(t *testing.T) {
	for _, c := range []struct{ name, text, says string }{
		{"a function that fails", "dns_x_add() { _err 'no zone'; }\n", "it ended with status 1: no zone"},
		{"no such function", "dns_y_add() { :; }\n", "it ended with status 127: "},
		{"no shell script", "(\n", "it ended with status 2: "},
		{"a value that is no code", "dns_x_add() { _err \"$2\"; $2; }\n", "it ended with status 127"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := place(t)
			if err := os.WriteFile(dir+"/dns_x.sh", []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			h := hook.Hook{Name: "test", Protocol: hook.ACMESh, Args: []string{dir + "/dns_x.sh"}}
			begun, err := new(hook.Runner).Begin(t.Context(), h, challenge(acmecore.DNS01, "example.org"))
			if !begun || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v and %v, want %q", begun, err, c.says)
			}
		})
	}
}
