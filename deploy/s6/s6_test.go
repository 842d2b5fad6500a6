// Package s6_test runs the service directories of this directory under the real
// s6-svscan.
package s6_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// Users that every Debian has. The overseer's stands for wcme.
const overseerUser = "daemon"

// host has the services in a scan directory, with places and users of its own in
// their texts.
type host struct {
	*testing.T
	dir, state, scan string
	programs         lab.Programs
	svscan           *lab.Process
}

func newHost(t *testing.T) *host {
	t.Helper()
	dir := lab.TempDir(t)
	h := &host{T: t, dir: dir, state: filepath.Join(dir, "state"), scan: filepath.Join(dir, "scan"), programs: lab.MustInstall(t)}
	web := lab.WebUser
	if os.Geteuid() != 0 {
		web = ""
	}
	h.must(h.programs.Command(t.Context(), h.state, "setup", "--web-user", web))
	if os.Geteuid() == 0 {
		h.must(exec.Command("chown", "-R", overseerUser, h.state))
	}
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.programs.InstallScript(dir); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"wcme-overseer", "wcme-web"} {
		h.install(service)
	}
	h.start()
	return h
}

// install copies a service directory. For a test without root's rights nobody
// changes users.
func (h *host) install(service string) {
	h.Helper()
	places := []string{"/usr/local/bin/wcme", h.programs.Wcme, "/run/wcme", filepath.Join(h.dir, "run"), "/var/log", filepath.Join(h.dir, "log"),
		"/usr/lib/cgi-bin/wcme", filepath.Join(h.dir, "wcme"), "wcme -g wcme", overseerUser + " -g " + overseerUser,
		"s6-setuidgid wcme", "s6-setuidgid " + overseerUser}
	if os.Geteuid() != 0 {
		places = append(places[:8], "-o wcme -g wcme ", "", "-o nobody ", "", "s6-setuidgid wcme ", "", "s6-setuidgid nobody ", "",
			`chown -h "$1" "$2" && exec s6-setuidgid "$1" `, "exec ")
	}
	err := filepath.WalkDir(service, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return errors.Join(err, os.MkdirAll(filepath.Join(h.scan, path), 0o755))
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text = []byte(strings.NewReplacer(places...).Replace(string(text)))
		if info.Mode()&0o111 != 0 { // s6-supervise waits for a minute where it cannot run one
			lab.WriteProgram(h, filepath.Join(h.scan, path), text)
			return nil
		}
		return os.WriteFile(filepath.Join(h.scan, path), text, info.Mode())
	})
	if err != nil {
		h.Fatal(err)
	}
}

func (h *host) start() {
	h.Helper()
	cmd := exec.Command("s6-svscan", h.scan)
	cmd.Env = append(os.Environ(), "WCME_ROOT="+h.state, "WCME_SOCKET="+h.overseer())
	svscan, err := lab.Start(filepath.Join(h.dir, "svscan.log"), cmd)
	if err != nil {
		h.Fatal(err)
	}
	h.svscan = svscan
	h.Cleanup(func() { // at SIGTERM, s6-svscan ends its services first
		if err := svscan.Stop(); err != nil {
			h.Error(err)
		}
		if h.Failed() {
			h.Logf("s6-svscan: %s\nwcme-overseer: %s\nwcme-web: %s", svscan.Log(), h.log("wcme-overseer"), h.log("wcme-web"))
		}
	})
}

func (h *host) overseer() string { return filepath.Join(h.dir, "run", "overseer.sock") }

func (h *host) service(name string) string { return filepath.Join(h.scan, name) }

// log is what a service's logger has written.
func (h *host) log(service string) string {
	text, err := os.ReadFile(filepath.Join(h.dir, "log", service, "current"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (h *host) must(cmd *exec.Cmd) string {
	h.Helper()
	output, err := cmd.CombinedOutput()
	if err != nil {
		h.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, output)
	}
	return string(output)
}

// wait waits for a state of the service: "-U" is up and ready, "-D" down for good.
func (h *host) wait(state, service string) {
	h.Helper()
	h.await("its supervisor", func() error { // which writes what the state is a while after it has begun
		return errors.Join(exec.Command("s6-svok", h.service(service)).Run(), exec.Command("s6-svstat", h.service(service)).Run())
	})
	h.must(exec.Command("s6-svwait", state, "-t", "60000", h.service(service)))
}

// await calls ready until it returns no error.
func (h *host) await(what string, ready func() error) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
	defer cancel()
	if err := h.svscan.Await(ctx, func(context.Context) error { return ready() }); err != nil {
		h.Fatalf("%s: %v", what, err)
	}
}

func (h *host) pid(service string) int {
	h.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(h.must(exec.Command("s6-svstat", "-o", "pid", h.service(service)))))
	if err != nil || pid <= 1 {
		h.Fatalf("process of %s: got %d, %v", service, pid, err)
	}
	return pid
}

