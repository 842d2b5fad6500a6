package renew_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
)

// keepTime runs the pipeline's loop and returns its rhythm.
func (w *world) keepTime() *renew.Rhythm {
	rules, rhythm := schedule.Rules{Daily: schedule.TimeOfDay{Minute: 20}, Location: time.UTC}, new(renew.Rhythm)
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.through(w).KeepTime(ctx, rules.NextDaily, nil, rhythm)
	}()
	w.Cleanup(func() { cancel(); <-ended })
	return rhythm
}

func TestRhythmKnowsTheLastAndTheNextPass(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 0)
		if at, _ := new(renew.Rhythm).Last(); !at.IsZero() || !new(renew.Rhythm).Next().IsZero() || !new(renew.Rhythm).Silent().IsZero() {
			t.Error("a rhythm of no passes has times")
		}
		rhythm, began := w.keepTime(), time.Now()
		synctest.Wait()
		if at, run := rhythm.Last(); !at.Equal(began) || run == "" {
			t.Errorf("after the first pass: got %v, %q, want %v", at, run, began)
		}
		time.Sleep(3*day + time.Hour)
		synctest.Wait()
		next := rhythm.Next()
		if next.Before(time.Now()) || time.Until(next) > day || next.Hour() != 0 || next.Minute() != 20 {
			t.Errorf("next: got %v, at %v", next, time.Now())
		}
		if at, _ := rhythm.Last(); !at.Equal(next.Add(-day)) {
			t.Errorf("last: got %v, want %v", at, next.Add(-day))
		}
		if since := rhythm.Silent(); !since.IsZero() {
			t.Errorf("silent since %v, and it is not", since)
		}
	})
}

func TestRhythmIsSilentWhenAPassStandsStill(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		ends := make(chan struct{})
		w.obtain = func(context.Context, acmecore.ID) error { <-ends; return nil }
		rhythm, began := w.keepTime(), time.Now()
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if since := rhythm.Silent(); !since.IsZero() {
			t.Errorf("after 59 minutes: silent since %v", since)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if since := rhythm.Silent(); since.Before(began) || since.After(began.Add(time.Minute)) {
			t.Errorf("after 61 minutes: got %v, want about %v", since, began)
		}
		close(ends)
		synctest.Wait()
		if since := rhythm.Silent(); !since.IsZero() {
			t.Errorf("silent since %v, and the pass has ended", since)
		}
	})
}
