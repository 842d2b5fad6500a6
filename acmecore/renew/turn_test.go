package renew_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
)

// TestNextCAIsAskedAtOnce: when the first CA has had its attempts the next one does not
// wait for its turn, and has a schedule of its own.
func TestNextCAIsAskedAtOnce(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		w.choice = renew.Choice{CAs: []string{"one", "two"}, After: 4, May: func(string) bool { return true }}
		began, asked := time.Now(), ""
		w.obtain = func(context.Context, acmecore.ID) error {
			ca := w.choice.CAs[w.Look("www").Turn()]
			asked += fmt.Sprintf("%s after %d min, ", ca, int(time.Since(began).Minutes()))
			return &acmecore.Error{Kind: acmecore.Unreachable, Subject: ca, Cause: errors.New("connection refused")}
		}
		w.keep()
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		want := "one after 0 min, one after 1 min, one after 11 min, one after 111 min, two after 111 min, two after 112 min, two after 122 min, two after 222 min, "
		if asked != want {
			t.Errorf("asked were\n%s, want\n%s", asked, want)
		}
	})
}

// TestNoRoomPostpones what is due until there is, without an attempt, a failure or an
// order's token, and says why.
func TestNoRoomPostpones(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		until := time.Now().Add(34 * time.Hour)
		w.room = func(renew.Situation) renew.Full {
			if !time.Now().Before(until) {
				return renew.Full{}
			}
			return renew.Full{Until: until, Problem: "the CA allows 5", Hint: "wait"}
		}
		run := w.pass(renew.Request{Trigger: "manage", Now: true})
		if got := run.Certificates[0]; got.Outcome != acmecore.Postponed || got.Problem != "the CA allows 5" || got.Hint != "wait" || !got.Next.Equal(until) {
			t.Errorf("a pass: %+v", got)
		}
		w.keep()
		time.Sleep(33 * time.Hour)
		synctest.Wait()
		w.mu.Lock()
		if len(w.orders["www"]) > 0 || len(w.standing["www"].Failures) > 0 || !w.pace.At.IsZero() {
			t.Errorf("before there was room: orders %v, failures %v, pace %v", w.orders, w.standing["www"].Failures, w.pace)
		}
		w.mu.Unlock()
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		w.inService("www")
		w.mu.Lock()
		defer w.mu.Unlock()
		if orders := w.orders["www"]; len(orders) != 1 || orders[0].Before(until) {
			t.Errorf("orders: %v, want one after %v", orders, until)
		}
	})
}

// TestNobodyWasAsked: an attempt that ends before the CA is asked is none that failed.
func TestNobodyWasAsked(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		until := time.Now().Add(2 * time.Hour).UTC()
		w.obtain = func(context.Context, acmecore.ID) error {
			return &acmecore.Error{Kind: acmecore.Limited, Cause: &renew.PostponedError{Full: renew.Full{Until: until, Problem: "no room"}}}
		}
		run, err := w.pipeline().One(w.Context(), renew.Request{Trigger: "certify"}, "www", func(ctx context.Context, _ acmecore.Progress) error { return w.obtain(ctx, "www") }, nil)
		if acmecore.KindOf(err) != acmecore.Limited || len(run.Certificates) != 1 {
			t.Fatalf("got %+v, %v", run, err)
		}
		if got := run.Certificates[0]; got.Outcome != acmecore.Postponed || !got.Next.Equal(until) || got.Problem != "no room" {
			t.Errorf("became of it: %+v", got)
		}
		if failures := w.standing["www"].Failures; len(failures) > 0 || strings.Contains(strings.Join(w.told(), " "), "failed") {
			t.Errorf("failures are %v, and told was %v", failures, w.told())
		}
	})
}

// TestWakeDoesNotWaitForTheDailyPass: a certificate that was revoked is replaced soon.
func TestWakeDoesNotWaitForTheDailyPass(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 10*day)
		w.obtain = func(context.Context, acmecore.ID) error {
			w.spoil("www", "")
			return nil
		}
		p := w.pipeline()
		ctx, cancel := context.WithCancel(w.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			p.Keep(ctx, func(after time.Time) time.Time { return after.Add(20 * time.Hour) }, nil)
		}()
		w.Cleanup(func() { cancel(); <-ended })
		time.Sleep(time.Hour)
		synctest.Wait()
		w.spoil("www", "it was revoked")
		p.Wake("www")
		began := time.Now()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		if orders := w.orders["www"]; len(orders) != 1 || orders[0].Sub(began) > time.Minute {
			t.Errorf("orders: %v, want one within a minute of %v", orders, began)
		}
	})
}

// spoil gives a certificate a problem; "" takes it away.
func (w *world) spoil(id acmecore.ID, problem string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.current[id]
	c.Problem = problem
	w.current[id] = c
}

// TestWindowOfThePastIsFollowedAtOnce, and room is looked for again when it is known: in a
// window there may be more.
func TestWindowOfThePastIsFollowedAtOnce(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 10*day)
		var room []bool // whether a window was known when room was looked for
		w.inform = func(s renew.Situation) (answer schedule.Answer) {
			return schedule.Answer{Start: time.Now().Add(-2 * time.Hour), End: time.Now().Add(-time.Hour)}
		}
		w.room = func(s renew.Situation) renew.Full {
			room = append(room, !s.Standing.RenewalInfo.Start.IsZero())
			return renew.Full{}
		}
		run := w.pass(renew.Request{Trigger: "schedule"})
		if len(run.Certificates) != 1 || run.Certificates[0].Outcome != acmecore.Renewed || run.Certificates[0].Reason != acmecore.BecauseWindow {
			t.Errorf("with a window in the past: %+v", run.Certificates)
		}
		if len(room) < 2 || room[0] || !room[len(room)-1] {
			t.Errorf("room was looked for with a window: %v", room)
		}
	})
}
