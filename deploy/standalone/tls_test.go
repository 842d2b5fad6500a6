package standalone_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"wcme/deploy/lab"
)

// tlsAlone has the names proved by tls-alpn-01, and in no other way.
const tlsAlone = "listen_tls = \"127.0.0.1:TLS\"\nmethods = \"tls-alpn-01\""

func (h *host) checkTLS(want bool, when string) {
	h.Helper()
	if got := h.answers(lab.Loopback(h.tls)); got != want {
		h.Errorf("%s: bound: got %v, want %v", when, got, want)
	}
}

// checkSays wants the texts in what a verb has said.
func checkSays(t *testing.T, output string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("%q is not in:\n%s", text, output)
		}
	}
}

func TestTLSPortIsBoundWhileAChallengeIsPending(t *testing.T) {
	t.Parallel()
	for what, overseer := range map[string]bool{"by the verb itself": false, "by the overseer": true} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := newPending(t, tlsAlone)
			if overseer {
				lab.MustOverseer(t, h.programs, h.root)
			}
			h.checkTLS(false, "before")
			run := h.begin("published", "certify", "www.example.test")
			h.awaitReached()
			h.checkTLS(true, "while it is pending")
			h.checkBound(false, "port 80 all the while")
			h.pass <- true
			h.awaitEnd(run)
			h.checkTLS(false, "after")
			h.checkCertificate("www.example.test")
		})
	}
}

func TestSeveralNamesByTLS(t *testing.T) {
	t.Parallel()
	h := newHost(t, lab.PebbleOptions{}, tlsAlone)
	names := []string{"www.example.test", "a.example.test", "b.example.test", "c.example.test", "127.0.0.1"}
	checkSays(t, h.wcme("certify", strings.Join(names, ",")), "a.example.test  published by tls-alpn-01", "127.0.0.1  published by tls-alpn-01")
	h.checkCertificate(names...)
}

// TestAddresses are proved in either way: the CA asks for them by their reverse names
// over TLS, and as they are over HTTP.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for what, options := range map[string]string{
		"tls-alpn-01": "listen_tls = \":TLS\"\nmethods = \"tls-alpn-01\"", "http-01": "listen = \":PORT\"",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, lab.PebbleOptions{Strict: true}, options)
			for _, names := range [][]string{{"127.0.0.1"}, {"::1", "www.example.test", "127.0.0.1"}} {
				h.wcme("certify", strings.Join(names, ","))
				h.checkCertificate(names...)
			}
			list := h.wcme("list")
			checkSays(t, list, "127.0.0.1", "::1")
			checkSays(t, h.wcme("list", "--json"), `"id": "127_0_0_1"`, `"id": "0__1"`)
		})
	}
}

// TestOrdersOfTheSameNameByTLS wait for each other: a CA that asks is shown one
// certificate, which must be the one that it expects.
func TestOrdersOfTheSameNameByTLS(t *testing.T) {
	t.Parallel()
	h := newHost(t, lab.PebbleOptions{SlowChallenge: true}, tlsAlone)
	lab.MustOverseer(t, h.programs, h.root)
	orders := [][]string{{"a.example.test", "www.example.test", "shop.example.test"}, {"b.example.test", "shop.example.test", "www.example.test"}}
	var all sync.WaitGroup
	for _, names := range orders {
		all.Go(func() {
			output, err := h.programs.Command(h.Context(), h.root, "certify", strings.Join(names, ",")).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", names, err, output)
			}
		})
	}
	all.Wait()
	for _, names := range orders {
		h.checkCertificate(names...)
	}
	h.checkTLS(false, "after")
}

