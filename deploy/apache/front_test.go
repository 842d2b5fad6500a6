package apache_test

import (
	"fmt"
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

// mode is a way to run the script: a file of this directory, and the modules
// that its first lines enable beside those that Debian's Apache has anyway.
type mode struct {
	name, file string
	modules    []string
	fastCGI    func(*front.Host) (socket string) // nil where Apache starts the script
	before     string                            // configuration that is read before the file
	within     string                            // configuration within the virtual host for http
}

func modes() []mode {
	return []mode{
		{"mod_cgid", "wcme.conf", []string{"mpm_event", "cgid", "ssl", "auth_basic"}, nil, "", ""},
		{"mod_cgi", "wcme-cgi.conf", []string{"mpm_prefork", "cgi", "ssl", "auth_basic"}, nil, "", ""},
		{"mod_fcgid", "wcme-fcgid.conf", []string{"mpm_event", "fcgid", "ssl", "auth_basic"}, nil, "", ""},
		{"mod_proxy_fcgi, ProxyPass", "wcme-proxypass.conf", []string{"mpm_event", "proxy", "proxy_fcgi", "ssl", "auth_basic"}, (*front.Host).FastCGI, "", ""},
		{"mod_proxy_fcgi, SetHandler", "wcme-sethandler.conf", []string{"mpm_event", "proxy", "proxy_fcgi", "ssl", "auth_basic"}, (*front.Host).SpawnFCGI, "", ""},
	}
}

// TestFront lets each way to run the script answer the requests that all servers
// answer alike.
func TestFront(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			host := front.NewHost(t)
			socket := ""
			if mode.fastCGI != nil {
				socket = mode.fastCGI(host)
			}
			server := start(t, host, mode, socket)
			front.Play(t, host, front.Target{
				Server: "Apache", Mode: mode.name, Base: "/cgi-bin/wcme",
				HTTP:  lab.Loopback(server.Ports[0]),
				HTTP6: net.JoinHostPort("::1", strconv.Itoa(server.Ports[0])),
				HTTPS: lab.Loopback(server.Ports[1]),
				Log:   server.Log,
			})
		})
	}
}

func start(t *testing.T, host *front.Host, mode mode, socket string) *lab.Server {
	t.Helper()
	return lab.MustServer(t, options(t, host, mode, socket))
}

// options are those of Apache with the mode's file in what Debian's configuration
// would be.
func options(t *testing.T, host *front.Host, mode mode, socket string) lab.ServerOptions {
	t.Helper()
	for _, sub := range []string{"apache/run", "apache/htdocs"} {
		if err := os.MkdirAll(filepath.Join(host.Dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text := configuration(t, host, mode, socket)
	return lab.ServerOptions{Name: "apache", Dir: host.Dir, Ports: 2, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
		conf := filepath.Join(host.Dir, "apache", "apache.conf")
		numbers := fmt.Sprintf("Define LAB_HTTP %d\nDefine LAB_HTTPS %d\n", ports[0], ports[1])
		err = os.WriteFile(conf, []byte(numbers+text), 0o644)
		return exec.Command("/usr/sbin/apache2", "-t", "-f", conf), exec.Command("/usr/sbin/apache2", "-f", conf, "-DFOREGROUND"), err
	}}
}

// configuration is that of a machine with a web server: modules, a virtual host
// for http and one for https. The file to test is included as it is.
func configuration(t *testing.T, host *front.Host, mode mode, socket string) string {
	t.Helper()
	file, err := filepath.Abs(mode.file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil { // go test has to know that the result depends on it
		t.Fatal(err)
	}
	var modules strings.Builder
	for _, name := range append(always(), mode.modules...) {
		fmt.Fprintf(&modules, "LoadModule %s_module \"/usr/lib/apache2/modules/mod_%s.so\"\n", name, name)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "User " + lab.WebUser + "\nGroup " + lab.WebUser + "\n"
	}
	return modules.String() + user + strings.NewReplacer(
		"$DIR", filepath.Join(host.Dir, "apache"), "$BIN", host.Bin, "$SCRIPT", filepath.Join(host.Bin, "wcme"), "$ROOT", host.Root,
		"$USERS", host.Users, "$SOCKET", socket, "$FILE", file,
		"$CERTIFICATE", host.Identity.Certificate, "$KEY", host.Identity.Key,
	).Replace(strings.NewReplacer("$BEFORE", mode.before, "$WITHIN", mode.within).Replace(around))
}

// always are the modules that Debian enables from the start.
func always() []string {
	return []string{"authn_core", "authn_file", "authz_core", "authz_user", "alias", "dir", "env", "filter", "mime", "negotiation",
		"reqtimeout", "setenvif", "socache_shmcb"}
}

const around = `
ServerRoot "$DIR"
ServerName localhost
PidFile "$DIR/run/apache.pid"
DefaultRuntimeDir "$DIR/run"
<IfModule cgid_module>
    ScriptSock "$DIR/run/cgid.sock"
</IfModule>
<IfModule fcgid_module>
    FcgidIPCDir "$DIR/run/fcgid"
    FcgidProcessTableFile "$DIR/run/fcgid.table"
</IfModule>
TypesConfig /dev/null
StartServers 1
LogLevel warn
ErrorLog /dev/stderr

DocumentRoot "$DIR/htdocs"
<Directory "/">
    AllowOverride None
    Require all denied
</Directory>
<Directory "$DIR/htdocs">
    Require all granted
</Directory>

Listen 127.0.0.1:${LAB_HTTP}
Listen [::1]:${LAB_HTTP}
Listen 127.0.0.1:${LAB_HTTPS}

Define WCME_SCRIPT "$SCRIPT"
Define WCME_ROOT   "$ROOT"
Define WCME_USERS  "$USERS"
Define WCME_WEB    "$SOCKET"
$BEFORE
Include "$FILE"

<VirtualHost *:${LAB_HTTP}>
    ServerName www.example.test
    $WITHIN
</VirtualHost>
<VirtualHost *:${LAB_HTTPS}>
    ServerName www.example.test
    SSLEngine on
    SSLCertificateFile "$CERTIFICATE"
    SSLCertificateKeyFile "$KEY"
</VirtualHost>
`
