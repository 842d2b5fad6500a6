// Package load_test runs the standard load of wcme/acmecore/load with the real
// servers that it knows.
package load_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/load"
	"wcme/deploy/lab"
)

// kind is a server of the test.
type kind struct {
	name  string   // as Find calls it
	files []string // of testdata, without .template; the first one can be broken
	// command runs it in the foreground, with its files in dir.
	command func(dir string) []string
	// environment is beside PATH and TEST_PORT, the port.
	environment func(dir string) []string
	dirs        []string                   // made for it
	user        string                     // that it becomes, where root starts it; "" is lab.WebUser
	admin       string                     // directory of Caddy's admin socket
	check       func(dir string) *exec.Cmd // makes what it needs; nil where there is nothing
}

func nginx() kind {
	return kind{name: "nginx", files: []string{"nginx.conf"}, dirs: []string{"with blanks"}, command: func(dir string) []string {
		return []string{"/usr/sbin/nginx", "-p", dir + "/with blanks", "-c", dir + "/nginx.conf", "-g", "daemon off; worker_shutdown_timeout 10s;"}
	}}
}

func apache() kind {
	return kind{name: "Apache", files: []string{"apache.conf"},
		command: func(dir string) []string {
			return []string{"/usr/sbin/apache2", "-f", dir + "/apache.conf", "-DFOREGROUND", "-k", "start"}
		},
		environment: func(dir string) []string { return []string{"APACHE_RUN_DIR=" + dir, "APACHE_RUN_USER=" + lab.WebUser} }}
}

func lighttpd() kind {
	return kind{name: "lighttpd", files: []string{"lighttpd.conf"},
		command: func(dir string) []string { return []string{"/usr/sbin/lighttpd", "-D", "-f", dir + "/lighttpd.conf"} }}
}

// haproxy has its workers in a chroot, as Debian's has.
func haproxy(mode string) kind {
	k := kind{name: "HAProxy", user: "haproxy", files: []string{"haproxy.cfg"},
		command: func(dir string) []string { return []string{"/usr/sbin/haproxy", mode, "-f", dir + "/haproxy.cfg"} }}
	if mode != "-db" {
		k.dirs = []string{"jail"}
		k.environment = func(dir string) []string { return []string{"TEST_JAIL=" + filepath.Join(dir, "jail")} }
	}
	return k
}

func caddy() kind {
	return kind{name: "Caddy", files: []string{"Caddyfile"},
		command: func(dir string) []string {
			return []string{"/usr/bin/caddy", "run", "--config", dir + "/Caddyfile", "--adapter", "caddyfile"}
		},
		environment: func(dir string) []string {
			return []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir + "/data", "XDG_CONFIG_HOME=" + dir + "/config"}
		}}
}

// running is a server that runs, with the certificate a in service.
type running struct {
	kind
	dir, pair string
	become    string // the user that it becomes; "" where it is ours already
	server    *lab.Server
	a, b      pair
}

// pair is a certificate and its key, in one file's content.
type pair struct {
	text []byte
	leaf []byte // DER
}

func (r *running) configuration() string { return filepath.Join(r.dir, r.files[0]) }

