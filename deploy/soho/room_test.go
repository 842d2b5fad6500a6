package soho_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// patience bounds how long one thing here may take.
const patience = 30 * time.Second

// room is where one host of the picture runs: a port of this machine, or a network
// of its own.
type room struct {
	ip   string // "127.0.0.1", "192.168.1.86"
	port int    // 80 in a network of its own; 0 for any free one
	// enter changes a command so that it runs there.
	enter func(*exec.Cmd) *exec.Cmd
	// short leaves the script's path out of the files, so that they lead to the
	// root of the internal host's site.
	short bool
}

// here is this machine.
func here() room {
	return room{ip: "127.0.0.1", enter: func(command *exec.Cmd) *exec.Cmd { return command }}
}

// isOwn tells whether the room has a network of its own, so that the files of this
// directory are right as they are.
func (r room) isOwn() bool { return r.port != 0 }

// host spells an address as URLs do: without the port where it is 80.
func (r room) host(port int) string {
	if port == 80 {
		return r.ip
	}
	return net.JoinHostPort(r.ip, strconv.Itoa(port))
}

// commands are how to test a configuration, and how to run it.
type commands struct{ check, run *exec.Cmd }

// serve runs a server in the room, and returns it with its port when it accepts
// connections.
func (r room) serve(t *testing.T, name, dir string, prepare func(port int) commands) (server *lab.Server, port int) {
	t.Helper()
	o := lab.ServerOptions{Name: name, Dir: dir, Ports: 1}
	o.Prepare = func(ports []int) (check, run *exec.Cmd, err error) {
		port = r.port
		if !r.isOwn() {
			port = ports[0]
		}
		c := prepare(port)
		if c.check != nil {
			c.check = r.enter(c.check)
		}
		return c.check, r.enter(c.run), nil
	}
	if r.isOwn() {
		o.Listens = func([]int) []string { return nil }
	}
	server = lab.MustServer(t, o)
	r.await(t, server.Process, port)
	return server, port
}

// await returns when somebody in the room can connect to the port.
func (r room) await(t *testing.T, process *lab.Process, port int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := "/dev/tcp/" + r.ip + "/" + strconv.Itoa(port)
	err := process.Await(ctx, func(ctx context.Context) error {
		return r.enter(exec.CommandContext(ctx, "/bin/bash", "-c", "exec 3<>"+address)).Run()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// webUser is the user that servers of the lab run as; "" where they run as ours.
func webUser() string {
	if os.Geteuid() == 0 {
		return lab.WebUser
	}
	return ""
}

// recipe reads a file of this directory, with the addresses of this machine in
// place of its own; where the host has a network of its own, it stays as it is.
func recipe(t *testing.T, name string, at room, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if at.isOwn() {
		return string(text)
	}
	if at.short {
		pairs = append(pairs, "/cgi-bin/wcme", "")
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			t.Fatalf("%s does not say %q", name, pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(string(text))
}

// fill writes a file from a template of testdata.
func fill(t *testing.T, path, name string, values any) {
	t.Helper()
	if err := lab.Fill(filepath.Join("testdata", name), path, values); err != nil {
		t.Fatal(err)
	}
}

// write makes a file that everybody can read.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mkdir makes a directory that everybody can enter.
func mkdir(t *testing.T, elements ...string) string {
	t.Helper()
	path := filepath.Join(elements...)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