// list asks the overseer. A verb would do its work without one, too: so the socket
// has to be there.
func (h *host) list() {
	h.Helper()
	if info, err := os.Stat(h.overseer()); err != nil || info.Mode().Type() != fs.ModeSocket {
		h.Errorf("the overseer's socket: got %v, %v", info, err)
	}
	cmd := h.programs.Command(h.Context(), h.state, "list")
	cmd.Env = append(cmd.Env, "WCME_SOCKET="+h.overseer())
	if output := h.must(cmd); !strings.Contains(output, "no certificate is managed") {
		h.Errorf("wcme list: got %s", output)
	}
}

// TestOverseer: it is ready, is started anew when it is killed, reads its
// configuration again, and stops.
func TestOverseer(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.wait("-U", "wcme-overseer")
	h.list()
	if ready := h.must(exec.Command("s6-svstat", "-o", "ready", h.service("wcme-overseer"))); ready != "true\n" {
		t.Errorf("ready: got %q", ready)
	}

	first := h.pid("wcme-overseer")
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	h.await("another overseer", func() error {
		if strings.Count(h.log("wcme-overseer"), `msg="overseer started"`) < 2 {
			return errors.New("there is none")
		}
		return nil
	})
	h.wait("-U", "wcme-overseer")
	if second := h.pid("wcme-overseer"); second == first {
		t.Errorf("after SIGKILL: got process %d again", second)
	}
	h.list()

	h.must(exec.Command("s6-svc", "-h", h.service("wcme-overseer")))
	h.await("the configuration", func() error {
		if !strings.Contains(h.log("wcme-overseer"), `msg="configuration read again"`) {
			return errors.New("not read again")
		}
		return nil
	})

	h.must(exec.Command("s6-svc", "-wD", "-d", "-T", "60000", h.service("wcme-overseer")))
	if _, err := os.Stat(h.overseer()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it stopped: got a socket, %v", err)
	}
	h.await("its last word", func() error {
		if !strings.Contains(h.log("wcme-overseer"), `msg="overseer ended"`) {
			return errors.New("not in the log")
		}
		return nil
	})
}

// TestRightsOfTheServices: each runs as its user, and the socket is the web
// server's.
func TestRightsOfTheServices(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.wait("-U", "wcme-overseer")
	h.await("the socket", func() error { return h.owned(filepath.Join(h.dir, "run", "web.sock"), lab.WebUser) })
	for service, want := range map[string]string{"wcme-overseer": overseerUser, "wcme-web": lab.WebUser} {
		h.await("the user of "+service, func() error { return h.owned(filepath.Join("/proc", strconv.Itoa(h.pid(service))), want) })
	}
}

// owned tells whether the file, or the process, is the user's.
func (h *host) owned(path, user string) error {
	output, err := exec.Command("stat", "-c", "%U", path).CombinedOutput()
	if err == nil && strings.TrimSpace(string(output)) != user {
		err = errors.New("its user is " + string(output))
	}
	return err
}

// TestScript asks for a page on the socket, which the script was given as
// descriptor 0.
func TestScript(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	socket := filepath.Join(h.dir, "run", "web.sock")
	params := map[string]string{
		"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "GET", "HTTP_HOST": "www.example.test",
		"SERVER_NAME": "www.example.test", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "SCRIPT_NAME": "",
		"PATH_INFO": "/.well-known/acme-challenge/x", "REQUEST_URI": "/.well-known/acme-challenge/x",
	}
	h.await("an answer", func() error {
		answer, err := lab.AskFastCGI(t.Context(), socket, params)
		if err == nil && !strings.Contains(answer, "Challenge received but no such file or directory.") {
			t.Fatalf("got %q", answer)
		}
		return err
	})
	h.must(exec.Command("s6-svc", "-wD", "-d", "-T", "60000", h.service("wcme-web")))
}