// start starts a server as its package does: as root, which many leave afterwards.
func start(t *testing.T, k kind) *running {
	t.Helper()
	r := &running{kind: k, dir: filepath.Join(lab.TempDir(t), "conf"), a: makePair(t), b: makePair(t)}
	r.pair = filepath.Join(r.dir, "pair.pem")
	for _, dir := range append([]string{""}, k.dirs...) {
		if err := os.MkdirAll(filepath.Join(r.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		r.become = cmp.Or(k.user, lab.WebUser)
	}
	r.install(t, r.a)
	r.server = lab.MustServer(t, lab.ServerOptions{Name: "server", Dir: r.dir, Ports: 1, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
		err = r.write(ports[0])
		if r.check != nil {
			check = r.check(r.dir)
		}
		return check, r.foreground(ports[0]), err
	}})
	r.await(t, r.a)
	return r
}

func (r *running) foreground(port int) *exec.Cmd {
	words := r.command(r.dir)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TEST_PORT=" + strconv.Itoa(port)}
	if r.environment != nil {
		cmd.Env = append(cmd.Env, r.environment(r.dir)...)
	}
	return cmd
}

// write writes the configuration, and what the server appends to.
func (r *running) write(port int) error {
	values := struct {
		Dir, Pair, User, Admin string
		Port                   int
	}{r.dir, r.pair, r.become, filepath.Join(r.dir, r.admin), port}
	for _, file := range r.files {
		if err := lab.Fill(filepath.Join("testdata", file+".template"), filepath.Join(r.dir, file), values); err != nil {
			return err
		}
	}
	log := filepath.Join(r.dir, "error.log")
	err := os.WriteFile(log, nil, 0o600)
	return errors.Join(err, give(log, r.become))
}

// give makes a file the user's; "" leaves it.
func give(path, name string) error {
	if name == "" {
		return nil
	}
	found, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(found.Gid)
	return errors.Join(err, os.Chown(path, uid, gid))
}

// install puts a certificate in service, for the server's own group to read.
func (r *running) install(t *testing.T, p pair) {
	t.Helper()
	if err := errors.Join(os.WriteFile(r.pair, p.text, 0o600), give(r.pair, r.become)); err != nil {
		t.Fatal(err)
	}
}

func makePair(t *testing.T) pair {
	t.Helper()
	identity, err := lab.MakeIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := os.ReadFile(identity.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	both, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{text: append(certificate, key...), leaf: both.Certificate[0]}
}

// served is the certificate that a visitor gets.
func (r *running) served(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(r.server.Ports[0])))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw, nil
}

// await returns when a visitor gets the certificate.
func (r *running) await(t *testing.T, want pair) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := r.server.Process.Await(ctx, func(ctx context.Context) error {
		got, err := r.served(ctx)
		if err == nil && !bytes.Equal(got, want.leaf) {
			err = errors.New("another certificate is served")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// load runs the standard load for this server alone: others may run on this host.
func (r *running) load(t *testing.T, steps acmecore.Progress) acmecore.LoadResult {
	t.Helper()
	runner := load.Runner{Step: steps, Servers: func() ([]load.Server, error) {
		found := r.find(t)
		return []load.Server{found}, nil
	}}
	return runner.Run(t.Context(), load.Action{Name: "servers", Standard: true}, load.Batch{Names: []acmecore.Name{"localhost"}})
}

// find wants to find the server, once.
func (r *running) find(t *testing.T) load.Server {
	t.Helper()
	all, err := load.Find()
	if err != nil {
		t.Fatal(err)
	}
	var own []load.Server
	for _, found := range all {
		if strings.Contains(strings.Join(found.Args, " "), r.dir) || found.PID == r.server.Process.PID() {
			own = append(own, found)
		}
	}
	if len(own) != 1 || own[0].Kind != r.name {
		t.Fatalf("found %v, want one %s", own, r.name)
	}
	return own[0]
}

// TestStandardLoadShowsTheNewCertificate is L17 too: what does not pass its own test
// is left alone.
func TestStandardLoadShowsTheNewCertificate(t *testing.T) {
	t.Parallel()
	for _, k := range []kind{nginx(), apache(), lighttpd(), haproxy("-W"), haproxy("-Ws"), caddy()} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			reloads(t, start(t, k))
		})
	}
}

