package systemd_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// playing is in the environment of a test that runs in namespaces of its own.
const playing = "WCME_TEST_PLAYING"

// certificates is where nginx.conf, deploy/nginx/wcme.toml and the drop-ins have them.
const certificates = "/etc/nginx/certificates"

// TestRightsOfTheOverseerAsRoot gives the overseer the capabilities, the read-only
// files and the calls that root.conf leaves it, and has it bring a certificate to
// nginx by the standard load. It has processes, a network and mounts of its own: the
// standard load reloads every server that it sees, and ports and paths are real.
func TestRightsOfTheOverseerAsRoot(t *testing.T) {
	if os.Getenv(playing) == "" {
		t.Parallel()
		playApart(t)
		return
	}
	unit, dropIn := fromHere(t, "wcme-overseer.service"), fromHere(t, "wcme-overseer.service.d/root.conf")
	programs, dir := lab.MustBuild(t), lab.TempDir(t)
	state := filepath.Join(dir, "state")
	furnish(t, dir)
	startNginx(t, dir)
	startLighttpd(t, dir)
	pebble := lab.MustPebble(t, programs, lab.PebbleOptions{Dir: dir, HTTPPort: 80, AlwaysValid: true})
	wcme(t, programs, state, "setup", "--web-user", "")
	configure(t, state, pebble)
	shutIn(t, dropIn)

	trace := filepath.Join(dir, "trace")
	command := programs.Command(t.Context(), state, "overseer")
	daemon := start(t, filepath.Join(dir, "log"), within(dropIn, "", append([]string{"strace", "-D", "-f", "-qq", "-o", trace}, command.Args...)...))
	awaitFile(t, daemon, lab.Socket(state))
	wcme(t, programs, state, "register")
	wcme(t, programs, state, "certify", "www.example.org")
	wcme(t, programs, state, "check", "served")
	if err := daemon.Stop(); err != nil {
		t.Fatal(err)
	}
	checkCalls(t, trace, unit, dropIn)

	// None of these can be left out.
	for _, without := range []string{"SYS_PTRACE", "KILL", "SETUID", "SETGID", "NET_BIND_SERVICE"} {
		check := programs.Command(t.Context(), state, "check", "load")
		if output, err := within(dropIn, without, check.Args...).CombinedOutput(); err == nil {
			t.Errorf("without CAP_%s: the standard load succeeded:\n%s", without, output)
		}
	}
}

// playApart runs this test again, apart, below a shell that takes in the processes
// that lose their parent.
func playApart(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	play := exec.CommandContext(t.Context(), "unshare", "--pid", "--net", "--mount", "--mount-proc", "--fork", "--kill-child", "--",
		"sh", "-c", `"$@"; exit $?`, "sh", self, "-test.run=^TestRightsOfTheOverseerAsRoot$", "-test.v")
	play.Env = append(os.Environ(), playing+"=1")
	output, err := play.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("--- PASS: TestRightsOfTheOverseerAsRoot")) {
		t.Fatalf("apart: %v\n%s", err, output)
	}
}

