package crash_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// build makes the victim, with the hook or without.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "victim")
	args := append([]string{"build", "-o", path}, flags...)
	if output, err := exec.Command("go", append(args, "./testdata/victim")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return path
}

func TestATaggedBuildIsKilledWhereTheEnvironmentSays(t *testing.T) {
	t.Parallel()
	victim := build(t, "-tags", "crash")
	points := []string{
		"create", "/state/priv/standing/a.json",
		"rename", "/state/priv/standing/a.json",
		"rename", "/state/www/token",
		"renamed", "/state/www/token",
	}
	for _, row := range []struct {
		at   string
		want int // points that are survived
	}{
		{"", 4},
		{"create a.json", 0},
		{"create *", 0},
		{"rename *", 1},
		{"rename * 2", 2},
		{"rename * 3", 4},
		{"rename www/*", 2},
		{"* www/token 2", 3},
		{"rename* * 3", 3},
		{"* * 4", 3},
		{"rename priv/standing/*.json", 1},
		{"rename priv/*.json", 4},
		{"rename /state/www/token", 2},
		{"synced *", 4},
	} {
		command := exec.Command(victim, points...)
		command.Env = append(os.Environ(), "WCME_CRASH_AT="+row.at)
		output, err := command.Output()
		if got := strings.Count(string(output), "\n"); got != row.want {
			t.Errorf("%q: survived %d points, want %d", row.at, got, row.want)
		}
		exit := (*exec.ExitError)(nil)
		killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if killed != (row.want < 4) {
			t.Errorf("%q: ended with %v", row.at, err)
		}
	}
}

func TestAWrongSpecificationIsLoud(t *testing.T) {
	t.Parallel()
	victim := build(t, "-tags", "crash")
	for _, at := range []string{"rename", "rename [", "rename * x", "a b 1 d"} {
		command := exec.Command(victim, "rename", "x")
		command.Env = append(os.Environ(), "WCME_CRASH_AT="+at)
		if output, err := command.CombinedOutput(); err == nil || !strings.Contains(string(output), "WCME_CRASH_AT=") {
			t.Errorf("%q: got %v, %s", at, err, output)
		}
	}
}

func TestAUsualBuildHasNotEvenTheName(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(build(t))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "WCME_CRASH_AT") {
		t.Error("the name of the environment variable is in a usual build")
	}
}
