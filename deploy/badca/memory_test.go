package badca_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// most is what a process may take, in bytes: I10.
const most = 128 << 20

// TestMemory is N11 at the real program: whatever the CA sends, it stays small.
func TestMemory(t *testing.T) {
	t.Parallel()
	programs := lab.MustBuild(t)
	r := newRig(t, lab.PebbleOptions{})
	for id, action := range map[string]badca.Action{
		"without an end":  badca.Endless(-1),
		"1 GB":            badca.Endless(1 << 30),
		"packed":          badca.Bomb(512 << 20),
		"1 MB of header":  badca.Header("X-Long", strings.Repeat("a", 1<<20)),
		"a header of GBs": badca.EndlessHead,
	} {
		for _, class := range []badca.Class{lab.ClassDirectory, lab.ClassNewOrder} {
			cases.n.Add(1)
			t.Run("N11 "+id+" at "+string(class), func(t *testing.T) {
				r.ca.Rules()
				dir := filepath.Dir(r.enrolled(t).dir)
				r.ca.Rules(badca.Rule{Class: class, Action: action})
				command := programs.Command(t.Context(), filepath.Join(dir, "state"), "certify", string(host), "--force")
				output, err := command.CombinedOutput()
				var status *exec.ExitError
				if !errors.As(err, &status) || status.ExitCode() != 1 || !strings.Contains(string(output), "hint: ") {
					t.Errorf("got %v, want status 1 and a hint:\n%.2000s", err, output)
				}
				usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
				if !ok || usage.Maxrss == 0 || usage.Maxrss<<10 > most {
					t.Errorf("it took %d KiB of memory, want at most %d", usage.Maxrss, most>>10)
				}
				if len(output) > 4096 {
					t.Errorf("it wrote %d bytes", len(output))
				}
			})
		}
	}
}