// succeed runs a command that must.
func succeed(t *testing.T, args ...string) {
	t.Helper()
	if output, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

// furnish makes the network, the names and the places of a host, over the real ones
// of this machine and seen by nobody else.
func furnish(t *testing.T, dir string) {
	t.Helper()
	succeed(t, "ip", "link", "set", "lo", "up")
	put(t, filepath.Join(dir, "hosts"), "127.0.0.1 localhost www.example.org\n")
	succeed(t, "mount", "--bind", filepath.Join(dir, "hosts"), "/etc/hosts")
	for _, place := range []string{"/etc/nginx", "/run", "/var/log/nginx", "/var/lib/nginx"} {
		succeed(t, "mount", "-t", "tmpfs", "tmpfs", place)
	}
	if err := os.Mkdir(certificates, 0o755); err != nil {
		t.Fatal(err)
	}
	identity, err := lab.MakeIdentity(dir, "www.example.org")
	if err != nil {
		t.Fatal(err)
	}
	succeed(t, "sh", "-c", `cat "$1" "$2" >"$3/pair.pem" && cp "$3/pair.pem" "$4" && chgrp www-data "$3/pair.pem" && chmod 640 "$3/pair.pem"`, "sh",
		identity.Certificate, identity.Key, dir, certificates+"/fullchain_www_example_org.pem")
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startNginx has it serve what deploy/nginx/wcme.toml installs.
func startNginx(t *testing.T, dir string) {
	t.Helper()
	advice, err := os.ReadFile("../nginx/wcme.toml")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, found := range regexp.MustCompile(`(?m)^#\t(ssl_certificate.*;)$`).FindAllStringSubmatch(string(advice), -1) {
		lines = append(lines, found[1])
	}
	put(t, "/etc/nginx/nginx.conf", "user www-data;\npid /run/nginx.pid;\nevents {}\nhttp {\n    server {\n        listen 443 ssl;\n"+
		strings.Join(lines, "\n")+"\n        return 204;\n    }\n}\n")
	serve(t, "nginx", dir, "127.0.0.1:443", "/usr/sbin/nginx", "-g", "daemon off;")
}

// startLighttpd has a server that is www-data's.
func startLighttpd(t *testing.T, dir string) {
	t.Helper()
	put(t, filepath.Join(dir, "lighttpd.conf"), strings.NewReplacer("DIR", dir).Replace(`server.modules = ( "mod_openssl" )
server.document-root = "DIR"
server.username = "www-data"
server.groupname = "www-data"
server.port = 8443
ssl.engine = "enable"
ssl.pemfile = "DIR/pair.pem"
`))
	serve(t, "lighttpd", dir, "127.0.0.1:8443", "/usr/sbin/lighttpd", "-D", "-f", filepath.Join(dir, "lighttpd.conf"))
}

func serve(t *testing.T, name, dir, address string, command ...string) {
	t.Helper()
	lab.MustServer(t, lab.ServerOptions{Name: name, Dir: dir, Listens: func([]int) []string { return []string{address} },
		Prepare: func([]int) (check, run *exec.Cmd, err error) {
			return nil, exec.Command(command[0], command[1:]...), nil
		}})
}

// configure writes what deploy/nginx/wcme.toml says, as it is.
func configure(t *testing.T, state string, pebble *lab.Pebble) {
	t.Helper()
	advice, err := os.ReadFile("../nginx/wcme.toml")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(state, "etc", "wcme.toml"), fmt.Sprintf(
		"ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n[report]\nopcom = [\"none\"]\n%s", pebble.Directory, pebble.Roots, advice))
}

// shutIn makes read-only what ProtectSystem=full does, but for ReadWritePaths=
// (systemd.exec(5)).
func shutIn(t *testing.T, dropIn string) {
	t.Helper()
	if got := setting(t, dropIn, "ProtectSystem"); !slices.Equal(got, []string{"full"}) {
		t.Fatalf("ProtectSystem=: got %q, want full", got)
	}
	open := setting(t, dropIn, "ReadWritePaths")
	if !slices.Contains(open, "-"+certificates) {
		t.Errorf("ReadWritePaths=: got %q, want %s among them", open, certificates)
	}
	succeed(t, "mount", "--bind", certificates, certificates)
	for _, path := range []string{"/usr", "/etc"} {
		succeed(t, "mount", "--rbind", path, path)
		succeed(t, "mount", "-o", "remount,bind,ro", path)
	}
	succeed(t, "mount", "-o", "remount,bind,ro", "/etc/nginx")
	if err := os.WriteFile("/etc/nginx/x", nil, 0o600); err == nil {
		t.Error("/etc/nginx can be written")
	}
}

// setting returns the words of all lines of a setting.
func setting(t *testing.T, unit, name string) (words []string) {
	t.Helper()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		words = append(words, strings.Fields(line[1])...)
	}
	return words
}

// within is a command with the capabilities of the drop-in, but for one, and with
// NoNewPrivileges=.
func within(dropIn, without string, command ...string) *exec.Cmd {
	text, _ := os.ReadFile(dropIn) // was read before
	capabilities := []string{"-all"}
	for _, name := range regexp.MustCompile(`CAP_([A-Z_]+)`).FindAllStringSubmatch(string(text), -1) {
		if name[1] != without {
			capabilities = append(capabilities, "+"+strings.ToLower(name[1]))
		}
	}
	cmd := exec.Command("setpriv", append([]string{"--bounding-set", strings.Join(capabilities, ","), "--no-new-privs"}, command...)...)
	cmd.Env = append(os.Environ(), "WCME_OPCOM=none")
	return cmd
}
