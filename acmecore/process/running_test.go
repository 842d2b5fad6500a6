package process_test

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore/process"
)

// state is a line of /proc/PID/stat.
const state = "4711 (sleep) S 4700 4711 4711 0 -1 4194304 108 0 0 0 0 0 0 0 20 0 1 0 123456789 5677056 256 184467 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0"

func FuzzProcessState(f *testing.F) {
	f.Add([]byte(state))
	f.Add([]byte(strings.Replace(state, "sleep", "a) R 1 (b\n", 1)))
	f.Add([]byte("1 () "))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := process.ParseStat(text)
		if err == nil && !strings.Contains(string(text), ")") {
			t.Errorf("%q was read as %+v", text, found)
		}
	})
}

func TestEndLeftoverKillsWhatIsDeaf(t *testing.T) {
	t.Parallel()
	deaf := exec.Command("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1000; done")
	deaf.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	said, err := deaf.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := deaf.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-deaf.Process.Pid, syscall.SIGKILL) }()
	if _, err := said.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := process.EndLeftover(process.RunningOf(deaf.Process.Pid)); err != nil {
		t.Error(err)
	}
	if err := deaf.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("it ended otherwise: %v", err)
	}
	if took := time.Since(began); took < 5*time.Second {
		t.Errorf("it was killed after %v, want 5s of patience", took)
	}
}
