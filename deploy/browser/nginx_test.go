package browser_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

const nginx = "/usr/sbin/nginx"

// nginxValues is what testdata/nginx.conf.template is filled with.
type nginxValues struct {
	Dir, User, More, Admin   string
	Certificate, Key, Served string
	HTTP, HTTPS              int
}

// underNginx is an office where nginx asks the script as a FastCGI daemon, and wCME has
// its own log-in, with a site for www.example.test and shop.example.test.
func underNginx(t *testing.T, s settings) *office {
	t.Helper()
	o := found(t, lab.MustBuild(t))
	o.serveByNginx(o.daemon())
	s.admin = "auth = \"login\"\n" + s.admin
	o.open(s)
	return o
}

func (o *office) serveByNginx(socket string) {
	o.Helper()
	dir := filepath.Join(o.dir, "nginx")
	o.installNginx(dir, socket)
	o.hold()
	o.write("more.conf", "# what else there is\n")
	o.faulty = filepath.Join(o.dir, "more.conf")
	values := nginxValues{Dir: dir, More: o.faulty, Admin: adminName, Certificate: o.identity.Certificate, Key: o.identity.Key,
		Served: o.installed(o.sites[0])}
	if os.Geteuid() == 0 {
		values.User = lab.WebUser
	}
	conf := filepath.Join(dir, "nginx.conf")
	server := lab.MustServer(o, lab.ServerOptions{
		Name: "nginx", Dir: o.dir, Ports: 2,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			values.HTTP, values.HTTPS = ports[0], ports[1]
			return exec.Command(nginx, "-t", "-c", conf), exec.Command(nginx, "-c", conf, "-g", "daemon off;"),
				lab.Fill("testdata/nginx.conf.template", conf, values)
		},
	})
	o.httpPort, o.tlsPort = server.Ports[0], server.Ports[1]
	o.errors = func() string { return o.read(filepath.Join(dir, "error.log")) }
	o.accesses = func() string { return o.read(filepath.Join(dir, "access.log")) }
	o.reload = fmt.Sprintf("%s -t -c %s && kill -HUP %d", nginx, conf, server.Process.PID())
}

// installNginx copies the files of deploy/nginx to where their heads say, but for the
// password that nginx itself would ask for.
func (o *office) installNginx(dir, socket string) {
	o.Helper()
	paths := strings.NewReplacer("/run/wcme/web.sock", socket, "satisfy all;", "", "fastcgi_param AUTH_TYPE Basic;", "",
		"auth_basic \"wCME\";", "", "auth_basic_user_file /etc/nginx/wcme.users;", "")
	for _, sub := range []string{"snippets", "conf.d", "htdocs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			o.Fatal(err)
		}
	}
	for from, to := range map[string]string{
		"/etc/nginx/fastcgi_params":    "fastcgi_params",
		"../nginx/wcme-challenge.conf": "snippets/wcme-challenge.conf",
		"../nginx/wcme-admin.conf":     "snippets/wcme-admin.conf",
		"../nginx/wcme-run.conf":       "snippets/wcme-run.conf",
		"../nginx/wcme-upstream.conf":  "conf.d/wcme-upstream.conf",
	} {
		if err := lab.Adapt(from, filepath.Join(dir, to), paths); err != nil {
			o.Fatal(err)
		}
	}
	if strings.Contains(o.read(filepath.Join(dir, "snippets/wcme-admin.conf")), "auth_basic_user_file /etc") {
		o.Fatal("wcme-admin.conf asks for a password still")
	}
}

// daemon starts `wcme web --fastcgi` as the web server's user, and returns its socket.
func (o *office) daemon() (socket string) {
	o.Helper()
	dir := filepath.Join(o.dir, "web")
	if err := os.Mkdir(dir, 0o700); err != nil {
		o.Fatal(err)
	}
	socket = filepath.Join(dir, "fastcgi.sock")
	command := o.programs.Command(context.WithoutCancel(o.Context()), o.root, "web", "--fastcgi", "unix:"+socket)
	process, err := lab.Start(filepath.Join(o.dir, "web.log"), o.asWebUser(command, dir))
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() {
		if err := process.Stop(); err != nil {
			o.Error(err)
		}
		if o.Failed() {
			o.Logf("the daemon's log:\n%s", process.Log())
		}
	})
	ctx, cancel := context.WithTimeout(o.Context(), patience)
	defer cancel()
	err = process.Await(ctx, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		o.Fatal(err)
	}
	return socket
}

// asWebUser lets the command run as the user that the server runs as, who gets the
// directory.
func (o *office) asWebUser(command *exec.Cmd, dir string) *exec.Cmd {
	o.Helper()
	if os.Geteuid() != 0 {
		return command
	}
	if output, err := exec.Command("chown", lab.WebUser+":", dir).CombinedOutput(); err != nil {
		o.Fatalf("chown: %v: %s", err, output)
	}
	other := exec.Command("/usr/bin/setpriv", append([]string{"--reuid=" + lab.WebUser, "--regid=" + lab.WebUser,
		"--init-groups", "--pdeathsig=TERM", "--", command.Path}, command.Args[1:]...)...)
	other.Env = command.Env
	return other
}
