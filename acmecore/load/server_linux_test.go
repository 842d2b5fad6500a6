package load_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore/load"
	"wcme/deploy/lab"
)

func TestStandardLoadWantsAServer(t *testing.T) {
	for _, c := range []struct {
		name    string
		find    func() ([]load.Server, error)
		problem string
	}{
		{"none", func() ([]load.Server, error) { return nil, nil }, "no server that the standard load knows runs on this host"},
		{"it cannot look", func() ([]load.Server, error) { return nil, errors.New("no /proc") }, "no /proc"},
		{"one that cannot be reloaded", func() ([]load.Server, error) {
			return []load.Server{{Kind: "nginx", PID: 7, Problem: "it belongs to root", Hint: "sudo"}}, nil
		}, "nginx (process 7) was not reloaded: it belongs to root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			runner := load.Runner{Servers: c.find}
			result := runner.Run(t.Context(), load.Action{Name: "servers", Standard: true}, batch())
			if result.Problem != c.problem || len(result.Commands) != 0 {
				t.Errorf("got %q and %d commands, want %q and none", result.Problem, len(result.Commands), c.problem)
			}
			if c.name != "it cannot look" && result.Hint == "" {
				t.Error("there is no hint")
			}
		})
	}
}

// TestFindTrustsNoFeignedServer runs a program that is called as a server is.
func TestFindTrustsNoFeignedServer(t *testing.T) {
	for _, c := range []struct {
		name    string
		mode    os.FileMode // of its directory
		problem string
	}{
		{"ours", 0o755, ""},
		{"ours, where others could exchange it", 0o777, "can be changed by others"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := place(t)
			chmod(t, dir, c.mode)
			pid := feign(t, filepath.Join(dir, "nginx"), nil)
			found := findPID(t, pid)
			if found == nil || found.Kind != "nginx" || !strings.Contains(found.Problem, c.problem) || (c.problem == "") != (found.Problem == "") {
				t.Errorf("got %v, want a problem with %q", found, c.problem)
			}
		})
	}
	if pid := feign(t, filepath.Join(place(t), "not-a-server"), nil); findPID(t, pid) != nil {
		t.Error("any program is found")
	}
}

// TestFindSeesAReplacedProgram starts a program and upgrades it.
func TestFindSeesAReplacedProgram(t *testing.T) {
	path := filepath.Join(place(t), "nginx")
	pid := feign(t, path, nil)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if found := findPID(t, pid); found == nil || found.Program != path || !strings.Contains(found.Problem, "no such file") {
		t.Errorf("after its removal: %v", found)
	}
	copyProgram(t, path)
	if found := findPID(t, pid); found == nil || found.Program != path || found.Problem != "" {
		t.Errorf("after its replacement: %v", found)
	}
}

func TestRightsFindIgnoresOtherUsers(t *testing.T) {
	_, uid, gid := nobody(t)
	theirs := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if pid := feign(t, filepath.Join(place(t), "nginx"), &syscall.SysProcAttr{Credential: theirs}); findPID(t, pid) != nil {
		t.Error("a program of anybody's is taken for nginx")
	}
	// As while a program with the setuid bit runs: they chose its arguments.
	dir := place(t)
	copyProgram(t, dir+"/nginx")
	chmod(t, dir+"/nginx", 0o755|os.ModeSetuid)
	pid := start(t, dir+"/nginx", &syscall.SysProcAttr{Credential: theirs})
	if found := findPID(t, pid); found != nil {
		t.Errorf("a program that they gave root's rights is taken for nginx: %v", found)
	}
}

func TestRightsFindStaysOnThisHost(t *testing.T) {
	path := filepath.Join(place(t), "nginx")
	nested := feign(t, path, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID})
	if findPID(t, nested) != nil {
		t.Error("a server in a container is found")
	}
	private := start(t, path, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS})
	if findPID(t, private) == nil {
		t.Error("a server with a mount namespace of its own, as PrivateTmp= makes one, is not found")
	}
	jail := place(t)
	if err := exec.Command("/bin/sh", "-c", "cd "+jail+" && mkdir -p bin lib lib64 && cp /bin/sleep bin/nginx && for f in $(ldd /bin/sleep | grep -o '/[^ ]*'); do mkdir -p .${f%/*} && cp $f .$f; done").Run(); err != nil {
		t.Fatal(err)
	}
	if findPID(t, start(t, "/bin/nginx", &syscall.SysProcAttr{Chroot: jail})) != nil {
		t.Error("a server with another root directory is found")
	}
}

// feign starts a copy of sleep under another name, for the time of the test.
func feign(t *testing.T, path string, attributes *syscall.SysProcAttr) (pid int) {
	t.Helper()
	copyProgram(t, path)
	return start(t, path, attributes)
}

func copyProgram(t *testing.T, path string) {
	t.Helper()
	program, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	lab.WriteProgram(t, path, program)
}

func start(t *testing.T, path string, attributes *syscall.SysProcAttr) (pid int) {
	t.Helper()
	cmd := exec.Command(path, "1000")
	cmd.Dir = "/"
	cmd.SysProcAttr = attributes
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	// We are told that it was executed before the kernel has put its arguments in place.
	await(t, "it has its arguments", func() bool {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
		return err == nil && strings.HasSuffix(string(line), "\x001000\x00")
	})
	return cmd.Process.Pid
}

// findPID returns the server with the process id; nil where it is not found.
func findPID(t *testing.T, pid int) *load.Server {
	t.Helper()
	found, err := load.Find()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(found, func(s load.Server) bool { return s.PID == pid })
	if i < 0 {
		return nil
	}
	if s := found[i]; !strings.HasPrefix(s.String(), fmt.Sprintf("%s (process %d, %s)", s.Kind, pid, s.User)) {
		t.Errorf("it shows as %q", s)
	}
	return &found[i]
}
