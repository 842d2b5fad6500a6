package durable_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore/durable"
)

// TestAKillLeavesTheOldOrTheNew kills a program at each point of each function; what
// is left beside the old or the new one has the name of something half made.
func TestAKillLeavesTheOldOrTheNew(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if output, err := exec.Command("go", "build", "-tags", "crash", "-o", victim, "./testdata/victim").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, row := range []struct {
		verb, point, argument string
		want                  string // of the file: its text, the target of the link, "" for none
		halfMade              int    // names
	}{
		{"write", "create", "new", "old", 0},
		{"write", "written", "new", "old", 1},
		{"write", "rename", "new", "old", 1},
		{"write", "renamed", "new", "new", 0},
		{"write", "synced", "new", "new", 0},
		{"link", "create", "new", "old", 0},
		{"link", "rename", "new", "old", 0},
		{"link", "renamed", "new", "new", 0},
		{"link", "synced", "new", "new", 0},
		{"rename", "rename", ".draft-1", "old", 1},
		{"rename", "renamed", ".draft-1", "draft", 0},
		{"rename", "synced", ".draft-1", "draft", 0},
		{"remove", "remove", "", "old", 0},
		{"remove", "removed", "", "", 0},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		argument := row.argument
		err := os.WriteFile(path, []byte("old"), 0o600)
		switch row.verb {
		case "link":
			err = errors.Join(os.Remove(path), os.Symlink("old", path))
		case "rename":
			argument = filepath.Join(dir, argument)
			err = errors.Join(err, os.WriteFile(argument, []byte("draft"), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		kill(t, victim, row.point+" file", row.verb, path, argument)
		if got := content(path); got != row.want {
			t.Errorf("%s, killed at %q: got %q, want %q", row.verb, row.point, got, row.want)
		}
		if got := halfMade(t, dir); got != row.halfMade {
			t.Errorf("%s, killed at %q: %d half made, want %d", row.verb, row.point, got, row.halfMade)
		}
	}
}

func TestAKilledRemovalOfADirectoryHasItWholeOrOutOfSight(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if output, err := exec.Command("go", "build", "-tags", "crash", "-o", victim, "./testdata/victim").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, row := range []struct {
		at       string
		whole    bool
		halfMade int
	}{
		{"remove version", true, 0},
		{"rename .version.gone", true, 0},
		{"renamed .version.gone", false, 1},
		{"removed version", false, 0},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "version")
		if err := errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "key.pem"), []byte("key"), 0o600)); err != nil {
			t.Fatal(err)
		}
		kill(t, victim, row.at, "remove", path)
		_, err := os.Stat(filepath.Join(path, "key.pem"))
		if whole := err == nil; whole != row.whole || halfMade(t, dir) != row.halfMade {
			t.Errorf("killed at %q: whole %v, %d half made; want %v, %d", row.at, whole, halfMade(t, dir), row.whole, row.halfMade)
		}
	}
}

// kill runs the victim, which must be killed.
func kill(t *testing.T, victim, at string, args ...string) {
	t.Helper()
	command := exec.Command(victim, args...)
	command.Env = append(os.Environ(), "WCME_CRASH_AT="+at)
	exit := (*exec.ExitError)(nil)
	output, err := command.CombinedOutput()
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%q at %q: was not killed: %v\n%s", args, at, err, output)
	}
}

// content is the text of a file or the target of a link; "" when there is none.
func content(path string) string {
	if target, err := os.Readlink(path); err == nil {
		return target
	}
	text, _ := os.ReadFile(path)
	return string(text)
}

// halfMade counts the names beside those without a dot, which must all be known as
// half made.
func halfMade(t *testing.T, dir string) (n int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if durable.IsHalfMade(entry.Name()) {
			n++
		} else if strings.HasPrefix(entry.Name(), ".") {
			t.Errorf("%s is not known as half made", entry.Name())
		}
	}
	return n
}
