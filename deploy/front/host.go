package front

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

const challengePath = "/.well-known/acme-challenge"

// The pending challenge of a Host: a token with all that one may have in it.
const (
	token         = "AbCdEfGhIjKlMnOpQrStUvWxYz-_0123456789aBcDe"
	authorization = token + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
)

// Host is a machine as an administrator prepares it for a web server: the state
// directory set up, the overseer running, one certificate managed, one challenge
// pending.
type Host struct {
	Dir      string // everything is in it; the server's files may be too
	Root     string // the state directory
	Bin      string // a directory of scripts with wcme and wcme-pages, and nothing else
	Users    string // file of User's password, as Apache, nginx and lighttpd read it: {SHA}
	Plain    string // the same as "user:password"
	Identity lab.Identity
	Programs lab.Programs // where everybody may run them
	test     testing.TB
	logs     []func() string
}

// NewHost prepares a machine for the time of the test.
func NewHost(t testing.TB) *Host {
	t.Helper()
	dir := lab.TempDir(t)
	h := &Host{
		Dir: dir, Root: filepath.Join(dir, "state"), Bin: filepath.Join(dir, "cgi-bin"),
		Users: filepath.Join(dir, "users"), Plain: filepath.Join(dir, "users.plain"),
		Programs: lab.MustBuild(t), test: t,
	}
	h.install()
	h.setUp()
	overseer := lab.MustOverseer(t, h.Programs, h.Root)
	h.logs = append(h.logs, overseer.Log)
	h.write("state/www/"+token, authorization) // now: an overseer that starts sweeps what an ended one has left
	return h
}

// install puts the programs where every user may run them.
func (h *Host) install() {
	h.test.Helper()
	program := filepath.Join(h.Dir, "wcme")
	h.must(os.Mkdir(h.Bin, 0o755))
	h.must(h.Programs.InstallScript(h.Bin))
	h.must(lab.Install(h.Programs.Wcme, program))
	h.Programs.Wcme = program
}

// setUp does what an administrator does once.
func (h *Host) setUp() {
	h.test.Helper()
	output, err := h.Programs.Command(h.test.Context(), h.Root, "setup").CombinedOutput()
	if err != nil {
		h.test.Fatalf("wcme setup: %v\n%s", err, output)
	}
	h.Identity, err = lab.MakeIdentity(h.Dir, Name)
	h.must(err)
	h.write("state/etc/wcme.toml", settings())
	h.manage(Listed)
	h.write("users", User+":{SHA}"+hash(Password)+"\n")
	h.write("users.plain", User+":"+Password+"\n")
}

// manage makes a certificate that is managed, and valid for years: the overseer has
// nothing to do.
func (h *Host) manage(name string) {
	h.test.Helper()
	id := strings.ReplaceAll(name, ".", "_")
	h.write("state/etc/certificates/"+id+".toml", fmt.Sprintf("names = [%q]\n", name))
	versions := filepath.Join(h.Root, "priv", "certificates", id)
	version := filepath.Join(versions, "000001")
	h.must(os.MkdirAll(version, 0o700))
	identity, err := lab.MakeIdentity(version, name)
	h.must(err)
	h.must(os.Rename(identity.Certificate, filepath.Join(version, "fullchain.pem")))
	h.must(os.Remove(identity.Root))
	h.must(os.Symlink("000001", filepath.Join(versions, "current")))
}

// settings name a certification authority that nobody can reach.
func settings() string {
	text := "ca = \"nowhere\"\n"
	if os.Geteuid() == 0 { // otherwise servers run as the overseer's own user
		text += "[script]\nuser = \"" + lab.WebUser + "\"\n"
	}
	// Every server is asked by the same name, which is not the one of its certificate.
	// By itself the overseer has nothing to do: the daily pass is half a day away.
	text += "[renew]\nat = \"" + time.Now().Add(12*time.Hour).Format("15:04") + "\"\njitter = \"0s\"\n"
	return text + "[admin]\nhosts = [\"" + Name + "\"]\n[authority.nowhere]\ndirectory = \"https://127.0.0.1:1/directory\"\n"
}

// hash is of the kind that is marked {SHA}: not for real users, but in the
// standard library.
func hash(password string) string {
	sum := sha1.Sum([]byte(password))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// write makes a file that everybody can read.
func (h *Host) write(name, text string) {
	h.test.Helper()
	h.must(os.WriteFile(filepath.Join(h.Dir, name), []byte(text), 0o644))
}

func (h *Host) must(err error) {
	h.test.Helper()
	if err != nil {
		h.test.Fatal(err)
	}
}

// complaints are what nobody may find in the logs of wCME's own processes.
func (h *Host) complaints() (lines []string) {
	for _, log := range h.logs {
		lines = append(lines, faults(log())...)
	}
	return lines
}

// FastCGI starts `wcme web --fastcgi` as the web server's user, and returns its
// socket, which that user may connect to.
func (h *Host) FastCGI() (socket string) {
	h.test.Helper()
	socket = h.socket("web")
	command := h.Programs.Command(context.WithoutCancel(h.test.Context()), h.Root, "web", "--fastcgi", "unix:"+socket)
	h.start("web.log", socket, asWebUser(command))
	return socket
}

// SpawnFCGI starts the script by spawn-fcgi, with the socket as descriptor 0, as
// the web server's user, and returns the socket.
func (h *Host) SpawnFCGI() (socket string) {
	h.test.Helper()
	socket = h.socket("script")
	command := exec.Command("/usr/bin/spawn-fcgi", "-n", "-s", socket, "--", filepath.Join(h.Bin, "wcme"))
	command.Env = append(os.Environ(), "WCME_ROOT="+h.Root)
	h.start("script.log", socket, asWebUser(command))
	return socket
}

// socket returns a path in a directory that the web server's user may write to,
// and nobody else may enter.
func (h *Host) socket(name string) string {
	h.test.Helper()
	dir := filepath.Join(h.Dir, name)
	h.must(os.Mkdir(dir, 0o700))
	if os.Geteuid() == 0 {
		output, err := exec.Command("chown", lab.WebUser+":", dir).CombinedOutput()
		if err != nil {
			h.test.Fatalf("chown: %v: %s", err, output)
		}
	}
	return filepath.Join(dir, "fastcgi.sock")
}

// asWebUser lets the command run as the user that a server of the lab runs as;
// like every process of the lab, it ends with the one that started it.
func asWebUser(command *exec.Cmd) *exec.Cmd {
	if os.Geteuid() != 0 {
		return command
	}
	as := []string{"setpriv", "--reuid=" + lab.WebUser, "--regid=" + lab.WebUser, "--init-groups", "--pdeathsig=TERM", "--"}
	other := exec.Command("/usr/bin/setpriv", append(as[1:], command.Args...)...)
	other.Args[len(as)] = command.Path
	other.Env = command.Env
	return other
}

// start starts a process of wCME's for the time of the test, and returns when it
// accepts connections.
func (h *Host) start(log, socket string, command *exec.Cmd) {
	h.test.Helper()
	process, err := lab.Start(filepath.Join(h.Dir, log), command)
	h.must(err)
	h.test.Cleanup(func() {
		if err := process.Stop(); err != nil {
			h.test.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(h.test.Context(), patience)
	defer cancel()
	h.must(process.Await(ctx, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err != nil {
			return err
		}
		return conn.Close()
	}))
	h.logs = append(h.logs, process.Log)
}
