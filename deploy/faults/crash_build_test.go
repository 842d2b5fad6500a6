package faults_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"wcme/deploy/lab"
)

// crashable returns the programs on the clock, with a wcme that WCME_CRASH_AT kills.
func crashable(t *testing.T, clock *lab.Clock) lab.Programs {
	t.Helper()
	programs := lab.MustBuildOnClock(t, clock)
	wcme, err := builtToCrash()
	if err != nil {
		t.Fatal(err)
	}
	programs.Wcme = wcme
	return programs
}

// builtToCrash is a variable because it remembers: a process builds once.
var builtToCrash = sync.OnceValues(buildToCrash)

// buildToCrash builds beside what the lab has built on its clock, with the same
// change of package time.
func buildToCrash() (string, error) {
	root, errRoot := lab.Root()
	programs, err := lab.BuildOnClock(nil)
	if err := errors.Join(errRoot, err); err != nil {
		return "", err
	}
	dir := filepath.Join(filepath.Dir(programs.Wcme), "_crash") // which go build ./... does not look into
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	overlay := filepath.Join(filepath.Dir(programs.Wcme), "_overlay", "overlay.json")
	wcme := filepath.Join(dir, "wcme")
	fresh := fmt.Sprintf("%s.%d", wcme, os.Getpid()) // another process may run the one there is
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "crash", "-overlay", overlay, "-o", fresh, "./overseer")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return wcme, os.Rename(fresh, wcme)
}
