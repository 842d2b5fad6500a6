package webroot_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"wcme/deploy/lab"
)

// recipe is a file of this directory, for the host's state directory.
func (h *host) recipe(name string) string {
	h.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		h.Fatal(err)
	}
	const installed = "/var/lib/wcme"
	if !strings.Contains(string(text), installed) {
		h.Fatal(errors.New(name + " does not have " + installed))
	}
	return strings.ReplaceAll(string(text), installed, h.root)
}

// asUser is a directive for the server's user, where it has to be told; otherwise it
// runs as whoever runs the test.
func asUser(format string) string {
	if os.Geteuid() != 0 {
		return ""
	}
	return strings.ReplaceAll(format, "USER", lab.WebUser)
}

func (h *host) start(name string, prepare func(port int) (check, run *exec.Cmd, err error)) {
	h.Helper()
	server := lab.MustServer(h, lab.ServerOptions{Name: name, Dir: h.dir, Ports: 1,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) { return prepare(ports[0]) }})
	h.port = server.Ports[0]
}

func (h *host) startNginx() {
	h.Helper()
	h.start("nginx", func(port int) (check, run *exec.Cmd, err error) {
		conf := h.write("nginx.conf", fmt.Sprintf(`%s
pid %[2]s/nginx.pid;
error_log stderr notice;
daemon off;
events { }
http {
    access_log off;
    client_body_temp_path %[2]s/body;
    proxy_temp_path %[2]s/proxy;
    fastcgi_temp_path %[2]s/fastcgi;
    uwsgi_temp_path %[2]s/uwsgi;
    scgi_temp_path %[2]s/scgi;
    server {
        listen 127.0.0.1:%[3]d;
        auth_basic "everything else";
        location ~ \.html$ { return 200 "secret"; } # as a site may have it
        %[4]s
    }
}
`, asUser("user USER;"), h.dir, port, h.recipe("nginx.conf")))
		return exec.Command("nginx", "-t", "-c", conf), exec.Command("nginx", "-c", conf, "-e", "stderr"), nil
	})
}

func (h *host) startApache() {
	h.Helper()
	file, err := filepath.Abs("apache.conf")
	if err != nil {
		h.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil { // go test has to know that the result depends on it
		h.Fatal(err)
	}
	apache := lab.MustApache(h, lab.ApacheOptions{Dir: h.dir,
		Site: fmt.Sprintf("Define WCME_ROOT \"${LAB_DIR}/state\"\nInclude %q\n", file)})
	h.port = apache.Port
}

func (h *host) startLighttpd() {
	h.Helper()
	h.start("lighttpd", func(port int) (check, run *exec.Cmd, err error) {
		conf := h.write("lighttpd.conf", fmt.Sprintf(`server.modules = ( "mod_alias", "mod_setenv" )
server.bind = "127.0.0.1"
server.port = %d
server.document-root = %q
%s
%s
`, port, h.empty(), asUser("server.username = \"USER\"\nserver.groupname = \"USER\""), h.recipe("lighttpd.conf")))
		return exec.Command("lighttpd", "-tt", "-f", conf), exec.Command("lighttpd", "-D", "-f", conf), nil
	})
}

// empty is a document root.
func (h *host) empty() string {
	h.Helper()
	dir := filepath.Join(h.dir, "htdocs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		h.Fatal(err)
	}
	return dir
}

func (h *host) startBusybox() {
	h.Helper()
	home := filepath.Join(h.dir, "challenges")
	h.served = filepath.Join(home, ".well-known", "acme-challenge")
	h.start("busybox", func(port int) (check, run *exec.Cmd, err error) {
		cmd := exec.Command("./busybox.sh")
		cmd.Env = append(os.Environ(), "WCME_CHALLENGES="+home, "WCME_PORT=127.0.0.1:"+strconv.Itoa(port), asUser("WCME_USER=USER"))
		return nil, cmd, nil
	})
}
