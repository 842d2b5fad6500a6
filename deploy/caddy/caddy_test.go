// Package caddy_test runs the real Caddy with the very file of this directory.
package caddy_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

const caddy = "/usr/bin/caddy"

func TestFront(t *testing.T) {
	t.Parallel()
	for _, m := range []struct {
		name  string
		start func(*front.Host) (socket string)
	}{
		{"transport fastcgi", (*front.Host).FastCGI},
		{"transport fastcgi, spawn-fcgi", (*front.Host).SpawnFCGI},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			h := front.NewHost(t)
			server := start(t, h, m.start(h))
			front.Play(t, h, front.Target{
				Server: "Caddy", Mode: m.name, Base: "/cgi-bin/wcme", Log: server.Log,
				HTTP:  lab.Loopback(server.Ports[0]),
				HTTP6: net.JoinHostPort("::1", strconv.Itoa(server.Ports[0])),
				HTTPS: lab.Loopback(server.Ports[1]),
			})
		})
	}
}

// site is what testdata/Caddyfile.template is filled with.
type site struct {
	Certificate, Key string
	HTTP, HTTPS      int
}

// start installs the file as an administrator does, and starts Caddy. It keeps
// its own files in the host's directory.
func start(t *testing.T, h *front.Host, socket string) *lab.Server {
	t.Helper()
	dir := filepath.Join(h.Dir, "caddy")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	accounts := filepath.Join(dir, "wcme.users")
	write(t, accounts, users(t))
	err := lab.Adapt("wcme.caddy", filepath.Join(dir, "wcme.caddy"), strings.NewReplacer(
		"/run/wcme/web.sock", socket,
		"/etc/caddy/wcme.users", accounts,
	))
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "Caddyfile")
	values := site{Certificate: h.Identity.Certificate, Key: h.Identity.Key}
	return lab.MustServer(t, lab.ServerOptions{
		Name: "caddy", Dir: h.Dir, Ports: 2,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			values.HTTP, values.HTTPS = ports[0], ports[1]
			return command(dir, "validate", conf), command(dir, "run", conf), lab.Fill("testdata/Caddyfile.template", conf, values)
		},
	})
}

func command(dir, verb, conf string) *exec.Cmd {
	cmd := exec.Command(caddy, verb, "--config", conf, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	return cmd
}

// users is the file that the head of wcme.caddy has made by caddy hash-password.
func users(t *testing.T) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(front.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return front.User + " " + string(hash) + "\n"
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
