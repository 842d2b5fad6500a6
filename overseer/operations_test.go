package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"wcme/acmecore/store"
	"wcme/deploy/lab"
)

// TestAVerbThatWaitsTurnsToAnOverseerThatHasStarted: an overseer takes the lock
// before it answers, and keeps it.
func TestAVerbThatWaitsTurnsToAnOverseerThatHasStarted(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	if _, err := store.Setup(dir, nil); err != nil {
		t.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := root.TryLock("wcme overseer")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()

	said, stderr := io.Pipe()
	var stdout bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- run(t.Context(), []string{"register", "--root", dir}, strings.NewReader(""), &stdout, stderr)
		stderr.Close()
	}()
	line := make([]byte, 256)
	if n, err := said.Read(line); err != nil || !strings.HasPrefix(string(line[:n]), "waiting: ") {
		t.Fatalf("got %q, %v; want that it waits", line[:n], err)
	}
	go io.Copy(io.Discard, said)
	operations := serveControl(t, lab.Socket(dir), -1, -1)
	if got := <-status; got != exitDone || operations.taken() != 1 {
		t.Errorf("status %d, want 0 and one call of the overseer", got)
	}
}
