package apache_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

// serveCGIBin is what Debian's serve-cgi-bin.conf says, which is read before
// wcme.conf and maps both programs of the script.
const serveCGIBin = `
ScriptAlias /cgi-bin/ "$BIN/"
<Directory "$BIN">
    AllowOverride None
    Options +ExecCGI -MultiViews +SymLinksIfOwnerMatch
    Require all granted
</Directory>
`

func TestBesideDebiansScriptDirectory(t *testing.T) {
	t.Parallel()
	host := front.NewHost(t)
	beside := modes()[0]
	beside.before = serveCGIBin
	server := start(t, host, beside, "")
	for _, row := range []struct {
		path string
		want int
	}{
		{"/cgi-bin/wcme/admin/list", http.StatusForbidden},                // by Apache: not over https
		{"/cgi-bin/wcme-pages/admin/list", http.StatusServiceUnavailable}, // by wCME: no overseer says who is signed in
	} {
		got, body := get(t, server, row.path)
		if got != row.want || strings.Contains(body, front.Listed) {
			t.Errorf("%s: got %d and %q, want %d and no list", row.path, got, body, row.want)
		}
	}
}

// get asks over http, with the password.
func get(t *testing.T, server *lab.Server, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+lab.Loopback(server.Ports[0])+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(front.User, front.Password)
	return lab.MustFetch(t, request)
}

// absent is what wCME says of a challenge that is not pending.
const absent = "Challenge received but no such file or directory.\n"

// TestBesideProxyPass is what the README says of virtual hosts that pass all on.
func TestBesideProxyPass(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			host := front.NewHost(t)
			socket, except := "", "ProxyPass /.well-known/acme-challenge !\n"
			if mode.fastCGI != nil {
				socket = mode.fastCGI(host)
			}
			if own := lineOf(t, mode.file, `ProxyPass "/.well-known/acme-challenge"`); own != "" {
				except = own
			}
			mode.within = except + "ProxyPass / http://127.0.0.1:1/\n"
			if !slices.Contains(mode.modules, "proxy") {
				mode.modules = append(mode.modules, "proxy")
			}
			mode.modules = append(mode.modules, "proxy_http")
			server := start(t, host, mode, socket)
			if got, body := get(t, server, "/"); got != http.StatusServiceUnavailable { // of a server that is not there
				t.Errorf("/: got %d and %q, want 503", got, body)
			}
			if _, got := get(t, server, challengePath+"x"); got != absent {
				t.Errorf("challenge: got %q, want %q", got, absent)
			}
		})
	}
}

// lineOf returns the line of the file that begins so, and "" where there is none.
func lineOf(t *testing.T, file, begin string) string {
	t.Helper()
	for line := range strings.Lines(directives(t, file)) {
		if strings.HasPrefix(line, begin) {
			return line
		}
	}
	return ""
}

// TestModulesAreMissed: a file without its modules is no working configuration,
// least of all one that sends the program itself.
func TestModulesAreMissed(t *testing.T) {
	t.Parallel()
	host := front.NewHost(t)
	for _, mode := range modes() {
		if mode.fastCGI == nil {
			continue
		}
		mode.modules = []string{"mpm_event", "ssl", "auth_basic"}
		_, err := lab.StartServer(t.Context(), options(t, host, mode, "/nowhere"))
		if err == nil || !strings.Contains(err.Error(), mode.file) {
			t.Errorf("%s: got %v, want that apache2 -t complains about it", mode.file, err)
		}
	}
}

// TestModCGIFile: the two files differ in how to set them up, and in nothing else.
func TestModCGIFile(t *testing.T) {
	got, want := directives(t, "wcme-cgi.conf"), directives(t, "wcme.conf")
	if got != want {
		t.Errorf("wcme-cgi.conf says\n%s\nwant what wcme.conf says:\n%s", got, want)
	}
}

// directives are the lines of a file that are no comments.
func directives(t *testing.T, file string) (lines string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if plain := strings.TrimSpace(line); plain != "" && plain[0] != '#' {
			lines += line
		}
	}
	return lines
}
