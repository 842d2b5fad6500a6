package nginx_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

// responder is a FastCGI program behind a socket, which is the web server's user's.
type responder struct {
	socket  string
	command []string
	log     string
	root    string // the state directory
	process *lab.Process
}

// spawn starts the program by spawn-fcgi for the time of the test.
func spawn(t *testing.T, h *front.Host, program ...string) *responder {
	t.Helper()
	name := filepath.Base(program[0])
	dir := filepath.Join(h.Dir, name+".run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := &responder{socket: filepath.Join(dir, "socket"), log: filepath.Join(h.Dir, name+".log"), root: h.Root}
	r.command = append([]string{"/usr/bin/spawn-fcgi", "-n", "-s", r.socket, "--"}, program...)
	if os.Geteuid() == 0 {
		if output, err := exec.Command("chown", lab.WebUser+":", dir).CombinedOutput(); err != nil {
			t.Fatalf("chown: %v: %s", err, output)
		}
		r.command = append([]string{"/usr/bin/setpriv", "--reuid=" + lab.WebUser, "--regid=" + lab.WebUser,
			"--init-groups", "--pdeathsig=TERM", "--"}, r.command...)
	}
	r.start(t)
	t.Cleanup(func() { r.stop(t) })
	return r
}

// start starts it, also again, and returns when it accepts connections.
func (r *responder) start(t *testing.T) {
	t.Helper()
	command := exec.Command(r.command[0], r.command[1:]...)
	command.Env = append(os.Environ(), "WCME_ROOT="+r.root)
	process, err := lab.Start(r.log, command)
	if err != nil {
		t.Fatal(err)
	}
	r.process = process
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = process.Await(ctx, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", r.socket)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *responder) stop(t *testing.T) {
	t.Helper()
	if err := r.process.Stop(); err != nil {
		t.Error(err)
	}
}
