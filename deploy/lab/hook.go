package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// RecordingHook is a hook of the name that writes its arguments to a file, one call a
// line, and ends with $STATUS. It returns the hook's table for wcme.toml, which ends with
// more, and that file.
func RecordingHook(tb TB, name, protocol, more string) (table, record string) {
	tb.Helper()
	dir := TempDir(tb)
	program, record := filepath.Join(dir, "program"), filepath.Join(dir, "record")
	WriteProgram(tb, program, []byte("#!/bin/sh\necho \"$*\" >>\"$RECORD\"\nexit \"${STATUS:-0}\"\n"))
	return fmt.Sprintf("[[hook]]\nname = %q\nprotocol = %q\nrun = %q\nenv = { RECORD = %q }\n%s\n", name, protocol, program, record, more), record
}

// HangingHook is a RecordingHook "a" that never ends. What is returned last returns when it
// is called.
func HangingHook(tb TB, more string) (table, record string, called func()) {
	tb.Helper()
	table, record = RecordingHook(tb, "a", "dehydrated", more)
	fifo := filepath.Join(filepath.Dir(record), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		tb.Fatal(err)
	}
	WriteProgram(tb, filepath.Join(filepath.Dir(record), "program"), []byte("#!/bin/sh\necho \"$*\" >>\"$RECORD\"\necho >'"+fifo+"'\nexec sleep 1000\n"))
	return table, record, func() {
		tb.Helper()
		read := make(chan error, 1)
		go func() {
			_, err := os.ReadFile(fifo)
			read <- err
		}()
		select {
		case err := <-read:
			if err != nil {
				tb.Errorf("%v", err)
			}
		case <-time.After(time.Minute):
			tb.Errorf("the hook is not called")
		}
	}
}

// HookCalls is how often a hook has written to its record.
func HookCalls(tb TB, record string) int {
	tb.Helper()
	text, err := os.ReadFile(record)
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}
