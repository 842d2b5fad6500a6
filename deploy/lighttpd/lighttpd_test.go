// Package lighttpd_test runs the real lighttpd with the very files of this directory.
package lighttpd_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

const lighttpd = "/usr/sbin/lighttpd"

// mode is one of the ways from lighttpd to wCME.
type mode struct {
	name string
	file string
	// start starts what lighttpd connects to, and returns its socket; nil where
	// lighttpd starts the script itself.
	start func(*front.Host) (socket string)
}

func modes() []mode {
	return []mode{
		{"mod_cgi", "wcme-cgi.conf", nil},
		{"mod_fastcgi", "wcme-fastcgi.conf", (*front.Host).FastCGI},
		{"mod_fastcgi, bin-path", "wcme-spawn.conf", nil},
	}
}

func TestFront(t *testing.T) {
	t.Parallel()
	for _, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			h := front.NewHost(t)
			server := start(t, h, m)
			front.Play(t, h, front.Target{
				Server: "lighttpd", Mode: m.name, Base: "/cgi-bin/wcme", Log: logs(h, server),
				HTTP:  lab.Loopback(server.Ports[0]),
				HTTP6: net.JoinHostPort("::1", strconv.Itoa(server.Ports[0])),
				HTTPS: lab.Loopback(server.Ports[1]),
			})
			testClosedHost(t, h, server)
			if log := server.Log(); strings.Contains(log, "arning") || strings.Contains(log, "WARNING") {
				t.Errorf("lighttpd complains about its configuration: %s", log)
			}
		})
	}
}

// site is what testdata/lighttpd.conf.template is filled with.
type site struct {
	Dir, Users, User, Certificate, Key string
	HTTP, HTTPS                        int
}

// start installs the file as an administrator does, and starts lighttpd.
func start(t *testing.T, h *front.Host, m mode) *lab.Server {
	t.Helper()
	dir := filepath.Join(h.Dir, "lighttpd")
	values := site{Dir: dir, Users: h.Users, Certificate: h.Identity.Certificate, Key: h.Identity.Key}
	if os.Geteuid() == 0 {
		values.User = lab.WebUser
	}
	makeDirs(t, dir, values.User)
	socket := ""
	if m.start != nil {
		socket = m.start(h)
	}
	err := lab.Adapt(m.file, filepath.Join(dir, "conf-enabled", "50-wcme.conf"), strings.NewReplacer(
		"/run/wcme/web.sock", socket,
		"/run/lighttpd/", filepath.Join(dir, "run")+"/",
		"/usr/lib/cgi-bin/wcme", filepath.Join(h.Bin, "wcme"),
		"/var/lib/wcme", h.Root,
		"/etc/lighttpd/wcme.users", h.Users,
	))
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "lighttpd.conf")
	return lab.MustServer(t, lab.ServerOptions{
		Name: "lighttpd", Dir: h.Dir, Ports: 2,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			values.HTTP, values.HTTPS = ports[0], ports[1]
			return exec.Command(lighttpd, "-tt", "-f", conf), exec.Command(lighttpd, "-D", "-f", conf),
				lab.Fill("testdata/lighttpd.conf.template", conf, values)
		},
	})
}

// makeDirs makes the directories that Debian's package has, one of them the
// server's own.
func makeDirs(t *testing.T, dir, user string) {
	t.Helper()
	for _, sub := range []string{"conf-enabled", "htdocs", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if user == "" {
		return
	}
	if output, err := exec.Command("chown", user+":", filepath.Join(dir, "run")).CombinedOutput(); err != nil {
		t.Fatalf("chown: %v: %s", err, output)
	}
}

// logs returns a function that reads what lighttpd, and the script that it starts,
// complained about: on its output, and in its error log.
func logs(h *front.Host, server *lab.Server) func() string {
	return func() string {
		text, err := os.ReadFile(filepath.Join(h.Dir, "lighttpd", "run", "error.log"))
		if err != nil {
			return "panic: " + err.Error() // a log that cannot be read is a fault
		}
		return server.Log() + string(text)
	}
}