// TestOverseerKilledWhileItShows: the next one shows the certificate again, and goes on
// with the order.
func TestOverseerKilledWhileItShows(t *testing.T) {
	t.Parallel()
	h := newPending(t, tlsAlone)
	overseer := h.begin("overseer started", "overseer")
	run := h.begin("published", "certify", "www.example.test")
	h.awaitReached()
	h.checkTLS(true, "before it is killed")
	if err := syscall.Kill(overseer.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	h.awaitEnd(overseer)
	h.pass <- false
	h.awaitEnd(run)
	h.checkTLS(false, "after it is killed")
	lab.MustOverseer(t, h.programs, h.root)
	h.wcme("certify", "www.example.test")
	h.checkCertificate("www.example.test")
	if placed := strings.Count(h.pebble.Log(), "Added order"); placed != 1 {
		t.Errorf("%d orders were placed, want 1", placed)
	}
}

// TestATakenTLSPort is told before anything is ordered.
func TestATakenTLSPort(t *testing.T) {
	t.Parallel()
	h := newHost(t, lab.PebbleOptions{}, tlsAlone)
	taken, err := net.Listen("tcp", lab.Loopback(h.tls))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	output, err := h.programs.Command(h.Context(), h.root, "certify", "www.example.test").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
	checkSays(t, string(output), "error: answer challenges of tls-alpn-01 on "+lab.Loopback(h.tls)+": ", "hint: another program has the port", "acme-tls/1")
	if log := h.pebble.Log(); strings.Contains(log, "Added order") {
		t.Errorf("it was ordered:\n%s", log)
	}
}

// TestTheOtherPortWhereOneIsTaken: with nothing said of the methods, whichever can be
// answered is taken.
func TestTheOtherPortWhereOneIsTaken(t *testing.T) {
	t.Parallel()
	h := newHost(t, lab.PebbleOptions{}, "listen = \"127.0.0.1:PORT\"\nlisten_tls = \"127.0.0.1:TLS\"")
	taken, err := net.Listen("tcp", lab.Loopback(h.port))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	checkSays(t, h.wcme("certify", "www.example.test"), "published by tls-alpn-01")
	h.checkCertificate("www.example.test")
}

// TestWhatDidNotWorkIsTriedLast: nobody answers on port 80, and the second attempt is made
// over TLS. What worked is remembered, and is the first to be tried next time.
func TestWhatDidNotWorkIsTriedLast(t *testing.T) {
	t.Parallel()
	h := newHost(t, lab.PebbleOptions{}, `listen_tls = "127.0.0.1:TLS"`)
	output, err := h.programs.Command(h.Context(), h.root, "certify", "www.example.test").CombinedOutput()
	if err == nil || strings.Contains(string(output), "tls-alpn-01") {
		t.Errorf("got %v, want that it fails by http-01:\n%s", err, output)
	}
	checkSays(t, h.wcme("certify", "www.example.test"), "published by tls-alpn-01")
	h.checkCertificate("www.example.test")
	checkSays(t, h.wcme("list", "--json"), `"www.example.test": "tls-alpn-01"`)
	checkSays(t, h.wcme("certify", "www.example.test", "--force"), "published by tls-alpn-01")
}

// TestTLSSocketFromSystemd: by its name the overseer knows what it is for.
func TestTLSSocketFromSystemd(t *testing.T) {
	t.Parallel()
	h := newHost(t, lab.PebbleOptions{}, `methods = "tls-alpn-01"`)
	wcme := h.programs.Command(t.Context(), h.root, "overseer")
	cmd := exec.Command("systemd-socket-activate", append([]string{"-l", lab.Loopback(h.tls), "--fdname=tls-alpn-01", "-E", "WCME_TEST"}, wcme.Args...)...)
	cmd.Env = wcme.Env
	process, err := lab.Start(filepath.Join(h.dir, "activate.log"), cmd)
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
		if h.answers(lab.Loopback(h.tls)); !strings.Contains(process.Log(), "overseer started") {
			return errors.New("no overseer was started: " + process.Log())
		}
		return nil
	})
	h.wcme("certify", "www.example.test,b.example.test")
	h.checkCertificate("www.example.test", "b.example.test")
	if log := process.Log(); strings.Count(log, "from systemd") != 1 || !strings.Contains(log, "answering challenges of tls-alpn-01") {
		t.Errorf("the overseer's log does not tell of the socket:\n%s", log)
	}
}

// TestBehindFronts has the real HAProxy and nginx, by the files of this directory, pass
// challenges on to wCME, and everybody else on to a site.
func TestBehindFronts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, file string
		command    func(path string) (check, run *exec.Cmd)
		around     func(dir, text string) string
	}{
		{"HAProxy", "haproxy-tls.cfg", func(path string) (check, run *exec.Cmd) {
			return exec.Command("/usr/sbin/haproxy", "-c", "-f", path), exec.Command("/usr/sbin/haproxy", "-db", "-f", path)
		}, func(_, text string) string { return text }},
		{"nginx", "nginx-tls.conf", func(path string) (check, run *exec.Cmd) {
			return exec.Command("/usr/sbin/nginx", "-t", "-c", path, "-p", filepath.Dir(path)), exec.Command("/usr/sbin/nginx", "-c", path, "-p", filepath.Dir(path))
		}, func(dir, text string) string {
			return fmt.Sprintf("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off;\npid %s/nginx.pid;\nerror_log stderr;\nevents {}\n%s", dir, text)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			sites, err := lab.FreePort()
			if err != nil {
				t.Fatal(err)
			}
			dir := lab.TempDir(t)
			site := newSite(t, dir, sites)
			var h *host // behind the front, whose port is known first
			server := lab.MustServer(t, lab.ServerOptions{Name: row.name, Dir: dir, Ports: 1, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
				if h != nil {
					return nil, nil, errors.New("the CA looks at another port already")
				}
				h = newHost(t, lab.PebbleOptions{TLSPort: ports[0]}, tlsAlone)
				text := strings.NewReplacer("0.0.0.0:443", lab.Loopback(ports[0]), "[::]:443", "[::1]:"+strconv.Itoa(ports[0]),
					"127.0.0.1:10443", lab.Loopback(h.tls), "127.0.0.1:8443", lab.Loopback(sites)).Replace(read(t, row.file))
				path := filepath.Join(dir, row.file)
				check, run = row.command(path)
				return check, run, os.WriteFile(path, []byte(row.around(dir, text)), 0o600)
			}})
			h.wcme("certify", "www.example.test,127.0.0.1")
			h.checkCertificate("www.example.test", "127.0.0.1")
			if got := site(lab.Loopback(server.Ports[0])); got != "the site" {
				t.Errorf("the site: got %q", got)
			}
		})
	}
}

// newSite is a server of something over TLS; what it returns visits it at an address.
func newSite(t *testing.T, dir string, port int) (visit func(address string) string) {
	t.Helper()
	identity, err := lab.MakeIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", lab.Loopback(port), &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.WriteString(conn, "the site")
			}()
		}
	}()
	return func(address string) string {
		t.Helper()
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: "www.example.test", NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Error(err)
			return ""
		}
		defer conn.Close()
		text, err := io.ReadAll(conn)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}
