package manager_test

import (
	"context"
	"testing"
	"time"

	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

// TestHookThatHangsHoldsNobodyUp: neither the start nor orders, and it is interrupted
// three times at most.
func TestHookThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	table, record, called := lab.HangingHook(t, "timeout = \"5m\"")
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
	if n := lab.HookCalls(t, record); n != 3 || s.noted(key) {
		t.Errorf("the hook was called %d times; the note is there: %v", n, s.noted(key))
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
			table, _, called := lab.HangingHook(t, "")
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
