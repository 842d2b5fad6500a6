package renew_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
)

// haveMany makes so many certificates that were obtained so long ago.
func (w *world) haveMany(n int, age time.Duration) {
	for i := range n {
		w.have(acmecore.ID(fmt.Sprintf("c%05d", i)), 90*day, age)
	}
}

func TestWindowsOfManyKeepToThePace(t *testing.T) {
	bubble(t, func(w *world) { // the CA wants all of them replaced at once
		w.allowed = 5
		w.haveMany(50, 10*day)
		w.inform = func(renew.Situation) schedule.Answer {
			return schedule.Answer{Start: time.Now().Add(-2 * day), End: time.Now().Add(-day)}
		}
		w.pass(renew.Request{})
		if len(w.orders) != 5 {
			t.Errorf("orders at once: got %d, want 5", len(w.orders))
		}
	})
}

func TestHeldCertificatesTakeNoOrders(t *testing.T) {
	bubble(t, func(w *world) {
		w.haveMany(20, 70*day)
		w.obtain = func(ctx context.Context, _ acmecore.ID) error { <-ctx.Done(); return ctx.Err() }
		kick := w.keep()
		time.Sleep(time.Second)
		kick <- struct{}{}
		time.Sleep(30 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.pace.Tokens < 300-20 || len(w.orders) != 10 {
			t.Errorf("got %.0f orders left and %d under way, want 280 and 10: what hangs takes no more of them", w.pace.Tokens, len(w.orders))
		}
	})
}

func TestPostponedThousandsMakeFewRecords(t *testing.T) {
	bubble(t, func(w *world) { // K11
		w.haveMany(2000, 60*day)
		w.watched = false
		w.keep()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		entries := 0
		for _, run := range w.runs {
			entries += len(run.Certificates)
		}
		if got := len(w.orders); got < 550 || got > 610 {
			t.Errorf("orders in three hours: got %d, want the 300 that were left and 300 more", got)
		}
		if entries > len(w.orders)+len(w.runs) {
			t.Errorf("got %d entries in %d records, want one for each of %d orders", entries, len(w.runs), len(w.orders))
		}
	})
}

func TestDailyPassWaitsForRetryAfter(t *testing.T) {
	bubble(t, func(w *world) { // N07
		w.have("www", 90*day, 70*day)
		now := time.Now()
		s := w.standing["www"]
		s.Failures = []acmecore.Failure{{At: now.Add(-23*time.Hour - 30*time.Minute), Kind: acmecore.Limited, Cause: "rate", Until: now.Add(30 * time.Minute)}}
		w.standing["www"] = s
		w.pass(renew.Request{Everything: true})
		if len(w.orders) > 0 {
			t.Error("ordered half an hour before Retry-After was over")
		}
	})
}

func TestDailyPassTakesATryThatIsNearlyDue(t *testing.T) {
	bubble(t, func(w *world) { // by cron, at the same time each day
		w.have("www", 90*day, 70*day)
		s := w.standing["www"]
		s.Failures = []acmecore.Failure{{At: time.Now().Add(-day + 10*time.Second), Kind: acmecore.Refused, Cause: "no"}}
		w.standing["www"] = s
		w.pass(renew.Request{Everything: true})
		w.inService("www")
	})
}

// dark is a world in which nobody answers at the addresses of some certificates.
type dark struct {
	*world
	looks atomic.Int64
	spool atomic.Bool // takes nothing
	lists atomic.Bool // cannot be made
}

func (d *dark) Proofs(ctx context.Context, id acmecore.ID) []acmecore.Proof {
	if id != "www" && id != "new" {
		time.Sleep(10 * time.Second)
	}
	return d.world.Proofs(ctx, id)
}

func (d *dark) Look(id acmecore.ID) renew.Situation {
	d.looks.Add(1)
	return d.world.Look(id)
}

func (d *dark) Tell(events ...acmecore.Event) error {
	if d.spool.Load() {
		return errors.New("no space left on device")
	}
	return d.world.Tell(events...)
}

func (d *dark) Certificates() ([]acmecore.ID, error) {
	if d.lists.Load() {
		return nil, errors.New("input/output error")
	}
	return d.world.Certificates()
}

func TestLookingAtManyHoldsUpNoLoad(t *testing.T) {
	bubble(t, func(w *world) {
		w.haveMany(500, day)
		w.have("www", 90*day, 61*day)
		p := w.through(&dark{world: w})
		began, loaded := time.Now(), time.Duration(-1)
		w.load = func(string) string {
			if loaded < 0 {
				loaded = time.Since(began)
			}
			return ""
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = p.Pass(w.Context(), renew.Request{Everything: true}, nil)
		}()
		time.Sleep(time.Minute)
		w.mu.Lock()
		w.have("new", 90*day, day)
		w.mu.Unlock()
		asked := time.Now()
		_, err := p.One(w.Context(), renew.Request{Trigger: "certify"}, "new", func(context.Context, acmecore.Progress) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.issue("new", time.Now())
			return nil
		}, nil)
		if took := time.Since(asked); err != nil || took > time.Minute {
			t.Errorf("certify in the meantime took %v: %v", took, err)
		}
		<-done
		if loaded > 10*time.Second {
			t.Errorf("the renewed one was loaded after %v", loaded)
		}
		w.inService("www")
	})
}

