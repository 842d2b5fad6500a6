// Package hooks_test has hooks of other clients answer a real certification authority:
// Debian's own for uacme, and one of each other protocol that feeds a name server.
package hooks_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore/config"
	"wcme/deploy/lab"
)

// secret is a value that nobody may see.
const secret = "h0sh/h0sh"

// host is a machine that orders by hooks.
type host struct {
	testing.TB
	dir, root string
	programs  lab.Programs
	pebble    *lab.Pebble
	webroot   string // what port 80 serves
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{TB: t, dir: lab.TempDir(t), programs: lab.MustInstall(t)}
	h.root = filepath.Join(h.dir, "state")
	h.webroot = filepath.Join(h.dir, "webroot")
	if err := os.Mkdir(h.webroot, 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.StripPrefix("/.well-known/acme-challenge/", http.FileServer(http.Dir(h.webroot))), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(files) }()
	t.Cleanup(func() { _ = server.Close() })
	h.pebble = lab.MustPebble(t, h.programs, lab.PebbleOptions{Dir: h.dir, HTTPPort: files.Addr().(*net.TCPAddr).Port})
	h.wcme(0, "setup", "--web-user", "")
	return h
}

// configure writes the configuration, with a hook in which @names, @calls and @webroot
// stand for the lab's, and registers.
func (h *host) configure(hook string) {
	h.Helper()
	hook = strings.NewReplacer("@names", h.pebble.Names.Management, "@calls", h.calls(), "@webroot", h.webroot).Replace(hook)
	h.write("state/etc/wcme.toml", 0o600, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n%s\n[authority.lab]\ndirectory = %q\nroots = %q\n", hook, h.pebble.Directory, h.pebble.Roots))
	h.wcme(0, "register")
}

func (h *host) calls() string { return filepath.Join(h.dir, "calls") }

// called is what the hook was called for.
func (h *host) called() string {
	h.Helper()
	text, err := os.ReadFile(h.calls())
	if err != nil {
		h.Fatal(err)
	}
	return string(text)
}

func (h *host) write(name string, mode os.FileMode, text string) string {
	h.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		h.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		h.Fatal(err)
	}
	return path
}

// script puts a hook of testdata where only root can change it.
func (h *host) script(name string) string {
	h.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		h.Fatal(err)
	}
	path := filepath.Join(h.dir, name)
	lab.WriteProgram(h, path, text)
	return path
}

// wcme runs a verb, which must end with the status, and returns what it said.
func (h *host) wcme(status int, verb string, args ...string) string {
	h.Helper()
	cmd := h.programs.Command(h.Context(), h.root, verb, args...)
	output, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
		h.Fatalf("wcme %s: %v, want status %d\n%s", verb, err, status, output)
	}
	return string(output)
}

// records are the TXT records of a name that the CA would see.
func (h *host) records(name string) []dns.RR {
	h.Helper()
	client := &dns.Client{Net: "tcp", Timeout: 30 * time.Second} // with more patience than a resolver has
	answer, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeTXT), h.pebble.Names.DNS)
	if err != nil {
		h.Fatal(err)
	}
	return answer.Answer
}

// checkNothingLeft is about records, challenges, notes, and secrets in logs.
func (h *host) checkNothingLeft(said string) {
	h.Helper()
	if left := h.records("_acme-challenge.example.test."); len(left) > 0 {
		h.Errorf("left behind: %v", left)
	}
	notes, err := filepath.Glob(filepath.Join(h.root, "priv/hooks/*/*.json"))
	served, servedErr := filepath.Glob(filepath.Join(h.webroot, "*"))
	if err != nil || servedErr != nil || len(notes)+len(served) > 0 {
		h.Errorf("left behind: %q and %q, %v, %v", notes, served, err, servedErr)
	}
	logs, err := filepath.Glob(filepath.Join(h.root, "log/*.log"))
	if err != nil || len(logs) == 0 {
		h.Fatalf("no logs: %v", err)
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			h.Fatal(err)
		}
		said += string(text)
	}
	if strings.Contains(said, secret) {
		h.Errorf("the secret was shown:\n%s", said)
	}
}

// TestWebrootByDebiansHookOfUacme is of the program as the package has it.
func TestWebrootByDebiansHookOfUacme(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure(`
[[hook]]
name = "webroot"
protocol = "uacme"
run = "/usr/share/uacme/uacme.sh"
methods = ["dns-01", "http-01"]
check = false
env = { UACME_CHALLENGE_PATH = "@webroot" }

[challenge]
methods = ["dns-01", "http-01"]
`)
	said := h.wcme(0, "certify", "www.example.test,b.example.test")
	for _, want := range []string{"declines dns-01 for www.example.test (status 1)", "webroot runs /usr/share/uacme/uacme.sh begin http-01 www.example.test … …",
		"webroot runs /usr/share/uacme/uacme.sh done http-01 b.example.test … …"} {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
	h.checkNothingLeft(said)
}

func TestWildcardByEachProtocol(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ protocol, script, calls string }{
		{"dehydrated", "dehydrated.sh", "deploy_challenge for example.test\ndeploy_challenge for example.test\nclean_challenge for example.test\nclean_challenge for example.test\n"},
		{"lego", "lego.sh", "present for _acme-challenge.example.test.\npresent for _acme-challenge.example.test.\ncleanup for _acme-challenge.example.test.\ncleanup for _acme-challenge.example.test.\n"},
		{"acme.sh", "dns_lab.sh", "add for _acme-challenge.example.test\nadd for _acme-challenge.example.test\nrm for _acme-challenge.example.test\nrm for _acme-challenge.example.test\n"},
	} {
		t.Run(c.protocol, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.write("state/etc/lab.env", 0o600, "# the lab's\nAPI_TOKEN='"+secret+"'\nNAMES=nowhere\n")
			h.configure(fmt.Sprintf(`
[[hook]]
name = "lab"
protocol = %q
run = [%q]
check = false
for = ["example.test"]
env_file = "etc/lab.env"
env = { NAMES = "@names", CALLS = "@calls" }
`, c.protocol, h.script(c.script)))
			said := h.wcme(0, "certify", "*.example.test,example.test", "--challenge", "dns-01")
			if got := h.called(); got != c.calls {
				t.Errorf("got\n%swant\n%s", got, c.calls)
			}
			if !strings.Contains(said, "says: the token is") {
				t.Errorf("what the hook says is missing in\n%s", said)
			}
			h.checkNothingLeft(said)
		})
	}
}

