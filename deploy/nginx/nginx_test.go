// Package nginx_test runs the real nginx with the very files of this directory.
package nginx_test

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

const nginx = "/usr/sbin/nginx"

// The directories that the files are copied to, relative to nginx's own, and
// Debian's file of parameters, which they include.
const (
	snippets  = "snippets"
	httpLevel = "conf.d"
	params    = "/etc/nginx/fastcgi_params"
)

// mode is one of the ways from nginx to wCME.
type mode struct {
	name string
	run  string // the file that becomes wcme-run.conf
	// upstream tells whether that file wants wcme-upstream.conf.
	upstream bool
	// start starts what nginx connects to, and returns its socket.
	start func(*testing.T, *front.Host) (socket string)
}

func modes() []mode {
	fcgiwrap := func(t *testing.T, h *front.Host) string {
		return spawn(t, h, "/usr/sbin/fcgiwrap", "-f").socket // -f: the script's complaints go to nginx
	}
	daemon := func(_ *testing.T, h *front.Host) string { return h.FastCGI() }
	script := func(_ *testing.T, h *front.Host) string { return h.SpawnFCGI() }
	return []mode{
		{"FastCGI, kept open", "wcme-run.conf", true, daemon},
		{"FastCGI, kept open, spawn-fcgi", "wcme-run.conf", true, script},
		{"FastCGI, split", "wcme-run-split.conf", false, daemon},
		{"FastCGI, stock parameters", "wcme-run-stock.conf", false, daemon},
		{"fcgiwrap", "wcme-run-fcgiwrap.conf", false, fcgiwrap},
	}
}

func TestFront(t *testing.T) {
	t.Parallel()
	for _, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			h := front.NewHost(t)
			server := start(t, h, m, m.start(t, h))
			front.Play(t, h, front.Target{
				Server: "nginx", Mode: m.name, Base: "/cgi-bin/wcme", Log: server.Log,
				HTTP:  lab.Loopback(server.Ports[0]),
				HTTP6: net.JoinHostPort("::1", strconv.Itoa(server.Ports[0])),
				HTTPS: lab.Loopback(server.Ports[1]),
			})
			if log := server.Log(); strings.Contains(log, "[warn]") || strings.Contains(log, "[emerg]") {
				t.Errorf("nginx complains about its configuration: %s", log)
			}
		})
	}
}

// site is what testdata/nginx.conf.template is filled with.
type site struct {
	Dir, Users, User, Certificate, Key string
	HTTP, HTTPS                        int
}

// start installs the files as an administrator does, and starts nginx.
func start(t *testing.T, h *front.Host, m mode, socket string) *lab.Server {
	t.Helper()
	dir := filepath.Join(h.Dir, "nginx")
	install(t, dir, m, strings.NewReplacer(
		"/run/wcme/web.sock", socket,
		"/run/fcgiwrap.socket", socket,
		"/usr/lib/cgi-bin/wcme", filepath.Join(h.Bin, "wcme"),
		"/var/lib/wcme", h.Root,
		"/etc/nginx/wcme.users", h.Users,
	))
	values := site{Dir: dir, Users: h.Users, Certificate: h.Identity.Certificate, Key: h.Identity.Key}
	if os.Geteuid() == 0 {
		values.User = lab.WebUser
	}
	conf := filepath.Join(dir, "nginx.conf")
	return lab.MustServer(t, lab.ServerOptions{
		Name: "nginx", Dir: h.Dir, Ports: 2,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			values.HTTP, values.HTTPS = ports[0], ports[1]
			return exec.Command(nginx, "-t", "-c", conf), exec.Command(nginx, "-c", conf, "-g", "daemon off;"),
				lab.Fill("testdata/nginx.conf.template", conf, values)
		},
	})
}

// install copies the files to where their heads say, with the paths of the host.
func install(t *testing.T, dir string, m mode, paths *strings.Replacer) {
	t.Helper()
	for _, sub := range []string{snippets, httpLevel, "htdocs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copies := map[string]string{
		params:                "fastcgi_params",
		"wcme-challenge.conf": snippets + "/wcme-challenge.conf",
		"wcme-admin.conf":     snippets + "/wcme-admin.conf",
		m.run:                 snippets + "/wcme-run.conf",
	}
	if m.upstream {
		copies["wcme-upstream.conf"] = httpLevel + "/wcme-upstream.conf"
	}
	for from, to := range copies {
		if err := lab.Adapt(from, filepath.Join(dir, to), paths); err != nil {
			t.Fatal(err)
		}
	}
}
