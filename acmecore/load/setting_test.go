package load_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/load"
)

// asOverseer is the variable that makes the test's program an overseer that runs one
// action: what is to happen to an overseer cannot happen to the test.
const asOverseer = "TEST_OVERSEER_ACTION"

func TestMain(m *testing.M) {
	switch text := os.Getenv(asOverseer); {
	case text != "":
		os.Exit(oversee(text))
	case filepath.Base(os.Args[0]) == "exim4":
		os.Exit(beExim(os.Args[0], os.Args[1:]))
	}
	os.Exit(m.Run())
}

// beExim is the test's program as an Exim of simple ways. What it does beside the
// usual, the files say that stand beside it.
func beExim(program string, args []string) int {
	has := func(suffix string) bool { _, err := os.Stat(program + suffix); return err == nil }
	write := func(suffix string) { _ = os.WriteFile(program+suffix, nil, 0o600) }
	if len(args) > 0 && args[0] == "-bV" {
		write(".tested")
		switch {
		case has(".hangs"):
			select {}
		case has(".fails"):
			os.Stdout.WriteString("Exim version 4\n")
			os.Stderr.WriteString("exim: main option \"nonsense\" unknown\n")
			return 1
		}
		return 0
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	write(".up")
	for range hup {
		if has(".dies") {
			return 1
		}
		write(".reloaded")
	}
	return 0
}

// assignment is what the test's program is to do as an overseer.
type assignment struct {
	Action load.Action
	Note   string // file that the running command is noted in
}

func oversee(text string) int {
	var given assignment
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		fmt.Println(err)
		return 2
	}
	runner := load.Runner{}
	if given.Note != "" {
		runner.Note = func(running load.Running) error { return keep(given.Note, running) }
	}
	result := runner.Run(context.Background(), given.Action, load.Batch{})
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		return 2
	}
	return 0
}

// keep writes the note whole or not at all.
func keep(path string, running load.Running) error {
	text, err := json.Marshal(running)
	return errors.Join(err, os.WriteFile(path+".new", text, 0o600), os.Rename(path+".new", path))
}

// batch is a batch of two certificates.
func batch() load.Batch {
	return load.Batch{
		Names:        []acmecore.Name{"a.example", "b.example"},
		Certificates: []acmecore.ID{"a_example", "b_example"},
		ChangedFiles: []string{"/etc/nginx/fullchain a.pem", "/etc/nginx/b.pem"},
	}
}

// run runs one action as the overseer does.
func run(t *testing.T, a load.Action) acmecore.LoadResult {
	t.Helper()
	result := (&load.Runner{Grace: 200 * time.Millisecond}).Run(t.Context(), a, batch())
	if result.Action != a.Name || result.Began.IsZero() || result.Ended.Before(result.Began) {
		t.Errorf("the result is of %q from %v to %v", result.Action, result.Began, result.Ended)
	}
	return result
}

// output is what the action's one command said.
func output(t *testing.T, result acmecore.LoadResult) string {
	t.Helper()
	if len(result.Commands) != 1 {
		t.Fatalf("got %d commands, want 1: %+v", len(result.Commands), result)
	}
	return result.Commands[0].Output
}

// wellDone is the output of an action that must succeed.
func wellDone(t *testing.T, a load.Action) string {
	t.Helper()
	result := run(t, a)
	if result.Problem != "" || result.Hint != "" {
		t.Errorf("got the problem %q (%s), want none", result.Problem, result.Hint)
	}
	said := output(t, result)
	if status := result.Commands[0].Status; status != 0 {
		t.Errorf("got status %d, want 0", status)
	}
	return said
}

// place is a directory that every user can enter, and only ours can change.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// script writes a program.
func script(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte("#!/bin/sh\necho well\n"), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

// await returns when the condition holds, and fails the test after a minute.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for late := time.After(time.Minute); !holds(); {
		select {
		case <-late:
			t.Fatalf("waited a minute for this: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// runs tells whether a process is there, and not only as a zombie, which nobody may
// reap in a container.
func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// members counts the processes of a group.
func members(t *testing.T, group int) (count int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if of, err := syscall.Getpgid(pid); err == nil && of == group && runs(pid) {
			count++
		}
	}
	return count
}

// nobody is a user without rights.
func nobody(t *testing.T) (name string, uid, gid int) {
	t.Helper()
	found, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err = strconv.Atoi(found.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err = strconv.Atoi(found.Gid)
	if err != nil {
		t.Fatal(err)
	}
	return found.Username, uid, gid
}

// fifo makes a pipe that commands wait at.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(place(t), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func userHome() (string, error) {
	found, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return "", err
	}
	return found.HomeDir, nil
}

// release lets the command go on that reads from the pipe.
func release(t *testing.T, pipe string, when <-chan struct{}) {
	<-when
	if err := os.WriteFile(pipe, []byte("go on\n"), 0); err != nil {
		t.Error(err)
	}
}
