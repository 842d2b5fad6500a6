package renew_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
)

// keep runs the pipeline's loop while the test goes on in virtual time.
func (w *world) keep() (kick chan struct{}) { return w.keepThrough(w) }

func (w *world) keepThrough(stages renew.Stages) (kick chan struct{}) {
	rules := schedule.Rules{Daily: schedule.TimeOfDay{Minute: 20}, Location: time.UTC}
	kick = make(chan struct{})
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.through(stages).Keep(ctx, rules.NextDaily, kick)
	}()
	w.Cleanup(func() { cancel(); <-ended })
	return kick
}

// expired lists what no visitor would accept now.
func (w *world) expired() (ids []acmecore.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, c := range w.current {
		if !time.Now().Before(c.NotAfter) {
			ids = append(ids, id)
		}
	}
	return ids
}

// daysOf counts the daily passes.
func (w *world) daysOf() (passes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.runs)
}

// TestFourYearsLoseNothing is the life of an overseer: certificates of 90, 45 and 6
// days, and a CA that does not answer for 29 days.
func TestFourYearsLoseNothing(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("ninety", 90*day, 0)
		w.have("fortyfive", 45*day, 0)
		w.have("six", 6*day, 0)
		began := time.Now()
		w.obtain = func(context.Context, acmecore.ID) error {
			if at := time.Since(began); at > 400*day && at < 429*day {
				return &acmecore.Error{Kind: acmecore.Unreachable, Cause: errors.New("no route to host")}
			}
			return nil
		}
		w.keep()
		expired := map[acmecore.ID]time.Duration{}
		for range 4 * 365 * 24 {
			time.Sleep(time.Hour)
			for _, id := range w.expired() {
				expired[id] += time.Hour
			}
		}
		synctest.Wait()
		if lost := expired["ninety"]; lost > 0 {
			t.Errorf("ninety was expired for %v, although the CA was away for less than a third of its life", lost)
		}
		for id, life := range map[acmecore.ID]time.Duration{"fortyfive": 45 * day, "six": 6 * day} {
			if most := 29*day - life/4; expired[id] > most {
				t.Errorf("%s was expired for %v, want at most %v: the outage without the rest of its life", id, expired[id], most)
			}
			w.inService(id)
		}
		for id, most := range map[acmecore.ID]int{"ninety": 4*365/60 + 1 + 4*29, "fortyfive": 4*365/30 + 1 + 4*29, "six": 4*365/3 + 1 + 4*29 + 8} {
			if got := len(w.orders[id]); got > most {
				t.Errorf("attempts for %s in four years: got %d, want at most %d", id, got, most)
			}
		}
		w.polite()
	})
}

// polite looks at all attempts: at most three in the first hour of a trouble, and
// four in any hour.
func (w *world) polite() {
	w.Helper()
	for id, times := range w.orders {
		for i := range times {
			n := 0
			for _, at := range times[i:] {
				if at.Sub(times[i]) < time.Hour {
					n++
				}
			}
			if n > 3 {
				w.Errorf("attempts for %s in the hour from %v: got %d, want at most 3", id, times[i], n)
			}
		}
	}
}

func TestKeepIsPoliteWhateverFails(t *testing.T) {
	kinds := []acmecore.Kind{acmecore.Unreachable, acmecore.Refused, acmecore.Limited, acmecore.Internal, acmecore.Invalid, acmecore.Busy}
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(w *world) {
				w.manage("www", 90*day)
				w.unkept = kind == acmecore.Internal // D: the disk is full
				w.obtain = func(context.Context, acmecore.ID) error { return &acmecore.Error{Kind: kind, Cause: errors.New("no")} }
				w.keep()
				time.Sleep(10 * day)
				synctest.Wait()
				if got := len(w.orders["www"]); got < 2 || got > 60 {
					t.Errorf("attempts in ten days: got %d, want 2 to 60", got)
				}
				w.polite()
			})
		})
	}
}

func TestKeepRenewsAtNight(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 59*day+12*time.Hour)
		w.keep()
		time.Sleep(2 * day)
		synctest.Wait()
		if len(w.orders["www"]) != 1 {
			t.Fatalf("orders: got %d, want 1", len(w.orders["www"]))
		}
		if at := w.orders["www"][0]; at.Hour() != 0 || at.Minute() != 20 {
			t.Errorf("renewed at %v, want 00:20", at)
		}
	})
}

func TestKeepFollowsTheWindowOfTheCA(t *testing.T) {
	bubble(t, func(w *world) { // K10
		w.have("www", 90*day, day)
		start := time.Now().Add(5*day + 7*time.Hour)
		w.inform = func(s renew.Situation) schedule.Answer {
			if s.Certificate.NotBefore.After(start) {
				return schedule.Answer{Start: s.Certificate.NotAfter.Add(-20 * day), End: s.Certificate.NotAfter.Add(-19 * day)}
			}
			return schedule.Answer{Start: start, End: start.Add(2 * time.Hour), RetryAfter: 6 * time.Hour}
		}
		w.keep()
		time.Sleep(10 * day)
		synctest.Wait()
		if len(w.orders["www"]) != 1 {
			t.Fatalf("orders: got %d, want 1", len(w.orders["www"]))
		}
		if at := w.orders["www"][0]; at.Before(start) || at.After(start.Add(2*time.Hour+10*time.Minute)) {
			t.Errorf("renewed at %v, want in the window from %v", at, start)
		}
		if w.asked < 20 || w.asked > 60 {
			t.Errorf("asked %d times in ten days, want about 40", w.asked)
		}
	})
}

func TestKeepWakesForABackOff(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		began := time.Now()
		w.obtain = func(context.Context, acmecore.ID) error {
			if time.Since(began) < 30*time.Second {
				return &acmecore.Error{Kind: acmecore.Unreachable, Cause: errors.New("connection refused")}
			}
			return nil
		}
		w.keep()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		w.inService("www")
		if got := len(w.orders["www"]); got != 2 {
			t.Errorf("attempts: got %d, want 2", got)
		}
	})
}

func TestKickSeesNewRecords(t *testing.T) {
	bubble(t, func(w *world) {
		kick := w.keep()
		synctest.Wait()
		w.mu.Lock()
		w.manage("www", 90*day)
		w.mu.Unlock()
		kick <- struct{}{}
		time.Sleep(time.Second)
		synctest.Wait()
		w.inService("www")
	})
}

func TestKeepPassesOnceADay(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 20 {
			w.have(acmecore.ID(fmt.Sprint("www", i)), 90*day, day)
		}
		w.keep()
		time.Sleep(10 * day)
		synctest.Wait()
		if got := w.daysOf(); got != 10 {
			t.Errorf("recorded passes in ten days: got %d, want 10", got)
		}
	})
}
