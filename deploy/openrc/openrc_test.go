// Package openrc_test runs the service scripts of this directory under the real
// openrc-run, in namespaces of their own: of the host's /run and of its control
// groups nothing is touched, and no process outlives the test.
package openrc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// overseerUser is one that every Debian has. It stands for wcme.
const overseerUser = "daemon"

func TestTheScriptsAreShell(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"init.d/wcme", "init.d/wcme-web", "conf.d/wcme", "conf.d/wcme-web"} {
		if output, err := exec.Command("sh", "-n", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, output)
		}
	}
}

// host is what the services see: a shell that is process 1 of its namespaces.
type host struct {
	*testing.T
	dir   string
	shell *lab.Process
	input *os.File // commands for the shell; its end is that of everything
	count int
}

// boot makes a /run as OpenRC makes it at boot, empty control groups, and the
// services with settings of their own.
const boot = `mount -t tmpfs none /run
mount -t tmpfs none /sys/fs/cgroup
for state in starting started stopping inactive wasinactive failed hotplugged daemons options exclusive scheduled init.d tmp; do
	mkdir -p /run/openrc/$state
done
touch /run/openrc/softlevel
`

func newHost(t *testing.T) *host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("only root can make namespaces: run this as root, or leave it out by -skip '^TestRights'")
	}
	h := &host{T: t, dir: lab.TempDir(t)}
	h.install()
	commands, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	h.input = input
	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh")
	cmd.Stdin = commands
	h.shell, err = lab.Start(filepath.Join(h.dir, "shell.log"), cmd)
	if err = errors.Join(err, commands.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.end)
	h.write(boot)
	return h
}

// end ends the shell, and with it all that is in its namespaces.
func (h *host) end() {
	if err := h.input.Close(); err != nil {
		h.Error(err)
	}
	<-h.shell.Done()
	if h.Failed() {
		h.Logf("the shell: %s\nthe overseer: %s\nthe script: %s", h.shell.Log(), h.log("overseer"), h.log("web"))
	}
}

// install sets up the state directory and writes the settings.
func (h *host) install() {
	h.Helper()
	programs := lab.MustInstall(h)
	state := filepath.Join(h.dir, "state")
	h.must(programs.Command(h.Context(), state, "setup", "--web-user", lab.WebUser))
	h.must(exec.Command("chown", "-R", overseerUser, state))
	if err := programs.InstallScript(h.dir); err != nil {
		h.Fatal(err)
	}
	settings := fmt.Sprintf(`export WCME_ROOT=%[1]s/state WCME_SOCKET=%[1]s/run/overseer.sock
WCME_PROGRAM=%[2]s WCME_USER=%[3]s:%[3]s WCME_RUN=%[1]s/run WCME_PIDFILE=%[1]s/overseer.pid WCME_LOG=%[1]s/overseer.log
WCME_SCRIPT=%[1]s/wcme WCME_WEB_USER=%[4]s WCME_WEB_SOCKET=%[1]s/run/web.sock WCME_WEB_PIDFILE=%[1]s/web.pid WCME_WEB_LOG=%[1]s/web.log
WCME_RESPAWN_DELAY=1
`, h.dir, programs.Wcme, overseerUser, lab.WebUser)
	for _, service := range []string{"wcme", "wcme-web"} {
		text, err := os.ReadFile(filepath.Join("init.d", service))
		err = errors.Join(err,
			os.MkdirAll(filepath.Join(h.dir, "init.d"), 0o755), os.MkdirAll(filepath.Join(h.dir, "conf.d"), 0o755),
			os.WriteFile(filepath.Join(h.dir, "init.d", service), text, 0o755),
			os.WriteFile(filepath.Join(h.dir, "conf.d", service), []byte(settings), 0o644))
		if err != nil {
			h.Fatal(err)
		}
	}
}

func (h *host) must(cmd *exec.Cmd) {
	h.Helper()
	if output, err := cmd.CombinedOutput(); err != nil {
		h.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, output)
	}
}

