package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore/store"
	"wcme/deploy/lab"
)

// newState sets a state directory up, with that configuration.
func newState(t *testing.T, configuration string) string {
	t.Helper()
	dir := filepath.Join(lab.TempDir(t), "state")
	if _, err := store.Setup(dir, []byte("report.opcom = [\"none\"]\n"+configuration)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAnOverseerThatCannotGoOnEndsByItself: the next one reports no crash.
func TestAnOverseerThatCannotGoOnEndsByItself(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct {
		configuration string
		obstacle      string // below the state directory
		says          string
	}{
		"its socket's place is taken": {"", "overseer.sock/in/the/way", "overseer.sock"},
		"there is no such user":       {"script.user = \"nobody-has-this-name\"\n", "", "[script] user"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := newState(t, row.configuration)
			if err := os.MkdirAll(filepath.Join(dir, row.obstacle), 0o755); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				var said bytes.Buffer
				if status := run(t.Context(), []string{"overseer", "--root", dir}, strings.NewReader(""), &said, &said); status == exitDone {
					t.Fatalf("it did not fail:\n%s", said.String())
				}
				if !strings.Contains(said.String(), row.says) || strings.Contains(said.String(), "not its own") {
					t.Errorf("got\n%s\nwant %q, and no word of a crash", said.String(), row.says)
				}
				if _, err := os.Stat(filepath.Join(dir, "priv", "running")); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the mark of a running overseer: got %v, want that there is none", err)
				}
			}
		})
	}
}

// TestAnEarlySIGHUPDoesNotEndTheOverseer: it comes while the overseer begins, which is
// held here by a standard error output that takes nothing.
func TestAnEarlySIGHUPDoesNotEndTheOverseer(t *testing.T) {
	t.Parallel()
	dir := newState(t, "")
	mark := filepath.Join(dir, "priv", "running")
	const old = "2026-01-01T00:00:00Z\n"
	if err := os.WriteFile(mark, []byte(old), 0o600); err != nil { // so that it has something to say
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	fill(t, writer)
	cmd := lab.MustBuild(t).Command(context.Background(), dir, "overseer")
	cmd.Stderr = writer
	if err := errors.Join(cmd.Start(), writer.Close()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(mark); err == nil && string(text) != old {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not begin")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if said, found := readUntil(t, reader, "configuration read again"); !found {
		t.Errorf("got\n%s\nwant that it reads the configuration again", said)
	}
	go io.Copy(io.Discard, reader)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("its end: %v", err)
	}
}

// fill writes into a pipe until it takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	raw, err := pipe.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var full error
	err = raw.Write(func(fd uintptr) bool {
		for full == nil {
			_, full = syscall.Write(int(fd), []byte("\n"))
		}
		return true
	})
	if err != nil || !errors.Is(full, syscall.EAGAIN) {
		t.Fatalf("got %v, %v; want that it is full", err, full)
	}
}

// readUntil reads until the text has come, or the end.
func readUntil(t *testing.T, reader *os.File, text string) (said string, found bool) {
	t.Helper()
	if err := reader.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(reader)
	for {
		line, err := lines.ReadString('\n')
		said += strings.TrimLeft(line, "\n")
		if err != nil || strings.Contains(line, text) {
			return said, err == nil
		}
	}
}

// TestAVerbThatWorksByItselfLogsAsTheOverseerDoes, and says no more than before.
func TestAVerbThatWorksByItselfLogsAsTheOverseerDoes(t *testing.T) {
	t.Parallel()
	dir := newState(t, "[[load]]\nname = \"one\"\nrun = \"echo one\"\n")
	log := filepath.Join(dir, "log", "overseer.log")
	for _, args := range [][]string{{"list"}, {"manage", "--dry-run"}} {
		var said bytes.Buffer
		run(t.Context(), append(args, "--root", dir), strings.NewReader(""), &said, &said)
		if _, err := os.Stat(log); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("wcme %s, which reads: got a log, %v", args, err)
		}
	}
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"check", "load", "--quiet", "--root", dir}, strings.NewReader(""), &stdout, &stderr); status != exitDone || stderr.Len() > 0 {
		t.Fatalf("status %d, and on stderr %q", status, stderr.String())
	}
	text, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(text), "  info   load action ended  action=one ") {
		t.Errorf("got %v, and\n%s", err, text)
	}
	if info, err := os.Stat(log); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}