// reloads wants the certificate b after a load, and still b after one with a broken
// configuration, and then a again.
func reloads(t *testing.T, r *running) {
	t.Helper()
	r.install(t, r.b)
	if result := r.load(t, nil); result.Problem != "" || len(result.Commands) != 2 {
		t.Fatalf("got %+v", result)
	}
	r.await(t, r.b)

	intact, err := os.ReadFile(r.configuration())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.configuration(), append(intact, "\nnonsense { here\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	r.install(t, r.a)
	result := r.load(t, nil)
	if !strings.Contains(result.Problem, r.name+" (process ") || !strings.Contains(result.Problem, "did not pass its own test") || len(result.Commands) != 1 || result.Hint == "" {
		t.Errorf("with a broken configuration: got %+v", result)
	}
	r.await(t, r.b)

	if err := os.WriteFile(r.configuration(), intact, 0o644); err != nil {
		t.Fatal(err)
	}
	if result := r.load(t, nil); result.Problem != "" {
		t.Fatalf("with its configuration back: got %+v", result)
	}
	r.await(t, r.a)
}

// TestRightsStandardLoadSpeaksAsTheServersUser: Caddy is not started by root on
// Debian. Root's own Caddy would leave files of root's in its place.
func TestRightsStandardLoadSpeaksAsTheServersUser(t *testing.T) {
	t.Parallel()
	k := caddy()
	asRoot := k.command
	k.command = func(dir string) []string {
		return append([]string{"/usr/bin/setpriv", "--reuid=" + lab.WebUser, "--regid=" + lab.WebUser, "--init-groups"}, asRoot(dir)...)
	}
	k.dirs = []string{"own"}
	k.environment = func(dir string) []string {
		own := filepath.Join(dir, "own")
		return []string{"HOME=" + own, "XDG_DATA_HOME=" + own + "/data", "XDG_CONFIG_HOME=" + own + "/config"}
	}
	k.admin = "own"
	k.check = func(dir string) *exec.Cmd { return exec.Command("/bin/chown", lab.WebUser, filepath.Join(dir, "own")) }
	r := start(t, k)
	if found := r.find(t); found.User != lab.WebUser || found.Problem != "" {
		t.Fatalf("found %v", found)
	}
	reloads(t, r)
	err := filepath.WalkDir(filepath.Join(r.dir, "own"), func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // Caddy cleans up meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && info.Sys().(*syscall.Stat_t).Uid == 0 {
			t.Errorf("%s is root's", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestHAProxyWithoutAMasterIsLeftAlone shows what cannot be reloaded gracefully.
func TestHAProxyWithoutAMasterIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := start(t, haproxy("-db"))
	r.install(t, r.b)
	if result := r.load(t, nil); !strings.Contains(result.Problem, "without a master process") || !strings.Contains(result.Hint, "-Ws") || len(result.Commands) != 0 {
		t.Errorf("got %+v", result)
	}
	r.await(t, r.a)
}

// TestRightsLighttpdSurvivesAKeyOutOfItsReach: it reads its files as www-data when it
// reloads, and ends when it may not.
func TestRightsLighttpdSurvivesAKeyOutOfItsReach(t *testing.T) {
	t.Parallel()
	r := start(t, lighttpd())
	r.install(t, r.b)
	if err := os.Chown(r.pair, 0, 0); err != nil {
		t.Fatal(err)
	}
	result := r.load(t, nil)
	if !strings.Contains(result.Problem, "did not pass its own test") || !strings.Contains(result.Problem, "Permission denied") || !strings.Contains(result.Hint, "own command") {
		t.Errorf("got %+v", result)
	}
	r.await(t, r.a)
}

func TestStandardLoadTellsWhatItDoes(t *testing.T) {
	t.Parallel()
	r := start(t, nginx())
	var steps []string
	result := r.load(t, func(step acmecore.Step) { steps = append(steps, step.Subject+": "+step.Text) })
	if result.Problem != "" {
		t.Fatalf("got %+v", result)
	}
	pid := r.server.Process.PID()
	tested := fmt.Sprintf("/usr/sbin/nginx -t -p %[1]s/with blanks -c %[1]s/nginx.conf -g daemon off; worker_shutdown_timeout 10s;", r.dir)
	if len(steps) != 3 || steps[0] != "servers: runs "+tested || steps[2] != fmt.Sprintf("nginx: sends SIGHUP to process %d", pid) {
		t.Errorf("got the steps %q, want the first one to run %q", steps, tested)
	}
	if got, want := strings.Join(result.Commands[1].Args, " "), fmt.Sprintf("kill -HUP %d", pid); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if shown := r.find(t).String(); !strings.HasPrefix(shown, fmt.Sprintf("nginx (process %d, ", pid)) || !strings.HasSuffix(shown, ") /usr/sbin/nginx") {
		t.Errorf("it shows as %q", shown)
	}
}
