// Package standalone_test has wCME answer the challenges of a real certification
// authority itself, on a host without a web server.
package standalone_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// host is a machine without a web server.
type host struct {
	testing.TB
	dir, root string
	programs  lab.Programs
	port      int // where the CA looks for answers over HTTP
	tls       int // and by TLS
	pebble    *lab.Pebble
}

// newHost sets everything up but [challenge]: options is what its table has, with
// PORT and TLS in it, where the CA looks.
func newHost(t *testing.T, ca lab.PebbleOptions, options string) *host {
	t.Helper()
	h := found(t, ca)
	h.configure(h.pebble.Directory, options)
	return h
}

// pending is the first challenge that the CA is to be told of: it is answered, and the CA
// hears of it when the test lets it.
type pending struct {
	*host
	reached chan struct{} // closed when the host tells of it
	pass    chan bool     // whether the CA hears of it; otherwise the connection is cut
}

// newPending is newHost with such a challenge.
func newPending(t *testing.T, options string) *pending {
	t.Helper()
	p := &pending{host: found(t, lab.PebbleOptions{}), reached: make(chan struct{}), pass: make(chan bool, 1)}
	between := lab.MustBetween(t, p.pebble)
	between.Before(lab.ClassChallenge, 1, func() bool {
		close(p.reached)
		return <-p.pass
	})
	t.Cleanup(func() { close(p.pass) })
	p.configure(between.Directory, options)
	return p
}

// awaitReached returns when the challenge is pending.
func (p *pending) awaitReached() {
	p.Helper()
	select {
	case <-p.reached:
	case <-time.After(time.Minute):
		p.Fatal("the CA is not told of a challenge")
	}
}

func found(t *testing.T, ca lab.PebbleOptions) *host {
	t.Helper()
	h := &host{TB: t, dir: lab.TempDir(t), programs: lab.MustBuild(t)}
	h.root = filepath.Join(h.dir, "state")
	ports, err := lab.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	h.port, h.tls = ports[0], ports[1]
	ca.Dir, ca.HTTPPort, ca.TLSPort = h.dir, h.port, cmp.Or(ca.TLSPort, h.tls)
	h.pebble = lab.MustPebble(t, h.programs, ca)
	return h
}

// configure sets the state directory up, and registers at the CA.
func (h *host) configure(directory, options string) {
	h.Helper()
	h.wcme("setup", "--web-user", "")
	text := fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[challenge]\n%s\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		strings.NewReplacer("PORT", strconv.Itoa(h.port), "TLS", strconv.Itoa(h.tls)).Replace(options), directory, h.pebble.Roots)
	if err := os.WriteFile(filepath.Join(h.root, "etc", "wcme.toml"), []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
	h.wcme("register")
}

// wcme runs a verb, which must succeed, and returns what it said.
func (h *host) wcme(verb string, args ...string) string {
	h.Helper()
	output, err := h.programs.Command(h.Context(), h.root, verb, args...).CombinedOutput()
	if err != nil {
		h.Fatalf("wcme %s: %v\n%s", verb, err, output)
	}
	return string(output)
}

// begin starts a verb, and returns when it has said so.
func (h *host) begin(until, verb string, args ...string) *lab.Process {
	h.Helper()
	log := filepath.Join(h.dir, verb+strings.Join(args, "_")+".log")
	process, err := lab.Start(log, h.programs.Command(h.Context(), h.root, verb, args...))
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		if err := process.Stop(); err != nil {
			h.Error(err)
		}
	})
	h.await(func() error {
		if !strings.Contains(process.Log(), until) {
			return fmt.Errorf("wcme %s has not said %q:\n%s", verb, until, process.Log())
		}
		return nil
	})
	return process
}

// await calls the function until it returns no error, for a time.
func (h *host) await(ready func() error) {
	h.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			h.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (h *host) awaitEnd(process *lab.Process) {
	h.Helper()
	select {
	case <-process.Done():
	case <-time.After(2 * time.Minute):
		h.Fatal("it does not end")
	}
}

// bound tells whether somebody has the port.
func (h *host) bound(address string) bool {
	h.Helper()
	return h.answers(net.JoinHostPort(address, strconv.Itoa(h.port)))
}

// answers tells whether somebody listens there.
func (h *host) answers(address string) bool {
	h.Helper()
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
		return true
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		h.Errorf("dial: got %v, want that the connection is refused", err)
	}
	return false
}

func (h *host) checkBound(want bool, when string) {
	h.Helper()
	if got := h.bound("127.0.0.1"); got != want {
		h.Errorf("%s: bound: got %v, want %v", when, got, want)
	}
}

func (h *host) checkCertificate(names ...string) {
	h.Helper()
	root, err := h.pebble.IssuingRoot(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	id := strings.NewReplacer("::1", "0__1", ".", "_").Replace(names[0])
	file := filepath.Join(h.root, "ssl", "fullchain_"+id+".pem")
	if _, err := lab.CheckChain(file, root, names...); err != nil {
		h.Error(err)
	}
}

func TestPortIsBoundWhileAChallengeIsPending(t *testing.T) {
	t.Parallel()
	for what, overseer := range map[string]bool{"by the verb itself": false, "by the overseer": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := newPending(t, `listen = "127.0.0.1:PORT"`)
			if overseer {
				lab.MustOverseer(t, h.programs, h.root)
			}
			h.checkBound(false, "before")
			run := h.begin("published", "certify", "www.example.test")
			h.awaitReached()
			h.checkBound(true, "while it is pending")
			h.pass <- true
			h.awaitEnd(run)
			h.checkBound(false, "after")
			h.checkCertificate("www.example.test")
		})
	}
}