func (h *host) write(commands string) {
	h.Helper()
	if _, err := h.input.WriteString(commands); err != nil {
		h.Fatal(err)
	}
}

// run runs a command in the shell and checks its exit status.
func (h *host) run(want int, command string) {
	h.Helper()
	h.count++
	h.write(fmt.Sprintf("%s; echo 'command %d ended': $?.\n", command, h.count))
	h.await(command, func() error { return has(h.shell.Log(), fmt.Sprintf("command %d ended: ", h.count)) })
	if err := has(h.shell.Log(), fmt.Sprintf("command %d ended: %d.", h.count, want)); err != nil {
		h.Errorf("%s: want status %d", command, want)
	}
}

// service runs a command of a service.
func (h *host) service(want int, name, command string) {
	h.Helper()
	h.run(want, fmt.Sprintf("openrc-run %s/init.d/%s %s", h.dir, name, command))
}

func (h *host) await(what string, ready func() error) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
	defer cancel()
	if err := h.shell.Await(ctx, func(context.Context) error { return ready() }); err != nil {
		h.Fatalf("%s: %v", what, err)
	}
}

func has(text, part string) error {
	if !strings.Contains(text, part) {
		return fmt.Errorf("there is no %q", part)
	}
	return nil
}

// log is what a service has said.
func (h *host) log(name string) string {
	text, err := os.ReadFile(filepath.Join(h.dir, name+".log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// logged waits until the overseer has said something so many times.
func (h *host) logged(times int, part string) {
	h.Helper()
	h.await(part, func() error {
		if got := strings.Count(h.log("overseer"), part); got < times {
			return fmt.Errorf("the overseer said %s: %d times, want %d", part, got, times)
		}
		return nil
	})
}

// TestRightsUnderOpenRC starts, reloads, kills and stops the overseer.
func TestRightsUnderOpenRC(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.service(3, "wcme", "status")
	h.service(0, "wcme", "start")
	h.logged(1, `msg="overseer started"`)
	h.service(0, "wcme", "status")
	socket := filepath.Join(h.dir, "run", "overseer.sock")
	h.must(exec.Command("sh", "-c", `test "$(stat -c %U "$1")" = "$2"`, "sh", socket, overseerUser))

	h.service(0, "wcme", "reload")
	h.logged(1, `msg="configuration read again"`)

	// The process that the log names is of the shell's namespace.
	h.run(0, fmt.Sprintf("kill -9 $(sed -n 's/.*overseer started.*process=//p' %s/overseer.log)", h.dir))
	h.logged(2, `msg="overseer started"`)

	h.service(0, "wcme", "stop")
	h.logged(1, `msg="overseer ended"`)
	h.service(3, "wcme", "status")
	if _, err := os.Stat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it stopped: got a socket, %v", err)
	}
}

// TestRightsOfTheScriptUnderOpenRC asks it for a page, on a socket that is the web
// server's.
func TestRightsOfTheScriptUnderOpenRC(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.service(0, "wcme-web", "start")
	socket := filepath.Join(h.dir, "run", "web.sock")
	params := map[string]string{
		"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "GET", "HTTP_HOST": "www.example.test",
		"SERVER_NAME": "www.example.test", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "SCRIPT_NAME": "",
		"PATH_INFO": "/.well-known/acme-challenge/x", "REQUEST_URI": "/.well-known/acme-challenge/x",
	}
	h.await("an answer", func() error {
		answer, err := lab.AskFastCGI(t.Context(), socket, params)
		if err != nil {
			return err
		}
		return has(answer, "Challenge received but no such file or directory.")
	})
	h.must(exec.Command("sh", "-c", `test "$(stat -c '%U %a' "$1")" = "$2 600"`, "sh", socket, lab.WebUser))
	h.service(0, "wcme-web", "stop")
	h.service(3, "wcme-web", "status")
}
