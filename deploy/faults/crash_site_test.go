package faults_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/deploy/lab"
)

const (
	day = 24 * time.Hour
	// id is that of the certificate that all is about.
	id = "www_example_test"
)

// names are the certificate's.
func names() []string { return []string{"www.example.test", "b.example.test"} }

// site is what wCME deals with: a CA with something between, visitors, a mail
// server, and the clock that all go by. One host after the other is killed there.
type site struct {
	programs lab.Programs
	clock    *lab.Clock
	pebble   *lab.Pebble
	between  *lab.Between
	mail     *lab.MailServer
	web      *front
	served   string // address of the TLS server
	// before is a directory with a host as it is before the kill, see host.dir.
	before string
	key    string // sum of the account's key; "" while there is none
}

// newSite sets it up, and a host that has no account yet.
func newSite(t *testing.T, delivered bool) *site {
	t.Helper()
	clock := lab.NewClock(t)
	s := &site{clock: clock, programs: crashable(t, clock), web: new(front), before: filepath.Join(lab.TempDir(t), "before")}
	http01 := listen(t)
	dir := filepath.Dir(s.before)
	s.pebble = lab.MustPebble(t, s.programs, lab.PebbleOptions{Dir: dir, HTTPPort: http01.Addr().(*net.TCPAddr).Port,
		Profiles: map[string]time.Duration{"classic": 90 * day}})
	s.between = lab.MustBetween(t, s.pebble)
	s.mail = lab.MustMailServer(t, lab.MailServerOptions{})
	serve(t, http01, s.web)
	s.serveTLS(t)
	h := &host{T: t, site: s, dir: s.before, delivered: delivered}
	if err := os.Mkdir(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"combined", "split", "plain", "loads"} {
		if err := os.Mkdir(filepath.Join(h.dir, target), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.run("setup", "--web-user", "")
	h.configure()
	return s
}

// registered makes the account.
func (s *site) registered(t *testing.T) *site {
	t.Helper()
	h := &host{T: t, site: s, dir: s.before}
	h.run("register")
	s.key = h.accountKey()
	return s
}

// obtained obtains the certificate.
func (s *site) obtained(t *testing.T) *site {
	t.Helper()
	s.web.serve(s.before)
	h := &host{T: t, site: s, dir: s.before}
	h.run("certify", strings.Join(names(), ","))
	return s
}

// aged is obtained, and old enough to be renewed.
func (s *site) aged(t *testing.T) *site {
	t.Helper()
	s.obtained(t)
	s.clock.Advance(75 * day)
	return s
}

// host is a copy of the one that was prepared, to be killed once.
type host struct {
	*testing.T
	*site
	dir string // state/ is the state directory; combined/, split/ and plain/ are targets
	// delivered says that there are targets, a load action and visitors.
	delivered bool
	mark      mark
	key       string       // sum of the account's key
	old       string       // serial of the certificate before; "" for none
	crashes   int          // of an overseer
	marked    bool         // one of them had noted that it runs, for the next one to see
	cut       lab.Class    // of the one request that did not get through; "" for none
	sampler   *lab.Sampler // of what is always a pair
	plain     *lab.Sampler // of the target where it may not be
}

// mark is how far the site was when the host came.
type mark struct {
	requests, mails, pebble int
}

func (s *site) newHost(t *testing.T, delivered bool) *host {
	t.Helper()
	h := &host{T: t, site: s, dir: filepath.Join(lab.TempDir(t), "host"), delivered: delivered}
	if output, err := exec.Command("cp", "-a", s.before, h.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	h.configure()
	h.web.serve(h.dir)
	h.key = s.key
	h.mark = mark{len(s.between.Requests()), len(s.mail.Messages()), len(s.pebble.Log())}
	return h
}

func (h *host) root() string { return filepath.Join(h.dir, "state") }

// path is that of a file of the host.
func (h *host) path(elements ...string) string {
	return filepath.Join(append([]string{h.dir}, elements...)...)
}

func (h *host) command(args ...string) *exec.Cmd {
	return h.programs.Command(h.Context(), h.root(), args[0], args[1:]...)
}

// run runs a verb that must succeed, and returns what it said.
func (h *host) run(args ...string) string {
	h.Helper()
	output, err := h.command(args...).CombinedOutput()
	if err != nil {
		h.Fatalf("wcme %q: %v\n%s", args, err, output)
	}
	return string(output)
}

// configure writes the configuration, and the load action.
func (h *host) configure() {
	h.Helper()
	text := fmt.Sprintf(`
ca = "lab"
accept_terms = true
[authority.lab]
directory = %q
roots = %q
[renew]
jitter = "0s"
[report]
mail = ["admin@example.test"]
server = %q
tls = "none"
opcom = ["none"]
`, h.between.Directory, h.between.Roots, h.mail.Address)
	if h.delivered {
		text += fmt.Sprintf(`
[[install]]
name = "combined"
dir = %q
mode = "0640"
[[install]]
name = "split"
dir = %q
format = "split"
[[install]]
name = "plain"
dir = %q
format = "split"
links = false
[[load]]
name = "servers"
run = ["/bin/sh", %q, %q]
[verify]
probe = [%q]
`, h.path("combined"), h.path("split"), h.path("plain"), h.path("load.sh"), h.dir, h.served)
	}
	err := errors.Join(
		os.WriteFile(h.path("state", "etc", "wcme.toml"), []byte(text), 0o600),
		os.WriteFile(h.path("load.sh"), []byte(load), 0o644))
	if err != nil {
		h.Fatal(err)
	}
}

// load is the load action: it notes when it begins and when it has done, and copies
// what it finds in the targets, as a server reads it. In a directory with a file
// "block" it stays, once, and notes who it is.
const load = `cd "$1" || exit 1
echo began >>loads.log
if mv block blocked 2>/dev/null; then
	echo $$ >blocked.pid.new && mv blocked.pid.new blocked.pid
	while :; do sleep 0.05; done
fi
if [ -e blocked.pid ] && grep -q '^State:.[^ZX]' "/proc/$(cat blocked.pid)/status" 2>/dev/null; then echo beside >>loads.log; fi
copy=$(mktemp -d loads/XXXXXXXX) && cp -L split/*.pem "$copy/" && mkdir "$copy/plain" && cp plain/*.pem "$copy/plain/" || exit 1
cp "combined/fullchain_` + id + `.pem" loaded.new && mv loaded.new loaded.pem || exit 1
echo done >>loads.log
`

// front is a web server that answers challenges from the www of the host that is
// there, and, by TLS, with what that host has loaded.
type front struct {
	mu    sync.Mutex
	dir   string
	visit func() // called at the next handshake
}

// serve makes it the server of a host.
func (f *front) serve(dir string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dir, f.visit = dir, nil
}

// onVisit has f called at the next handshake, before it is answered.
func (f *front) onVisit(visit func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.visit = visit
}

func (f *front) now() (dir string, visit func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, visit, f.visit = f.dir, f.visit, nil
	return dir, visit
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	dir := f.dir
	f.mu.Unlock()
	http.StripPrefix("/.well-known/acme-challenge/", http.FileServer(http.Dir(filepath.Join(dir, "state", "www")))).ServeHTTP(w, r)
}

// certificate is what the server shows.
func (f *front) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	dir, visit := f.now()
	if visit != nil {
		visit()
	}
	path := filepath.Join(dir, "loaded.pem")
	pair, err := tls.LoadX509KeyPair(path, path)
	return &pair, err
}

func (s *site) serveTLS(t *testing.T) {
	t.Helper()
	listener := listen(t)
	s.served = listener.Addr().String()
	serve(t, tls.NewListener(listener, &tls.Config{GetCertificate: s.web.certificate}), http.NotFoundHandler())
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", lab.Loopback(0))
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// serve serves until the test ends.
func serve(t *testing.T, listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ErrorLog: quiet()}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}