func TestOutageMakesFewLooks(t *testing.T) {
	bubble(t, func(w *world) {
		w.watched = false
		w.haveMany(100, day)
		w.inform = func(renew.Situation) schedule.Answer {
			return schedule.Answer{Err: &acmecore.Error{Kind: acmecore.Unreachable, Cause: errors.New("no route to host")}}
		}
		d := &dark{world: w}
		w.keepThrough(d)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := d.looks.Load(); got > 100*3*8 {
			t.Errorf("looks at 100 certificates in an hour: got %d, want some every ten minutes", got)
		}
	})
}

func TestEventsWaitForASpoolThatIsFull(t *testing.T) {
	bubble(t, func(w *world) { // D, I6
		w.have("www", 90*day, 61*day)
		d := &dark{world: w}
		p := w.through(d)
		pass := func() { _, _ = p.Pass(w.Context(), renew.Request{Now: true}, nil) }
		w.obtain = func(context.Context, acmecore.ID) error { return errors.New("no") }
		pass()
		w.obtain = nil
		d.spool.Store(true)
		pass()
		d.spool.Store(false)
		pass()
		equal(t, "events", w.told(), []string{"failed www", "recovered www", "renewed www"})
	})
}

func TestListThatFailsOnceIsMadeAgain(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		d := &dark{world: w}
		d.lists.Store(true)
		w.keepThrough(d)
		time.Sleep(time.Minute)
		d.lists.Store(false)
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		w.inService("www")
		equal(t, "events", w.told()[:1], []string{"failed "})
	})
}

func TestTargetThatFailsLoadsNothing(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		w.install = func(_ acmecore.ID, target string) error {
			if target == "mail" {
				return errors.New("no such directory")
			}
			return nil
		}
		delete(w.placed["www"], "mail")
		w.keep()
		time.Sleep(3 * day)
		synctest.Wait()
		if len(w.ran) > 0 {
			t.Errorf("loads although no file was changed: %d", len(w.ran))
		}
	})
}

func TestServerThatIsNeverReachedIsNotLoadedForEver(t *testing.T) {
	bubble(t, func(w *world) { // a proxy in front has a certificate of its own
		w.have("www", 90*day, day)
		s := w.standing["www"]
		s.Seen = ""
		w.standing["www"], w.served["www"], w.deafToLoads = s, "the proxy's", true
		w.keep()
		time.Sleep(20 * day)
		synctest.Wait()
		if len(w.ran) > 2*8 {
			t.Errorf("loads in 20 days: got %d, want a few", len(w.ran))
		}
	})
}

