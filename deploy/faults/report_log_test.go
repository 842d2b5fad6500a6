package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore/control"
	"wcme/deploy/lab"
)

// TestReportsInALogThatIsRotated is M09 for the log file: nobody who moves it, with
// SIGHUP or without, makes a line be lost or cut, and whoever truncates it makes no hole.
func TestReportsInALogThatIsRotated(t *testing.T) {
	t.Parallel()
	o := newOffice(t, officeOptions{tables: []string{loadUnwatched, loadTable("nothing", "true")}})
	log := filepath.Join(o.root, "log", "overseer.log")
	before := len(o.lines(log)) // of verbs, which say the same elsewhere
	o.start()
	ctx, stop := context.WithCancel(t.Context())
	var writing [4]error
	done := make(chan int)
	for i := range writing {
		go func() {
			for ctx.Err() == nil && writing[i] == nil {
				_, writing[i] = control.NewClient(lab.Socket(o.root)).CheckLoad(context.WithoutCancel(ctx), "nothing", nil)
			}
			done <- i
		}()
	}
	const rotations = 6
	for i := range rotations {
		o.awaitSaid("load action ended", 10*(i+1))
		o.await("the log", func() error { return os.Rename(log, fmt.Sprintf("%s.moved%d", log, i)) })
		if i%2 == 0 {
			o.nudge()
		}
	}
	o.awaitSaid("load action ended", 10*(rotations+1))
	stop()
	for range writing {
		if i := <-done; writing[i] != nil {
			t.Error(writing[i])
		}
	}
	moved, err := filepath.Glob(log + "*")
	if err != nil || len(moved) != rotations+1 {
		t.Errorf("logs: got %q, want %d: %v", moved, rotations+1, err)
	}
	o.await("all lines", func() error { // the last ones may be about to come
		got := 0
		for _, path := range moved {
			got += reportLines(o, path)
		}
		if want := before + strings.Count(o.log(), "\n"); got != want {
			return fmt.Errorf("got %d in all logs, want %d", got, want)
		}
		return nil
	})

	// copytruncate, which loses what comes between its two steps: nothing does here.
	before = reportLines(o, log)
	if err := errors.Join(os.WriteFile(log+".copy", []byte(o.read(log)), 0o600), os.Truncate(log, 0)); err != nil {
		t.Fatal(err)
	}
	said := strings.Count(o.log(), "\n")
	o.run("check", "load")
	o.await("the lines after the log was truncated", func() error {
		if got, want := reportLines(o, log), strings.Count(o.log(), "\n")-said; got != want || want == 0 {
			return fmt.Errorf("got %d, want %d", got, want)
		}
		return nil
	})
	if got := reportLines(o, log+".copy"); got != before {
		t.Errorf("lines in the copy: got %d, want %d", got, before)
	}

	// One that is removed is made again.
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	o.run("check", "load")
	if reportLines(o, log) == 0 {
		t.Error("nothing is written any more")
	}
}

// reportLines counts the lines of a log, each of which is whole.
func reportLines(o *office, path string) (number int) {
	o.Helper()
	for line := range strings.Lines(o.read(path)) {
		number++
		if !strings.HasPrefix(line, "2") || !strings.HasSuffix(line, "\n") || strings.Contains(line, "\x00") {
			o.Errorf("%s: line %d is not whole: %q", filepath.Base(path), number, line)
		}
	}
	return number
}
