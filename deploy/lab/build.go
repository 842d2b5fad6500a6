package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Programs are the paths of what the lab runs.
type Programs struct {
	Wcme       string // the command line and overseer
	Script     string // cgi-bin/wcme, which a web server runs
	Pages      string // cgi-bin/wcme-pages, which the script becomes
	Pebble     string
	NameServer string // pebble-challtestsrv
	Clock      *Clock // that Wcme and Pebble go by; nil for the machine's
}

// Build returns the programs. It finds them in the directory WCME_BUILD, where
// that is set, as `make test` does after building them; otherwise it runs make,
// once in a process, so that what is tested is what the sources say.
func Build() (Programs, error) { return built() }

// built is a variable because it remembers: a process builds once.
var built = sync.OnceValues(build)

func build() (Programs, error) {
	if dir := os.Getenv("WCME_BUILD"); dir != "" {
		return programsIn(dir)
	}
	root, err := Root()
	if err != nil {
		return Programs{}, err
	}
	dir := filepath.Join(root, "build")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Programs{}, err
	}
	unlock, err := lock(filepath.Join(dir, ".lock"))
	if err != nil {
		return Programs{}, err
	}
	defer unlock()
	if err := errors.Join(noteSources(root), runMake(root)); err != nil {
		return Programs{}, err
	}
	return programsIn(dir)
}

// noteSources reads every directory of the sources: `go test` remembers what a
// test has read, and runs it again, instead of saying "cached", when that changes.
func noteSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || path == filepath.Join(root, "build")) {
			return fs.SkipDir
		}
		return err
	})
}

func programsIn(dir string) (Programs, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Programs{}, err
	}
	programs := Programs{
		Wcme:       filepath.Join(dir, "wcme"),
		Script:     filepath.Join(dir, "cgi-bin", "wcme"),
		Pages:      filepath.Join(dir, "cgi-bin", "wcme-pages"),
		Pebble:     filepath.Join(dir, "tools", "pebble"),
		NameServer: filepath.Join(dir, "tools", "pebble-challtestsrv"),
	}
	for _, path := range []string{programs.Wcme, programs.Script, programs.Pages, programs.Pebble, programs.NameServer} {
		_, statErr := os.Stat(path)
		err = errors.Join(err, statErr)
	}
	return programs, err
}

// runMake builds quietly. What make says of its own parent is not for this one.
func runMake(root string) error {
	cmd := exec.Command("make", "-s", "-C", root, "build", "tools")
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS=") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make build tools: %w\n%s", err, tail(string(output)))
	}
	return nil
}

// lock keeps the test processes of other packages from building at the same time.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return func() { file.Close() }, nil
}

// InstallScript copies the script, both its programs, into a directory of scripts.
func (p Programs) InstallScript(dir string) error {
	return errors.Join(
		Install(p.Script, filepath.Join(dir, filepath.Base(p.Script))),
		Install(p.Pages, filepath.Join(dir, filepath.Base(p.Pages))),
	)
}

// Install copies a program to where a server's user can run it, mode 0755. The
// copy is install(1)'s: a program that this process has open for writing could
// not be run while another goroutine forks.
func Install(program, path string) error {
	if output, err := exec.Command("install", "-m", "0755", program, path).CombinedOutput(); err != nil {
		return fmt.Errorf("install %s: %w: %s", path, err, output)
	}
	return nil
}
