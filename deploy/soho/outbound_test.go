package soho_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// farHost is this machine as inet_aton(3) reads it: the proxy's C library knows
// it, and Go's does not. So it is a name that the proxy alone can reach.
const farHost = "127.1"

const (
	proxyUser     = "wcme"
	proxyPassword = "correct-horse"
)

// far is a CA that only a proxy leads to, and a host that wants a certificate.
type far struct {
	pebble           *lab.Pebble
	programs         lab.Programs
	directory, roots string
	port             int // of the directory
}

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{programs: lab.MustBuild(t)}
	f.pebble = lab.MustPebble(t, f.programs, lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: 80, AlwaysValid: true})
	f.directory, f.roots = gate(t, f.pebble, "127.0.0.1:0", farHost)
	_, port, err := net.SplitHostPort(strings.Split(f.directory, "/")[2])
	if err != nil {
		t.Fatal(err)
	}
	if f.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return f
}

// newHost returns a state directory whose configuration begins with settings.
func (f *far) newHost(t *testing.T, settings string) *host {
	t.Helper()
	h := &host{dir: lab.TempDir(t), programs: f.programs}
	h.root = filepath.Join(h.dir, "state")
	run(t, h.programs, h.root, "setup")
	h.configure(t, f.directory, f.roots, settings)
	return h
}

func (f *far) proxy(t *testing.T, o lab.TinyproxyOptions) *lab.Tinyproxy {
	t.Helper()
	o.Dir = lab.TempDir(t)
	return lab.MustTinyproxy(t, o)
}

// withPassword is the URL of a proxy with its user.
func withPassword(proxy *lab.Tinyproxy, password string) string {
	return "http://" + proxyUser + ":" + password + "@" + proxy.Address
}

// TestOutbound registers and certifies through a proxy, which is the only way.
func TestOutbound(t *testing.T) {
	f := newFar(t)
	proxy := f.proxy(t, lab.TinyproxyOptions{User: proxyUser, Password: proxyPassword, ConnectPorts: []int{f.port}})
	address := withPassword(proxy, proxyPassword)
	for what, row := range map[string]struct {
		settings, own string // before the first table, and in the authority's
		environment   string // HTTPS_PROXY
		overseer      bool
	}{
		"by the configuration":             {settings: "proxy = \"" + address + "\"\n"},
		"by the authority's own":           {settings: "proxy = \"http://127.0.0.1:1\"\n", own: "proxy = \"" + address + "\"\n"},
		"by HTTPS_PROXY":                   {environment: address},
		"by HTTPS_PROXY, without a scheme": {environment: strings.TrimPrefix(address, "http://")},
		"against HTTPS_PROXY":              {settings: "proxy = \"" + address + "\"\n", environment: "http://127.0.0.1:1"},
		"in an overseer":                   {settings: "proxy = \"" + address + "\"\n", overseer: true},
		"in an overseer, by HTTPS_PROXY":   {environment: address, overseer: true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("HTTPS_PROXY", row.environment)
			t.Setenv("NO_PROXY", "")
			h := f.newHost(t, row.settings)
			h.add(t, row.own)
			if row.overseer {
				lab.MustOverseer(t, h.programs, h.root)
				t.Setenv("HTTPS_PROXY", "") // it is the overseer that goes out
			}
			before := len(f.connects(proxy))
			said := run(t, h.programs, h.root, "check", "ca")
			if want := "\nproxy:            http://" + proxy.Address + "\n"; !strings.Contains(said, want) {
				t.Errorf("check ca: got %q, want %q in it", said, want)
			}
			said += run(t, h.programs, h.root, "check", "ca", "--json") + run(t, h.programs, h.root, "config")
			h.certify(t, f.pebble)
			if got := len(f.connects(proxy)) - before; got < 4 {
				t.Errorf("the proxy was asked for %d connections, want one for each of four verbs", got)
			}
			h.mustHidePassword(t, said)
		})
	}
	for line := range strings.Lines(proxy.Log()) {
		if strings.Contains(line, "Request (") && !strings.Contains(line, "CONNECT ") {
			t.Errorf("the proxy was asked for something else: %s", line)
		}
	}
}

// add adds to the authority's table.
func (h *host) add(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(h.root, "etc", "wcme.toml")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(before)+text)
}

// connects are the lines of the proxy's log that tell of a CONNECT to the CA.
func (f *far) connects(proxy *lab.Tinyproxy) (lines []string) {
	for line := range strings.Lines(proxy.Log()) {
		if strings.Contains(line, "CONNECT "+farHost+":"+strconv.Itoa(f.port)+" ") || strings.Contains(line, "CONNECT 127.0.0.1:"+strconv.Itoa(f.port)+" ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// mustHidePassword looks in what was said, and in the logs.
func (h *host) mustHidePassword(t *testing.T, said string) {
	t.Helper()
	for _, log := range []string{h.root + ".log", filepath.Join(h.root, "log", "overseer.log")} {
		if text, err := os.ReadFile(log); err == nil { // there is none without an overseer
			said += string(text)
		}
	}
	if strings.Contains(said, proxyPassword) {
		t.Errorf("the proxy's password is shown: %s", said)
	}
}

// TestNoWayOut: every way to fail says where it failed, and what to try.
func TestNoWayOut(t *testing.T) {
	f := newFar(t)
	careful := f.proxy(t, lab.TinyproxyOptions{User: proxyUser, Password: proxyPassword})
	filtering := f.proxy(t, lab.TinyproxyOptions{Refused: []string{`^127\.`}})
	narrow := f.proxy(t, lab.TinyproxyOptions{ConnectPorts: []int{563}})
	gone := f.proxy(t, lab.TinyproxyOptions{})
	if err := gone.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTPS_PROXY", withPassword(careful, proxyPassword))
	t.Setenv("NO_PROXY", "")
	for what, row := range map[string]struct{ proxy, cause, hint string }{
		"none, where there must be one": {"none", `the name "127.1" was not found`, "is the directory's URL right"},
		"no user":                       {"http://" + careful.Address, `it answers CONNECT with "407 Proxy Authentication Required"`, "http://USER:PASSWORD@HOST:PORT"},
		"a wrong password":              {withPassword(careful, "secret"), `it answers CONNECT with "401 Unauthorized"`, "the password in the proxy's URL is wrong"},
		"a refused host":                {withPassword(filtering, "secret"), `it answers CONNECT with "403 Filtered"`, "the proxy must allow CONNECT"},
		"a refused port":                {withPassword(narrow, "secret"), `it answers CONNECT with "403 Access violation"`, "the proxy must allow CONNECT"},
		"a proxy that is gone":          {withPassword(gone, "secret"), "connection refused", "does the proxy run"},
	} {
		h := f.newHost(t, "proxy = \""+row.proxy+"\"\n")
		for _, verb := range []string{"check ca", "register"} {
			words := strings.Fields(verb)
			text, err := f.programs.Command(t.Context(), h.root, words[0], words[1:]...).CombinedOutput()
			if err == nil {
				t.Errorf("%s: %s: got no error", what, verb)
			}
			output := string(text)
			cause, hint, _ := strings.Cut(output, "\nhint: ")
			if !strings.Contains(cause, row.cause) || !strings.Contains(hint, row.hint) {
				t.Errorf("%s: %s: got %q, want %q and hint %q", what, verb, output, row.cause, row.hint)
			}
			if strings.Contains(output, "secret") || row.proxy != "none" && !strings.Contains(output, "the proxy http://127.0.0.1:") {
				t.Errorf("%s: %s: got %q, want the proxy's name, and not its password", what, verb, output)
			}
		}
	}
}
