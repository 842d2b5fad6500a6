package manager_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/manager"
	acmeorder "wcme/acmecore/order"
	"wcme/deploy/lab"
)

// hangingHook is a hook that never ends. What is returned beside its table returns when
// it is called.
func hangingHook(t *testing.T, more string) (table, record string, called func()) {
	t.Helper()
	table, record = recordingHook(t, "a", "dehydrated", more)
	fifo := filepath.Join(filepath.Dir(record), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	lab.WriteProgram(t, filepath.Join(filepath.Dir(record), "program"), []byte("#!/bin/sh\necho \"$*\" >>\"$RECORD\"\necho >'"+fifo+"'\nexec sleep 1000\n"))
	return table, record, func() {
		t.Helper()
		read := make(chan error, 1)
		go func() {
			_, err := os.ReadFile(fifo)
			read <- err
		}()
		select {
		case err := <-read:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("the hook is not called")
		}
	}
}

// calls is how often a hook of a record was called.
func calls(t *testing.T, record string) int {
	t.Helper()
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

// TestHookThatHangsHoldsNobodyUp: neither the start nor orders, and it is interrupted
// three times at most.
func TestHookThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	table, record, called := hangingHook(t, "timeout = \"5m\"")
	s := newSetting(t, table)
	key := s.noteHook("a", true)
	for try := 1; try <= 3; try++ {
		m := s.manager()
		if !s.noted(key) {
			t.Fatalf("try %d: the note is gone", try)
		}
		ctx, interrupt := context.WithCancel(t.Context())
		swept, reloaded := make(chan error, 1), make(chan error, 1)
		go func() { swept <- m.Sweep(ctx) }()
		called()
		go func() { reloaded <- m.Reload() }() // which waits while no order may begin
		select {
		case err := <-reloaded:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("orders wait for the hook")
		}
		interrupt()
		if err := <-swept; err != nil {
			t.Error(err)
		}
	}
	s.sweep()
	if n := calls(t, record); n != 3 || s.noted(key) {
		t.Errorf("the hook was called %d times; the note is there: %v", n, s.noted(key))
	}
}

// TestHookThatUsesUpItsTimeIsNotCalledAgain goes by the log: in its time, the hook may not
// even have come to its first line.
func TestHookThatUsesUpItsTimeIsNotCalledAgain(t *testing.T) {
	t.Parallel()
	table, record, _ := hangingHook(t, "timeout = \"1s\"")
	s := newSetting(t, table)
	key := s.noteHook("a", true)
	var log bytes.Buffer
	for range 2 {
		m, err := manager.New(s.root, "test", slog.New(slog.NewTextHandler(&log, nil)))
		if err == nil {
			err = errors.Join(m.Recover(), m.Sweep(t.Context()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, _ := os.ReadFile(record)
	if n := strings.Count(log.String(), "a hook did not end what a killed run has left"); n != 1 || strings.Count(string(text), "\n") > 1 || s.noted(key) {
		t.Errorf("the hook was called %d times; the note is there: %v; record %q, log %s", n, s.noted(key), text, log.String())
	}
}

// TestOverseerEndsWhatHooksHaveBegun when it has started, and nothing is due.
func TestOverseerEndsWhatHooksHaveBegun(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]func(*manager.Manager, context.Context){
		"with a watch":    func(m *manager.Manager, ctx context.Context) { m.Watch(manager.WatchOptions{}).Keep(ctx, nil) },
		"without a watch": func(m *manager.Manager, ctx context.Context) { m.Keep(ctx, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, _, called := hangingHook(t, "")
			s := newSetting(t, table)
			s.noteHook("a", true)
			m := s.manager()
			ctx, end := context.WithCancel(t.Context())
			kept := make(chan struct{})
			go func() {
				defer close(kept)
				keep(m, ctx)
			}()
			called()
			end()
			<-kept
		})
	}
}

// TestOrderBeginsAnewWhatIsLeft: a CA may give the same challenge again, and what a sweep
// is about to end does not answer it.
func TestOrderBeginsAnewWhatIsLeft(t *testing.T) {
	t.Parallel()
	table, record := recordingHook(t, "a", "dehydrated", "check = false")
	s := newSetting(t, table)
	key := s.noteHook("a", true)
	m := s.manager()
	ways, release, err := m.Provable(t.Context(), byDNS, "*.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	response := acmeorder.Response{Method: acmecore.DNS01, Name: "*.example.test", Token: hookToken, KeyAuthorization: string(hookToken) + ".x", Record: "x"}
	if err := ways.Publish(t.Context(), response); err != nil {
		t.Fatal(err)
	}
	if err := m.SweepHooks(t.Context()); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(record)
	if lines := strings.Split(string(text), "\n"); err != nil || len(lines) != 3 || !strings.HasPrefix(lines[0], "clean_challenge ") || !strings.HasPrefix(lines[1], "deploy_challenge ") {
		t.Errorf("got %q, %v", text, err)
	}
	if !s.noted(key) {
		t.Error("the note of the order is gone")
	}
}
