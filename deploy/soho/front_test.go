package soho_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"wcme/deploy/lab"
)

// The names and the address that the files of this directory are written for.
const (
	name      = "intranet.example.org"
	insideIP  = "192.168.1.86"
	wellKnown = "/.well-known/acme-challenge/"
	below     = "/cgi-bin/wcme" + wellKnown // where the internal host is asked
)

// front is a server that has the public address.
type front struct {
	name string
	// start runs it in the room, where the internal host is at inside, HOST or
	// HOST:PORT, and returns its port.
	start func(t *testing.T, at room, inside string) (port int)
}

func fronts() []front {
	return []front{
		{"nginx", startNginx},
		{"Apache", startApache},
		{"HAProxy", startHAProxy},
		{"Caddy", startCaddy},
		{"wCME alone", startRelay},
		{"wCME under Apache", startScript},
	}
}

func startNginx(t *testing.T, at room, inside string) int {
	dir := lab.TempDir(t)
	conf, file := filepath.Join(dir, "nginx.conf"), filepath.Join(dir, "intranet.conf")
	_, port := at.serve(t, "nginx", dir, func(port int) commands {
		address := at.host(port)
		write(t, file, recipe(t, "nginx.conf", at, insideIP, inside, "listen 80;", "listen "+address+";", "listen [::]:80;", ""))
		if at.isOwn() {
			address = "80"
		}
		fill(t, conf, "nginx.conf.template", map[string]string{"User": webUser(), "Dir": dir, "File": file, "Address": address})
		return commands{exec.Command("/usr/sbin/nginx", "-t", "-c", conf), exec.Command("/usr/sbin/nginx", "-c", conf, "-g", "daemon off;")}
	})
	return port
}

func startApache(t *testing.T, at room, inside string) int {
	site := func(port int) string {
		return recipe(t, "apache.conf", at, insideIP, inside, "*:80", "*:"+strconv.Itoa(port))
	}
	_, port := apache(t, at, lab.TempDir(t), site, "proxy", "proxy_http", "headers")
	return port
}

// apache runs Apache with a site in what Debian's configuration would be.
func apache(t *testing.T, at room, dir string, site func(port int) string, modules ...string) (server *lab.Server, port int) {
	t.Helper()
	home := mkdir(t, dir, "apache")
	mkdir(t, home, "run")
	mkdir(t, home, "htdocs")
	modules = append([]string{"mpm_event", "authn_core", "authz_core", "authz_host", "alias", "env", "filter", "mime", "setenvif"}, modules...)
	return at.serve(t, "apache", dir, func(port int) commands {
		conf := filepath.Join(home, "apache.conf")
		fill(t, conf, "apache.conf.template", map[string]any{"Dir": home, "User": webUser(), "Modules": append(modules, "cgid"),
			"Address": net.JoinHostPort(at.ip, strconv.Itoa(port)), "Port": port, "Site": site(port)})
		return commands{exec.Command("/usr/sbin/apache2", "-t", "-f", conf), exec.Command("/usr/sbin/apache2", "-f", conf, "-DFOREGROUND")}
	})
}

func startHAProxy(t *testing.T, at room, inside string) int {
	dir := lab.TempDir(t)
	conf := filepath.Join(dir, "haproxy.cfg")
	_, port := at.serve(t, "haproxy", dir, func(port int) commands {
		write(t, conf, recipe(t, "haproxy.cfg", at, insideIP+":80", inside, insideIP, inside, "bind :80", "bind "+at.host(port)))
		return commands{exec.Command("/usr/sbin/haproxy", "-c", "-f", conf), exec.Command("/usr/sbin/haproxy", "-db", "-f", conf)}
	})
	return port
}

func startCaddy(t *testing.T, at room, inside string) int {
	dir := lab.TempDir(t)
	conf := filepath.Join(dir, "Caddyfile")
	caddy := func(verb string) *exec.Cmd {
		cmd := exec.Command("/usr/bin/caddy", verb, "--config", conf, "--adapter", "caddyfile")
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
		return cmd
	}
	_, port := at.serve(t, "caddy", dir, func(port int) commands {
		fill(t, conf, "Caddyfile.template", map[string]any{"Port": port, "Address": at.ip, "Text": recipe(t, "Caddyfile", at, insideIP, inside)})
		return commands{caddy("validate"), caddy("run")}
	})
	return port
}

// startRelay runs wCME alone, as on a front without a web server.
func startRelay(t *testing.T, at room, inside string) int {
	dir := lab.TempDir(t)
	programs := at.programs(t, dir)
	root := filepath.Join(dir, "state")
	run(t, programs, root, "setup")
	port := at.port
	if !at.isOwn() {
		var err error
		if port, err = lab.FreePort(); err != nil {
			t.Fatal(err)
		}
	}
	listen := net.JoinHostPort(at.ip, strconv.Itoa(port))
	write(t, filepath.Join(root, "etc", "wcme.toml"), fmt.Sprintf("[challenge]\nlisten = %q\nwhen = \"always\"\n\n", listen)+
		recipe(t, "relay.toml", at, insideIP, inside))
	at.await(t, lab.MustOverseer(t, programs, root), port)
	return port
}

// startScript runs wCME under a web server that has sites of its own.
func startScript(t *testing.T, at room, inside string) int {
	h := newHost(t, at)
	write(t, filepath.Join(h.root, "etc", "wcme.toml"), scriptUser()+recipe(t, "relay.toml", at, insideIP, inside))
	lab.MustOverseer(t, h.programs, h.root)
	return h.port
}