// TestOrdersAtOnce: the first that ends does not take the port from the other one.
func TestOrdersAtOnce(t *testing.T) {
	t.Parallel()
	h := newHost(t, lab.PebbleOptions{SlowChallenge: true}, `listen = "127.0.0.1:PORT"`)
	overseer := lab.MustOverseer(t, h.programs, h.root)
	names := []string{"a.example.test", "b.example.test", "c.example.test", "d.example.test"}
	var orders sync.WaitGroup
	for _, name := range names {
		orders.Go(func() {
			output, err := h.programs.Command(h.Context(), h.root, "certify", name).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, output)
			}
		})
	}
	orders.Wait()
	for _, name := range names {
		h.checkCertificate(name)
	}
	h.checkBound(false, "after")
	if log := overseer.Log(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") {
		t.Errorf("the overseer complains:\n%s", log)
	}
}

// TestIPv6 has the CA, and so everybody, know the host by an IPv6 address only.
func TestIPv6(t *testing.T) {
	t.Parallel()
	for what, listen := range map[string]string{"every address": ":PORT", "IPv6 alone": "[::1]:PORT"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, lab.PebbleOptions{}, fmt.Sprintf("listen = %q", listen))
			err := errors.Join(
				h.pebble.Names.Manage(t.Context(), "/set-default-ipv4", map[string]any{"ip": ""}),
				h.pebble.Names.Manage(t.Context(), "/add-aaaa", map[string]any{"host": "www.example.test", "addresses": []string{"::1"}}))
			if err != nil {
				t.Fatal(err)
			}
			h.wcme("certify", "www.example.test")
			h.checkCertificate("www.example.test")
		})
	}
}

// TestOverseerKilledWhileBound: the next one has the port, and goes on.
func TestOverseerKilledWhileBound(t *testing.T) {
	t.Parallel()
	h := newPending(t, `listen = "127.0.0.1:PORT"`)
	overseer := h.begin("overseer started", "overseer")
	run := h.begin("published", "certify", "www.example.test")
	h.awaitReached()
	h.checkBound(true, "before it is killed")
	if err := syscall.Kill(overseer.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	h.awaitEnd(overseer)
	h.pass <- false
	h.awaitEnd(run)
	h.checkBound(false, "after it is killed")
	lab.MustOverseer(t, h.programs, h.root)
	h.checkBound(false, "after the next one has started")
	h.wcme("certify", "www.example.test")
	h.checkCertificate("www.example.test")
	h.checkBound(false, "at the end")
}

// TestSocketFromSystemd has the real systemd-socket-activate open the port and
// start the overseer at the first connection.
func TestSocketFromSystemd(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		t.Fatalf("%v (Debian's package systemd; `make test` as root installs it)", err)
	}
	h := newHost(t, lab.PebbleOptions{}, "redirect = true")
	log := filepath.Join(h.dir, "activate.log")
	wcme := h.programs.Command(t.Context(), h.root, "overseer")
	cmd := exec.Command(program, append([]string{"-l", lab.Loopback(h.port), "-E", "WCME_TEST"}, wcme.Args...)...)
	cmd.Env = wcme.Env
	process, err := lab.Start(log, cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(process.Log())
		}
	})
	h.await(func() error {
		if !h.bound("127.0.0.1") {
			return errors.New("systemd-socket-activate does not listen")
		}
		return nil
	})
	h.await(func() error { // the connections so far have started it
		if !strings.Contains(process.Log(), "overseer started") {
			return errors.New("no overseer was started: " + process.Log())
		}
		return nil
	})
	h.wcme("certify", "www.example.test,b.example.test")
	h.checkCertificate("www.example.test", "b.example.test")
	h.checkRedirect()
	if !strings.Contains(process.Log(), "from systemd") {
		t.Errorf("the overseer's log does not tell of the socket:\n%s", process.Log())
	}
}

// checkRedirect asks for a page that is not there.
func (h *host) checkRedirect() {
	h.Helper()
	request, err := http.NewRequestWithContext(h.Context(), http.MethodGet, "http://"+lab.Loopback(h.port)+"/a?b=c", nil)
	if err != nil {
		h.Fatal(err)
	}
	request.Host = "www.example.test"
	response, err := new(http.Transport).RoundTrip(request)
	if err != nil {
		h.Fatal(err)
	}
	defer response.Body.Close()
	if got, want := response.Header.Get("Location"), "https://www.example.test/a?b=c"; got != want {
		h.Errorf("redirection: got %s, %q; want %q", response.Status, got, want)
	}
}

// TestUnits has systemd itself read the units of this directory.
func TestUnits(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	units := filepath.Join(dir, "wcme-overseer.service.d")
	if err := os.Mkdir(units, 0o755); err != nil {
		t.Fatal(err)
	}
	service := "[Service]\nExecStart=/bin/true\n"
	for path, text := range map[string]string{
		filepath.Join(dir, "wcme-challenge.socket"):     read(t, "wcme-challenge.socket"),
		filepath.Join(dir, "wcme-challenge-tls.socket"): read(t, "wcme-challenge-tls.socket"),
		filepath.Join(units, "standalone.conf"):         read(t, "standalone.conf"),
		filepath.Join(dir, "wcme-overseer.service"):     service,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("systemd-analyze", "verify", "--recursive-errors=no",
		filepath.Join(dir, "wcme-challenge.socket"), filepath.Join(dir, "wcme-challenge-tls.socket"), filepath.Join(dir, "wcme-overseer.service"))
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
	output, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(output, []byte(dir)) {
		t.Errorf("systemd-analyze: %v\n%s", err, output)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
