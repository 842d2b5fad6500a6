package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
)

// The places of Debian's package apache2-bin, the only Apache that the lab knows.
const (
	apacheProgram = "/usr/sbin/apache2"
	apacheModules = "/usr/lib/apache2/modules"
)

// WebUser is the user that a server of the lab runs as when the lab runs as root.
const WebUser = "www-data"

// ApacheOptions say what the server serves.
type ApacheOptions struct {
	Dir string // where its configuration, logs and sockets go; made with MakeDir, so that its user can enter it
	// Site is the configuration of the site, read last, after everything was
	// denied as Debian's apache2.conf does. It may use ${LAB_HTTP} and
	// ${LAB_HTTPS}, the ports that the server listens on, and ${LAB_DIR}.
	Site    string
	Modules []string // beside those of the lab: "headers" for mod_headers
}

// Apache is a running Apache: mpm_event, and mod_cgid for scripts.
type Apache struct {
	Port    int // HTTP
	TLSPort int // for a virtual host of Site with SSLEngine on
	dir     string
	Process *Process
}

// apacheTemplate is what Debian's own configuration would be with these modules
// enabled.
//
//go:embed apache.conf.template
var apacheTemplate string

// apacheValues is what the template is filled with.
type apacheValues struct {
	*Apache
	Dir, Lab, Site  string
	ModuleDir, User string
	Modules         []string
}

// StartApache checks the configuration with `apache2 -t`, starts the server and
// returns when it listens. As root it runs as WebUser.
func StartApache(ctx context.Context, o ApacheOptions) (*Apache, error) {
	if _, err := os.Stat(apacheProgram); err != nil {
		return nil, fmt.Errorf("start Apache: %w (Debian's package apache2-bin; `make test` as root installs it)", err)
	}
	for _, sub := range []string{"apache", "apache/run", "apache/htdocs"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	return retry(func() (*Apache, error) { return startApache(ctx, o) })
}

func startApache(ctx context.Context, o ApacheOptions) (*Apache, error) {
	ports, err := FreePorts(2)
	if err != nil {
		return nil, err
	}
	a := &Apache{Port: ports[0], TLSPort: ports[1], dir: filepath.Join(o.Dir, "apache")}
	if err := a.configure(o); err != nil {
		return nil, err
	}
	conf := filepath.Join(a.dir, "apache.conf")
	if output, err := exec.Command(apacheProgram, "-t", "-f", conf).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("apache2 -t: %w: %s", err, output)
	}
	_ = os.Remove(a.pidFile())
	a.Process, err = Start(filepath.Join(a.dir, "output.log"), exec.Command(apacheProgram, "-f", conf, "-DFOREGROUND"))
	if err != nil {
		return nil, err
	}
	_, err = stopUnless(a.Process, a.awaitReady(ctx))
	return a, err
}

// awaitReady returns when the server has written its process id, which it does
// once it listens.
func (a *Apache) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return a.Process.Await(ctx, func(context.Context) error {
		text, err := os.ReadFile(a.pidFile())
		if err == nil && strings.TrimSpace(string(text)) != strconv.Itoa(a.Process.PID()) {
			err = fmt.Errorf("%s has another process: %q", a.pidFile(), text)
		}
		return err
	})
}

func (a *Apache) pidFile() string { return filepath.Join(a.dir, "run", "apache.pid") }

// configure writes the site's configuration and, around it, the server's.
func (a *Apache) configure(o ApacheOptions) error {
	site := filepath.Join(a.dir, "site.conf")
	if err := os.WriteFile(site, []byte(o.Site), 0o644); err != nil {
		return err
	}
	server, err := os.Create(filepath.Join(a.dir, "apache.conf"))
	if err != nil {
		return err
	}
	values := apacheValues{Apache: a, Dir: a.dir, Lab: o.Dir, Site: site, ModuleDir: apacheModules, Modules: o.Modules}
	if os.Geteuid() == 0 {
		values.User = WebUser
	}
	err = template.Must(template.New("apache").Parse(apacheTemplate)).Execute(server, values)
	return errors.Join(err, server.Close())
}

// Log returns what Apache, and the scripts that it runs, complained about.
func (a *Apache) Log() string { return readLog(filepath.Join(a.dir, "error.log")) }

// AccessLog returns a line for each request, `"GET /path HTTP/1.1" 200 "agent"`.
// It is complete after Stop: Apache answers first and writes then.
func (a *Apache) AccessLog() string { return readLog(filepath.Join(a.dir, "access.log")) }

// Stop ends the server with all its processes.
func (a *Apache) Stop() error { return a.Process.Stop() }
