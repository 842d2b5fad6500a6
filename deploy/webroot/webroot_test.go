// Package webroot_test has real web servers serve challenges as plain files, each
// by the recipe of this directory as it is, to a real certification authority.
package webroot_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

const challengePath = "/.well-known/acme-challenge/"

// host is a machine with a web server and no script.
type host struct {
	testing.TB
	dir, root string
	programs  lab.Programs
	port      int    // of the web server
	served    string // the directory that it serves challenges from
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{TB: t, dir: lab.TempDir(t), programs: lab.MustInstall(t)}
	h.root = filepath.Join(h.dir, "state")
	h.served = filepath.Join(h.root, "www")
	h.wcme("setup", "--web-user", "")
	return h
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*host){
		"nginx":    (*host).startNginx,
		"Apache":   (*host).startApache,
		"lighttpd": (*host).startLighttpd,
		"busybox":  (*host).startBusybox,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			start(h)
			h.configure()
			h.wcme("register")
			h.wcme("certify", "www.example.test,b.example.test,c.example.test")
			h.checkNothingLeft()
			h.checkServesTokensAlone(name)
		})
	}
}

// configure has the overseer publish settings for the script, which are nobody
// else's business.
func (h *host) configure() {
	h.Helper()
	pebble := lab.MustPebble(h, h.programs, lab.PebbleOptions{Dir: h.dir, HTTPPort: h.port})
	roots, err := os.ReadFile(pebble.Roots)
	if err != nil {
		h.Fatal(err)
	}
	webroot := ""
	if h.served != filepath.Join(h.root, "www") {
		webroot = fmt.Sprintf("webroot = [%q]\n", h.served)
	}
	h.write("state/etc/wcme.toml", fmt.Sprintf(`ca = "lab"
accept_terms = true

[challenge]
fallback = [%q]
%s
[authority.lab]
directory = %q
roots = %q
`, filepath.Join(h.dir, "another-client"), webroot, pebble.Directory, h.write("roots.pem", string(roots))))
}

func (h *host) checkNothingLeft() {
	h.Helper()
	for _, dir := range []string{h.served, filepath.Join(h.root, "www")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			h.Fatal(err)
		}
		for _, entry := range entries {
			if entry.Name() != ".wcme.json" {
				h.Errorf("left behind: %s", filepath.Join(dir, entry.Name()))
			}
		}
	}
}

// checkServesTokensAlone puts a challenge, and what is none, where the server looks.
func (h *host) checkServesTokensAlone(server string) {
	h.Helper()
	token, text := strings.Repeat("t", 43), strings.Repeat("t", 43)+"."+strings.Repeat("k", 43)
	h.put(token, text)
	response, body := h.get(challengePath + token)
	if response.StatusCode != http.StatusOK || body != text {
		h.Errorf("pending challenge: got %s, %q", response.Status, body)
	}
	// busybox knows types by extensions only, and no CA looks at it.
	if got := response.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain") && server != "busybox" {
		h.Errorf("pending challenge: Content-Type: got %q", got)
	}
	if _, err := os.Stat(filepath.Join(h.root, "www", ".wcme.json")); err != nil {
		h.Fatal(err) // then the line below would prove nothing
	}
	link := strings.Repeat("l", 43)
	if err := os.Symlink("/etc/passwd", filepath.Join(h.served, link)); err != nil {
		h.Fatal(err)
	}
	h.checkNotServed(".wcme.json", strings.Repeat("u", 43), "..%2fetc%2fwcme.toml", "../../etc/passwd")
	if server == "busybox" { // which has a directory of its own, with tokens alone in it
		return
	}
	h.put("index.html", "secret")
	h.put("."+token+"123", "secret")
	h.checkNotServed("", "index.html", "."+token+"123", link)
}

func (h *host) checkNotServed(names ...string) {
	h.Helper()
	for _, name := range names {
		response, body := h.get(challengePath + name)
		shown := strings.Contains(body, "secret") || strings.Contains(body, "fallback") || strings.Contains(body, "root:")
		if response.StatusCode < 400 || shown {
			h.Errorf("%q: got %s, %q", name, response.Status, body)
		}
	}
}

func (h *host) put(name, text string) {
	h.Helper()
	if err := os.WriteFile(filepath.Join(h.served, name), []byte(text), 0o644); err != nil {
		h.Fatal(err)
	}
}

// write makes a file below the host's directory that everybody can read.
func (h *host) write(name, text string) string {
	h.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.Fatal(err)
	}
	return path
}

// wcme runs a verb, which must succeed.
func (h *host) wcme(verb string, args ...string) {
	h.Helper()
	if output, err := h.programs.Command(h.Context(), h.root, verb, args...).CombinedOutput(); err != nil {
		h.Fatalf("wcme %s: %v\n%s", verb, err, output)
	}
}

func (h *host) get(path string) (*http.Response, string) {
	h.Helper()
	response, err := http.Get("http://" + lab.Loopback(h.port) + path)
	if err != nil {
		h.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.Fatal(err)
	}
	return response, string(body)
}
