package systemd_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// TestUnitsAllowWhatIsCalled: nothing that the programs call is forbidden by the
// units. systemd is not process 1 here, so that strace(1) tells what is called.
func TestUnitsAllowWhatIsCalled(t *testing.T) {
	t.Parallel()
	overseer, web, _ := units(t)
	programs := lab.MustBuild(t)
	dir := lab.TempDir(t)
	state := filepath.Join(dir, "state")
	pebble := lab.MustPebble(t, programs, lab.PebbleOptions{Dir: dir, HTTPPort: 80, AlwaysValid: true})
	wcme(t, programs, state, "setup", "--web-user", "")
	text := fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n[report]\nopcom = [\"none\"]\n", pebble.Directory, pebble.Roots)
	if err := os.WriteFile(filepath.Join(state, "etc", "wcme.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	// -D: strace is the child, so that signals reach the program, and that it has the
	// number that LISTEN_PID has.
	trace := filepath.Join(dir, "overseer.trace")
	traced := programs.Command(t.Context(), state, "overseer")
	daemon := start(t, filepath.Join(dir, "overseer.log"), exec.Command("strace", append([]string{"-D", "-f", "-qq", "-o", trace}, traced.Args...)...))
	awaitFile(t, daemon, lab.Socket(state))
	wcme(t, programs, state, "register")
	wcme(t, programs, state, "certify", "www.example.test")

	socket, webTrace := filepath.Join(dir, "web.sock"), filepath.Join(dir, "web.trace")
	script := start(t, filepath.Join(dir, "web.log"), exec.Command("systemd-socket-activate", "-l", socket, "-E", "WCME_ROOT="+state,
		"strace", "-D", "-f", "-qq", "-o", webTrace, programs.Script))
	awaitFile(t, script, socket)
	if answer := ask(t, socket, "admin", "/admin/list"); !strings.Contains(answer, "www.example.test") {
		t.Errorf("the list: got %q", answer)
	}
	ask(t, socket, "", "/.well-known/acme-challenge/"+token)

	for _, process := range []*lab.Process{daemon, script} { // then all is written
		if err := process.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	checkCalls(t, trace, overseer)
	checkCalls(t, webTrace, web)
}

func wcme(t *testing.T, programs lab.Programs, state, verb string, args ...string) {
	t.Helper()
	if output, err := programs.Command(t.Context(), state, verb, args...).CombinedOutput(); err != nil {
		t.Fatalf("wcme %s: %v\n%s", verb, err, output)
	}
}

func start(t *testing.T, log string, cmd *exec.Cmd) *lab.Process {
	t.Helper()
	process, err := lab.Start(log, cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(process.Log())
		}
	})
	return process
}

// checkCalls compares what was called with what the unit, with its drop-ins, allows.
func checkCalls(t *testing.T, trace, unit string, dropIns ...string) {
	t.Helper()
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	allowed := allowedCalls(t, append([]string{unit}, dropIns...))
	called := make(map[string]bool)
	for _, found := range regexp.MustCompile(`(?m)^[0-9]+ +(?:<\.\.\. )?([a-z_0-9]+)`).FindAllSubmatch(text, -1) {
		called[string(found[1])] = true
	}
	for _, call := range slices.Sorted(maps.Keys(called)) {
		if !allowed[call] {
			t.Errorf("%s forbids %s, which is called", filepath.Base(unit), call)
		}
	}
	if len(called) < 20 {
		t.Errorf("%s: got the calls %v only", filepath.Base(unit), slices.Sorted(maps.Keys(called)))
	}
	if allowed["mount"] || allowed["ptrace"] || !allowed["openat"] {
		t.Errorf("%s: its filter was not understood", filepath.Base(unit))
	}
}

// allowedCalls follows the lines SystemCallFilter= as systemd does: the first says
// which way it goes, here allowing, and a later one adds, or with ~ takes away.
func allowedCalls(t *testing.T, units []string) map[string]bool {
	t.Helper()
	var text []byte
	for _, unit := range units {
		lines, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, lines...), '\n')
	}
	// systemd's own group @default is always allowed.
	allowed := make(map[string]bool)
	add(t, allowed, "@default", true)
	for _, line := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.*)$`).FindAllStringSubmatch(string(text), -1) {
		for _, word := range strings.Fields(line[2]) {
			add(t, allowed, word, line[1] == "")
		}
	}
	return allowed
}

// add sets a call, or all those of a group.
func add(t *testing.T, allowed map[string]bool, word string, value bool) {
	t.Helper()
	if !strings.HasPrefix(word, "@") {
		allowed[word] = value
		return
	}
	for _, line := range strings.Split(run(t, "systemd-analyze", "syscall-filter", "--no-pager", word), "\n")[1:] {
		if name := strings.TrimSpace(line); name != "" && !strings.HasPrefix(name, "#") {
			add(t, allowed, name, value)
		}
	}
}
