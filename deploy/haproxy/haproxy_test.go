// Package haproxy_test runs the real HAProxy with the very files of this directory.
package haproxy_test

import (
	"fmt"
	"net"
	"net/http"
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

const haproxy = "/usr/sbin/haproxy"

func TestFront(t *testing.T) {
	t.Parallel()
	for _, m := range []struct {
		name  string
		start func(*front.Host) (socket string)
	}{
		{"fcgi-app", (*front.Host).FastCGI},
		{"fcgi-app, spawn-fcgi", (*front.Host).SpawnFCGI},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			h := front.NewHost(t)
			server := start(t, h, m.start(h), "")
			front.Play(t, h, front.Target{
				Server: "HAProxy", Mode: m.name, Base: "/cgi-bin/wcme", Log: server.Log,
				HTTP:  lab.Loopback(server.Ports[0]),
				HTTP6: net.JoinHostPort("::1", strconv.Itoa(server.Ports[0])),
				HTTPS: lab.Loopback(server.Ports[1]),
			})
		})
	}
}

// TestPagesNeedTLS maps the pages where they do not belong, on port 80.
func TestPagesNeedTLS(t *testing.T) {
	t.Parallel()
	h := front.NewHost(t)
	server := start(t, h, h.SpawnFCGI(), "    use_backend wcme-admin if { path_beg /cgi-bin/wcme }\n")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+lab.Loopback(server.Ports[0])+"/cgi-bin/wcme/admin/list", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(front.User, front.Password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden || response.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("got %s with %v, want 403 and no question for a password", response.Status, response.Header)
	}
}

// start installs the files as an administrator does, and starts HAProxy. The
// mistake is put into the frontend of port 80.
func start(t *testing.T, h *front.Host, socket, mistake string) *lab.Server {
	t.Helper()
	dir := filepath.Join(h.Dir, "haproxy")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	host := struct{ User, Chroot string }{}
	if os.Geteuid() == 0 { // as Debian's, which only root can start
		host.User, host.Chroot = lab.WebUser, h.Dir
		socket = strings.TrimPrefix(socket, h.Dir)
	}
	pair := bundle(t, h.Identity)
	write(t, filepath.Join(dir, "wcme-users.cfg"), users(t))
	return lab.MustServer(t, lab.ServerOptions{
		Name: "haproxy", Dir: h.Dir, Ports: 2,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			install(t, dir, mistake, strings.NewReplacer(
				"unix@/run/wcme/web.sock", "unix@"+socket,
				"/var/lib/wcme/ssl/fullchain_www_example_org.pem", pair,
				"/var/lib/wcme", h.Root,
				"0.0.0.0:80", lab.Loopback(ports[0]), "[::]:80", "[::1]:"+strconv.Itoa(ports[0]),
				"0.0.0.0:443", lab.Loopback(ports[1]), "[::]:443", "[::1]:"+strconv.Itoa(ports[1]),
			))
			args := []string{"-db"}
			for _, name := range []string{"haproxy.cfg", "frontends.cfg", "wcme.cfg", "wcme-users.cfg"} {
				args = append(args, "-f", filepath.Join(dir, name))
			}
			return exec.Command(haproxy, append([]string{"-c"}, args...)...), exec.Command(haproxy, args...),
				lab.Fill("testdata/haproxy.cfg.template", filepath.Join(dir, "haproxy.cfg"), host)
		},
	})
}

// bundle writes certificate and key into one file, as HAProxy wants them, and as
// the fullchain_… of the state directory has them.
func bundle(t *testing.T, identity lab.Identity) (path string) {
	t.Helper()
	text := ""
	for _, part := range []string{identity.Certificate, identity.Key} {
		pem, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		text += string(pem)
	}
	path = filepath.Join(filepath.Dir(identity.Certificate), "bundle.pem")
	write(t, path, text)
	return path
}

// users is the file that the head of wcme.cfg has made with openssl; any hash that
// crypt(3) knows will do.
func users(t *testing.T) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(front.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("userlist wcme\n    user %s password %s\n", front.User, hash)
}

// install copies the files with the paths and ports of the host.
func install(t *testing.T, dir, mistake string, paths *strings.Replacer) {
	t.Helper()
	for _, name := range []string{"wcme.cfg", "frontends.cfg"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		last := "    default_backend site\n" // the first of them in frontends.cfg is that of port 80
		wrong := strings.Replace(string(text), last, mistake+last, 1)
		write(t, filepath.Join(dir, name), paths.Replace(wrong))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
