package renew_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
)

// TestDailyPassTakesWhatIsDue has a try fall on the daily pass: it is one pass that
// makes it, and not another one a second later, which would take an order for nothing
// from what the CA may be asked for.
func TestDailyPassTakesWhatIsDue(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		w.allowed = 3
		w.obtain = func(context.Context, acmecore.ID) error {
			if time.Now().Minute() == 20 {
				time.Sleep(10 * time.Second)
			}
			return &acmecore.Error{Kind: acmecore.Unreachable, Cause: errors.New("connection refused")}
		}
		time.Sleep(9 * time.Minute) // tries follow after 1 and 10 minutes
		w.keep()
		time.Sleep(12 * time.Minute)
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := len(w.orders["www"]); got != 3 {
			t.Errorf("tries: got %d, want 3", got)
		}
		for _, run := range w.runs {
			if got := run.Count(acmecore.Postponed); got > 0 {
				t.Errorf("a run postponed what another one did: %+v", run)
			}
		}
	})
}
