package lab_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// TestChildrenEndWithTheirParent kills a process that has started everything,
// so that it can clean nothing up.
func TestChildrenEndWithTheirParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0], "-test.run=^TestParent$", "-test.timeout=10m")
	parent.Env = append(os.Environ(), "LAB_PARENT="+lab.TempDir(t))
	parent.Stderr = os.Stderr
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for word := range strings.FieldsSeq(line) {
		group, err := strconv.Atoi(word)
		if err != nil {
			t.Fatalf("got %q, want process ids", line)
		}
		awaitEnd(t, group)
	}
}

// awaitEnd waits until a process group is gone, which a killed parent can tell
// nobody.
func awaitEnd(t *testing.T, group int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		if time.Now().After(deadline) {
			t.Fatalf("process group %d is still there", group)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestParent is the process that the test above kills, and otherwise nothing.
func TestParent(t *testing.T) {
	dir := os.Getenv("LAB_PARENT")
	if dir == "" {
		return
	}
	apache, err := lab.StartApache(t.Context(), lab.ApacheOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	pebble, err := lab.StartPebble(t.Context(), lab.MustBuild(t), lab.PebbleOptions{Dir: dir, HTTPPort: apache.Port})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(apache.Process.PID(), pebble.Process.PID(), pebble.Names.Process.PID())
	select {}
}