// TestUnusableHooksAreToldBeforeTheCAIsAsked is of what can be known of the host alone.
func TestUnusableHooksAreToldBeforeTheCAIsAsked(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	writable := h.write("writable.sh", 0o757, "#!/bin/sh\n")
	plain := h.write("plain.sh", 0o644, "#!/bin/sh\n")
	open := h.write("state/etc/open.env", 0o644, "API_TOKEN="+secret+"\n")
	bad := h.write("state/etc/bad.env", 0o600, "API_TOKEN "+secret+"\n")
	good := h.script("lego.sh")
	for _, c := range []struct{ name, run, more, says, hint string }{
		{"missing", filepath.Join(h.dir, "nothing.sh"), "", "check hook lab: " + h.dir + "/nothing.sh: no such file or directory", "install it, or correct run"},
		{"writable by others", writable, "", "can be changed by others (mode 0757)", "chmod go-w " + writable},
		{"not executable", plain, "", "is not executable (mode 0644)", "chmod 755 " + plain},
		{"variables that everybody reads", good, "env_file = \"" + open + "\"", "read env_file of hook lab: ", "chmod o="},
		{"variables that are none", good, "env_file = \"" + bad + "\"", "read env_file of hook lab: line 1: has no", "each line is NAME=VALUE"},
	} {
		h.configure(fmt.Sprintf("\n[[hook]]\nname = \"lab\"\nprotocol = \"lego\"\nrun = %q\ncheck = false\n%s\n", c.run, c.more))
		said := h.wcme(2, "certify", "*.example.test")
		if !strings.Contains(said, c.says) || !strings.Contains(said, "hint: "+c.hint) || strings.Contains(said, "placed") || strings.Contains(said, secret) {
			t.Errorf("%s: got\n%swant %q and %q", c.name, said, c.says, c.hint)
		}
	}
}

// TestHookThatFailsIsTold is of one whose API is gone.
func TestHookThatFailsIsTold(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure(fmt.Sprintf("\n[[hook]]\nname = \"lab\"\nprotocol = \"dehydrated\"\nrun = %q\ncheck = false\nenv = { NAMES = \"http://127.0.0.1:1\", CALLS = \"@calls\", API_TOKEN = %q }\n", h.script("dehydrated.sh"), secret))
	said := h.wcme(1, "certify", "example.test", "--challenge", "dns-01")
	for _, want := range []string{"call hook lab: it ended with status 7: ", "hint: "} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
	if got, want := h.called(), "deploy_challenge for example.test\nclean_challenge for example.test\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	h.checkNothingLeft(said)
}

// TestHookOfAKilledRunIsEnded is C12 for hooks: the run is killed while its hook is at
// work, and the next one ends the program, has what it began ended, and begins again.
func TestHookOfAKilledRunIsEnded(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.configure(fmt.Sprintf("\n[[hook]]\nname = \"lab\"\nprotocol = \"dehydrated\"\nrun = %q\ncheck = false\nenv = { NAMES = \"@names\", CALLS = \"@calls\", API_TOKEN = %q }\n", h.script("dehydrated.sh"), secret))
	h.write("calls.hang", 0o600, "")
	run := h.programs.Command(h.Context(), h.root, "certify", "*.example.test")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	hanging := h.awaitHanging()
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	if !runs(hanging) {
		t.Fatal("the hook ended by itself")
	}
	said := h.wcme(0, "certify", "*.example.test")
	if runs(hanging) {
		t.Errorf("process %d is still there", hanging)
	}
	want := fmt.Sprintf("deploy_challenge for example.test\nhangs %d\nclean_challenge for example.test\ndeploy_challenge for example.test\nclean_challenge for example.test\n", hanging)
	if got := h.called(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	h.checkNothingLeft(said)
}

// awaitHanging returns the process of the hook that hangs.
func (h *host) awaitHanging() (pid int) {
	h.Helper()
	for late := time.After(time.Minute); ; {
		text, _ := os.ReadFile(h.calls())
		if _, after, found := strings.Cut(string(text), "hangs "); found && strings.HasSuffix(after, "\n") {
			pid, err := strconv.Atoi(strings.TrimSpace(after))
			if err != nil {
				h.Fatal(err)
			}
			return pid
		}
		select {
		case <-late:
			h.Fatal("the hook was not called")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// runs tells whether a process is there, and not only as a zombie, or as one that is being
// buried.
func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ") && !strings.Contains(string(text), ") X ")
}

// TestExamplesAreRead is of the file of this directory.
func TestExamplesAreRead(t *testing.T) {
	text, err := os.ReadFile("wcme.toml")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := config.Parse("wcme.toml", text)
	if err != nil || len(examples.Hook) != 4 {
		t.Errorf("got %v", err)
	}
}
