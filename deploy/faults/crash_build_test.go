package faults_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	overlay, err := withSteps(root, filepath.Join(filepath.Dir(programs.Wcme), "_overlay", "overlay.json"), dir)
	if err != nil {
		return "", err
	}
	wcme := filepath.Join(dir, "wcme")
	fresh := fmt.Sprintf("%s.%d", wcme, os.Getpid()) // another process may run the one there is
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "crash", "-overlay", overlay, "-o", fresh, "./overseer")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return wcme, os.Rename(fresh, wcme)
}

// The stage install works in open directories, without package durable, and has no
// points of package crash, but a hook of its own that is called at each. In this build
// they are points.
const (
	stepHook  = "func (p *place) step(point string, dir *directory, name string) {\n"
	stepPoint = stepHook + "\tcrash.At(point, dir.join(name))\n"
	imports   = "import (\n"
	imported  = imports + "\t\"wcme/acmecore/crash\"\n"
)

// withSteps adds that to an overlay of `go build`, and returns the path of the whole.
func withSteps(root, overlay, dir string) (string, error) {
	var files struct{ Replace map[string]string }
	text, err := os.ReadFile(overlay)
	if err == nil {
		err = json.Unmarshal(text, &files)
	}
	if err != nil {
		return "", err
	}
	source := filepath.Join(root, "acmecore", "install", "place.go")
	original, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	if strings.Count(string(original), stepHook) != 1 || strings.Count(string(original), imports) != 1 {
		return "", fmt.Errorf("%s has not once each, as it had, %q and %q", source, stepHook, imports)
	}
	edited := strings.NewReplacer(stepHook, stepPoint, imports, imported).Replace(string(original))
	files.Replace[source] = filepath.Join(dir, "place.go")
	if err := os.WriteFile(files.Replace[source], []byte(edited), 0o644); err != nil {
		return "", err
	}
	if text, err = json.Marshal(files); err != nil {
		return "", err
	}
	whole := filepath.Join(dir, "overlay.json")
	return whole, os.WriteFile(whole, text, 0o644)
}
