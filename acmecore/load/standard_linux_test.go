package load_test

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/load"
	"wcme/deploy/lab"
)

// TestStandardLoadTestsFirst is L17 with a server of the test's own; deploy/load has
// the real ones.
func TestStandardLoadTestsFirst(t *testing.T) {
	for _, c := range []struct {
		name, file string
		problem    string // after that of the server's name and process
		commands   int
		reloaded   bool
		limit      time.Duration // in which its test begins, at least; 0 is the usual
	}{
		{"well", "", "", 2, true, 0},
		{"L17 it does not pass its own test", ".fails", `was not reloaded, because it did not pass its own test: it ended with status 1: exim: main option "nonsense" unknown`, 1, false, 0},
		{"L02 its test hangs", ".hangs", "was not reloaded, because it did not pass its own test: it had not ended after ", 1, false, 15 * time.Second},
		{"it does not survive", ".dies", "was not reloaded: it ended after SIGHUP: ", 2, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			program, pid := exim(t)
			if c.file != "" {
				touch(t, program+c.file)
			}
			watched := time.Duration(0)
			if c.file == ".dies" {
				watched = time.Minute // its end is waited for, which may take a moment
			}
			result := loadWatched(t, watched, c.limit, pid)
			_, problem, _ := strings.Cut(result.Problem, ") ")
			if !strings.HasPrefix(problem, c.problem) || (c.problem == "") != (result.Problem == "") || len(result.Commands) != c.commands {
				t.Errorf("got %q and %d commands, want %q and %d", result.Problem, len(result.Commands), c.problem, c.commands)
			}
			if c.reloaded {
				await(t, "it has heard its signal", func() bool { return exists(program + ".reloaded") })
			}
			if !exists(program+".tested") || exists(program+".reloaded") != c.reloaded {
				t.Errorf("tested: %v, reloaded: %v, want true and %v", exists(program+".tested"), exists(program+".reloaded"), c.reloaded)
			}
		})
	}
}

func TestStandardLoadGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	program, first := exim(t)
	touch(t, program+".fails")
	other, second := exim(t)
	result := loadPIDs(t, 0, first, second)
	if len(result.Commands) != 3 || !strings.Contains(result.Problem, "Exim (process ") || strings.Contains(result.Problem, ";") {
		t.Errorf("got %+v", result)
	}
	await(t, "the other one has heard its signal", func() bool { return exists(other + ".reloaded") })
}

func TestStandardLoadHasOneTimeLimit(t *testing.T) {
	t.Parallel()
	program, first := exim(t)
	touch(t, program+".hangs")
	other, second := exim(t)
	result := loadPIDs(t, 10*time.Second, first, second)
	if len(result.Commands) != 1 || !strings.Contains(result.Problem, "there was no time left for it") || exists(other+".tested") {
		t.Errorf("got %+v", result)
	}
}

// TestStandardLoadSignalsNoOtherProcess finds a server, which ends before its turn.
func TestStandardLoadSignalsNoOtherProcess(t *testing.T) {
	t.Parallel()
	program, pid := exim(t)
	found := findPID(t, pid)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "it has ended", func() bool { return !runs(pid) })
	runner := load.Runner{Servers: func() ([]load.Server, error) { return []load.Server{*found}, nil }}
	result := runner.Run(t.Context(), load.Action{Name: "servers", Standard: true}, batch())
	if !strings.Contains(result.Problem, "it has ended meanwhile") || !exists(program+".tested") {
		t.Errorf("got %+v", result)
	}
}

// TestRightsFindKnowsWhatALoadWouldEnd: an Exim with a configuration of its own
// cannot open its ports again, once it is another user.
func TestRightsFindKnowsWhatALoadWouldEnd(t *testing.T) {
	mail, err := user.Lookup("mail") // whom Exim may be, and whom every system has
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(mail.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	theirs := &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	for _, c := range []struct {
		name, problem string
		as            *syscall.Credential
		args          []string
	}{
		{"root's", "", nil, []string{"-bd", "-C", "/etc/exim.conf"}},
		{"its user's", "could not open its ports again", theirs, []string{"-bd", "-C", "/etc/exim.conf"}},
		{"its user's, with the usual configuration", "", theirs, []string{"-bd"}},
	} {
		_, pid := eximAs(t, c.as, c.args...)
		if found := findPID(t, pid); found == nil || !strings.Contains(found.Problem, c.problem) || (c.problem == "") != (found.Problem == "") {
			t.Errorf("%s: found %v", c.name, found)
		}
	}
}

// exim starts a server, for the time of the test.
func exim(t *testing.T) (program string, pid int) {
	t.Helper()
	return eximAs(t, nil, "-bd")
}

// eximAs starts it as somebody else; nil is nobody else.
func eximAs(t *testing.T, as *syscall.Credential, args ...string) (program string, pid int) {
	t.Helper()
	dir := place(t)
	program = filepath.Join(dir, "exim4")
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	lab.WriteProgram(t, program, text)
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), -1); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	await(t, "it hears signals", func() bool { return exists(program + ".up") })
	return program, cmd.Process.Pid
}

// loadPIDs runs the standard load for these servers alone.
func loadPIDs(t *testing.T, limit time.Duration, pids ...int) acmecore.LoadResult {
	t.Helper()
	return loadWatched(t, 0, limit, pids...)
}

// loadWatched watches each of them for so long after its signal; 0 is the usual time.
func loadWatched(t *testing.T, watched, limit time.Duration, pids ...int) acmecore.LoadResult {
	t.Helper()
	runner := load.Runner{Grace: 200 * time.Millisecond, Servers: func() (own []load.Server, err error) {
		for _, pid := range pids {
			if found := findPID(t, pid); found != nil {
				own = append(own, *found)
			}
		}
		return own, nil
	}}
	runner.SetSettle(watched)
	return runner.Run(t.Context(), load.Action{Name: "servers", Standard: true, Timeout: limit}, batch())
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