func TestActionAddedLaterPutsNothingBack(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 61*day)
		w.pass(renew.Request{})
		fingerprint := w.current["www"].Fingerprint
		w.loads = append(w.loads, "new")
		w.load = func(action string) string {
			if action == "new" {
				return "exit status 1"
			}
			return ""
		}
		w.keep()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if w.placed["www"]["web"] != fingerprint || w.served["www"] != fingerprint {
			t.Errorf("got %q in the target and %q served, want %q: it was in service", w.placed["www"]["web"], w.served["www"], fingerprint)
		}
	})
}

func TestActionThatEndsWCMEWaits(t *testing.T) {
	bubble(t, func(w *world) { // L05
		w.have("www", 90*day, day)
		s := w.standing["www"]
		s.Loaded = nil
		killed := acmecore.Failure{At: time.Now(), Kind: acmecore.Busy, Cause: "wcme was ended while it was loaded"}
		s.Unserved = []acmecore.Failure{killed}
		w.standing["www"] = s
		w.load = func(string) string {
			if got := w.standing["www"].Unserved; len(got) != 2 {
				t.Errorf("noted while it is loaded: got %d attempts, want the one before and this one", len(got))
			}
			return ""
		}
		w.pass(renew.Request{})
		w.inService("www") // C28: once is made up for at once

		s.Unserved = []acmecore.Failure{killed, killed, killed, killed}
		w.standing["www"] = s
		run := w.pass(renew.Request{})
		if run.Count(acmecore.Postponed) != 1 {
			t.Errorf("four times: got %+v, want it postponed", run.Certificates)
		}
	})
}

func TestKickDoesNotPutOffTheDailyPass(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		kick := w.keep()
		time.Sleep(20*time.Minute - time.Second)
		synctest.Wait()
		kick <- struct{}{}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := w.daysOf(); got != 1 {
			t.Errorf("daily passes: got %d, want 1", got)
		}
	})
}

func TestThingsGoneFromSSLAreSettledOnceADay(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		w.unsettled = true
		w.keep()
		time.Sleep(day)
		synctest.Wait()
		if w.unsettled {
			t.Error("nobody has settled it")
		}
	})
}

func TestVersionThatCannotBePublishedIsNotToldAsRenewed(t *testing.T) {
	bubble(t, func(w *world) { // D02: of two passes at once, the second one comes right after the failure
		w.have("www", 90*day, time.Hour)
		standing := w.standing["www"]
		standing.Attempted, standing.Told = time.Now(), "the version before"
		standing.Failures = []acmecore.Failure{{At: time.Now(), Kind: acmecore.Internal, Cause: "no space left on device"}}
		w.standing["www"], w.stuck = standing, errors.New("no space left on device")
		for _, want := range []struct {
			after    time.Duration
			failures int
		}{{time.Second, 1}, {61 * time.Second, 2}} {
			time.Sleep(want.after)
			w.pass(renew.Request{})
			if got := len(w.standing["www"].Failures); got != want.failures {
				t.Errorf("%s later: got %d failures, want %d", want.after, got, want.failures)
			}
		}
		if slices.Contains(w.told(), "renewed www") {
			t.Errorf("got the events %v", w.told())
		}
		w.stuck = nil
		time.Sleep(11 * time.Minute)
		w.pass(renew.Request{})
		if !slices.Contains(w.told(), "renewed www") || len(w.standing["www"].Failures) > 0 {
			t.Errorf("afterwards: got the events %v and %d failures", w.told(), len(w.standing["www"].Failures))
		}
	})
}

func TestCertificateThatCannotBeReadForTheMomentIsNotOrdered(t *testing.T) {
	bubble(t, func(w *world) { // D08
		w.have("www", 90*day, day)
		w.passing = true
		w.keep()
		time.Sleep(time.Hour)
		synctest.Wait()
		w.mu.Lock()
		w.passing = false
		delete(w.placed["www"], "mail")
		w.mu.Unlock()
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if len(w.orders) > 0 || len(w.told()) > 0 {
			t.Errorf("got %d orders and the events %v, want none", len(w.orders), w.told())
		}
		w.inService("www")
	})
}
