package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// BuildOnClock returns the programs, built so that they go by the clock. It finds
// them in the directory clock of WCME_BUILD, where that is set; otherwise it
// builds them, once in a process.
func BuildOnClock(clock *Clock) (Programs, error) {
	programs, err := builtOnClock()
	programs.Clock = clock
	return programs, err
}

// MustBuildOnClock builds the programs.
func MustBuildOnClock(tb TB, clock *Clock) Programs {
	tb.Helper()
	programs, err := BuildOnClock(clock)
	if err != nil {
		tb.Fatal(err)
	}
	return programs
}

// builtOnClock is a variable because it remembers, as built does.
var builtOnClock = sync.OnceValues(buildOnClock)

func buildOnClock() (Programs, error) {
	if dir := os.Getenv("WCME_BUILD"); dir != "" {
		return programsIn(filepath.Join(dir, "clock"))
	}
	root, err := Root()
	if err != nil {
		return Programs{}, err
	}
	dir := filepath.Join(root, "build", "clock")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Programs{}, err
	}
	unlock, err := lock(filepath.Join(root, "build", ".lock-clock"))
	if err != nil {
		return Programs{}, err
	}
	defer unlock()
	if err := errors.Join(noteSources(root), runClock(root, dir)); err != nil {
		return Programs{}, err
	}
	return programsIn(dir)
}

// runClock builds as `make clock` does, but for the version.
func runClock(root, dir string) error {
	cmd := exec.Command("go", "run", "./deploy/clock", dir)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build on the lab's clock: %w\n%s", err, tail(string(output)))
	}
	return nil
}
