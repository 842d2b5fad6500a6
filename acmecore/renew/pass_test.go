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
)

// bubble runs a test in virtual time.
func bubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t)) })
}

func TestPassBringsANewCertificateIntoService(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		run := w.pass(renew.Request{})
		w.inService("www")
		if got := run.Count(acmecore.Renewed); got != 1 {
			t.Errorf("renewed: got %d, want 1: %+v", got, run)
		}
		equal(t, "loads", w.ran, []string{"servers [www]", "post [www]"})
		equal(t, "events", w.told(), []string{"renewed www"})
		run = w.pass(renew.Request{})
		if len(run.Certificates)+len(run.Loads) > 0 {
			t.Errorf("the next pass did something: %+v", run)
		}
		equal(t, "events", w.told(), []string{"renewed www"})
	})
}

func TestPassRunsEachLoadOnceForAll(t *testing.T) {
	bubble(t, func(w *world) {
		for i := range 50 { // L11
			w.manage(acmecore.ID(fmt.Sprintf("www%02d", i)), 90*day)
		}
		run := w.pass(renew.Request{})
		if len(w.ran) != 2 || strings.Count(w.ran[0], "www") != 50 {
			t.Errorf("loads: got %q, want two with 50 certificates each", w.ran)
		}
		if got := run.Count(acmecore.Renewed); got != 50 {
			t.Errorf("renewed: got %d, want 50", got)
		}
	})
}

func TestOneThatHangsDelaysNoOther(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("hangs", 90*day)
		w.manage("www", 90*day)
		began, served := time.Now(), time.Duration(0)
		w.obtain = func(ctx context.Context, id acmecore.ID) error {
			if id == "hangs" {
				time.Sleep(30 * time.Minute)
				return errors.New("the CA did not come to an end")
			}
			return nil
		}
		w.load = func(string) string { served = time.Since(began); return "" }
		w.pass(renew.Request{})
		w.inService("www")
		if served > 2*time.Minute {
			t.Errorf("www was loaded after %v", served)
		}
	})
}

func TestPassGoesOnWhereItIsMissing(t *testing.T) {
	for _, test := range []struct {
		what   string
		damage func(w *world)
		loads  int
	}{
		{"C24 one target is not installed", func(w *world) { w.placed["www"]["mail"] = "another one" }, 2},
		{"C27 installed and not loaded", func(w *world) { s := w.standing["www"]; s.Loaded = nil; w.standing["www"] = s }, 2},
		{"one action did not load it", func(w *world) { delete(w.standing["www"].Loaded, "post") }, 1},
		{"C29 loaded and not verified", func(w *world) { s := w.standing["www"]; s.Seen = ""; w.standing["www"] = s }, 0},
		{"served is another one", func(w *world) {
			s := w.standing["www"]
			s.Seen = ""
			w.standing["www"], w.served["www"] = s, "another one"
		}, 2},
		{"L16 a target was deleted", func(w *world) { clear(w.placed["www"]) }, 2},
	} {
		t.Run(test.what, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.have("www", 90*day, day)
				test.damage(w)
				run := w.pass(renew.Request{})
				w.inService("www")
				if len(w.orders) != 0 {
					t.Error("another certificate was ordered")
				}
				if len(w.ran) != test.loads {
					t.Errorf("loads: got %q, want %d", w.ran, test.loads)
				}
				if got := run.Count(acmecore.Repaired); got != 1 {
					t.Errorf("repaired: got %d, want 1", got)
				}
				if run := w.pass(renew.Request{}); len(run.Certificates) > 0 {
					t.Errorf("the next pass did something: %+v", run)
				}
			})
		})
	}
}

func TestFilesBeforeGoBackWhenALoadFails(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 61*day)
		before := w.served["www"]
		w.load = func(action string) string {
			if w.placed["www"]["web"] != before {
				return "exit status 1"
			}
			return ""
		}
		run := w.pass(renew.Request{})
		if w.placed["www"]["web"] != before || w.placed["www"]["mail"] != before || w.served["www"] != before {
			t.Error("the files before are not back in service")
		}
		if got := run.Count(acmecore.NotServed); got != 1 || len(run.Loads) != 4 {
			t.Errorf("got %d not served and %d loads, want 1 and 4", got, len(run.Loads))
		}
		equal(t, "events", w.told(), []string{"not served www"})

		// L01: it is tried again after 1, 5 and 15 minutes, then hourly; nothing is ordered.
		kept := w.current["www"].Fingerprint
		for _, wait := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour} {
			loads := len(w.ran)
			time.Sleep(wait - 2*time.Second)
			w.pass(renew.Request{})
			if len(w.ran) != loads {
				t.Errorf("loaded before %v were over", wait)
			}
			time.Sleep(2 * time.Second)
			w.pass(renew.Request{})
			if len(w.ran) == loads {
				t.Errorf("not loaded after %v", wait)
			}
		}
		w.load = nil
		time.Sleep(time.Hour)
		w.pass(renew.Request{})
		w.inService("www")
		if w.current["www"].Fingerprint != kept || len(w.orders["www"]) != 1 {
			t.Error("another certificate was ordered")
		}
		events := w.told()
		equal(t, "last events", events[len(events)-2:], []string{"recovered www", "renewed www"})
	})
}

func TestFilesBeforeGoBackWhenTheServerStops(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 61*day)
		before := w.served["www"]
		w.load = func(string) string { w.silent = w.placed["www"]["web"] != before; return "" }
		w.pass(renew.Request{})
		if w.placed["www"]["web"] != before || w.silent {
			t.Error("the files before are not back in service")
		}
		equal(t, "events", w.told(), []string{"not served www"})
	})
}

func TestFirstFilesStayWhenALoadFails(t *testing.T) {
	bubble(t, func(w *world) { // there is nothing to go back to
		w.manage("www", 90*day)
		w.load = func(string) string { return "exit status 1" }
		w.pass(renew.Request{})
		if w.placed["www"]["web"] != w.current["www"].Fingerprint {
			t.Error("the first files are gone")
		}
	})
}

func TestNotServedIsToldAndRetried(t *testing.T) {
	bubble(t, func(w *world) { // L12
		w.have("www", 90*day, 61*day)
		w.deafToLoads = true
		run := w.pass(renew.Request{})
		if got := run.Count(acmecore.NotServed); got != 1 {
			t.Errorf("not served: got %d, want 1", got)
		}
		if w.placed["www"]["web"] != w.current["www"].Fingerprint {
			t.Error("the new files went away, although nothing was the worse for them")
		}
		w.deafToLoads = false
		time.Sleep(time.Minute)
		w.pass(renew.Request{})
		w.inService("www")
		equal(t, "events", w.told(), []string{"not served www", "recovered www", "renewed www"})
	})
}

func TestLoadThatTakesFilesAwayIsTold(t *testing.T) {
	bubble(t, func(w *world) { // L16
		w.have("www", 90*day, 61*day)
		w.load = func(string) string { delete(w.placed["www"], "mail"); return "" }
		run := w.pass(renew.Request{})
		if run.Count(acmecore.NotServed) != 1 {
			t.Errorf("got %+v, want it not in service", run.Certificates)
		}
		equal(t, "events", w.told(), []string{"not served www"})
	})
}

func TestTargetThatFailsStopsNoOther(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, 61*day)
		w.install = func(_ acmecore.ID, target string) error {
			if target == "mail" {
				return errors.New("permission denied")
			}
			return nil
		}
		w.pass(renew.Request{})
		if w.placed["www"]["web"] != w.current["www"].Fingerprint || w.served["www"] != w.current["www"].Fingerprint {
			t.Error("the other target was not brought into service")
		}
		w.install = nil
		time.Sleep(time.Minute)
		w.pass(renew.Request{})
		w.inService("www")
		equal(t, "events", w.told(), []string{"failed www", "recovered www", "renewed www"})
	})
}

func TestDryRunDoesNothing(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		w.have("mail", 90*day, day)
		w.placed["mail"]["web"] = ""
		run := w.pass(renew.Request{DryRun: true})
		if got := run.Count(acmecore.Planned); got != 2 {
			t.Errorf("planned: got %d, want 2: %+v", got, run)
		}
		if len(w.orders)+len(w.ran)+len(w.events)+len(w.runs)+w.asked > 0 || w.placed["mail"]["web"] != "" {
			t.Error("a dry run did something")
		}
	})
}

func TestForceObtainsWhatIsNotDue(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		run := w.pass(renew.Request{Force: []acmecore.ID{"www"}})
		w.inService("www")
		if len(w.orders["www"]) != 1 || run.Certificates[0].Reason != acmecore.BecauseAsked {
			t.Errorf("got %d orders, %+v", len(w.orders["www"]), run.Certificates)
		}
	})
}

func TestDailyPassFindsWhatIsNoLongerServed(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		w.served["www"] = "another one"
		if run := w.pass(renew.Request{}); len(run.Certificates) != 0 {
			t.Errorf("a pass that was not the daily one did something: %+v", run)
		}
		run := w.pass(renew.Request{Everything: true})
		if got := run.Count(acmecore.NotServed); got != 1 || len(w.ran) != 0 {
			t.Errorf("got %d not served and loads %q, want 1 and none", got, w.ran)
		}
		time.Sleep(time.Minute)
		w.pass(renew.Request{})
		w.inService("www")
	})
}

func TestOrdersBeyondThePaceArePostponed(t *testing.T) {
	bubble(t, func(w *world) { // K11
		for i := range 700 {
			w.have(acmecore.ID(fmt.Sprintf("www%03d", i)), 90*day, 61*day+time.Duration(i)*time.Minute)
		}
		run := w.pass(renew.Request{})
		if renewed, postponed := run.Count(acmecore.Renewed), run.Count(acmecore.Postponed); renewed != 300 || postponed != 400 {
			t.Errorf("got %d renewed and %d postponed, want 300 and 400", renewed, postponed)
		}
		if len(w.orders["www699"]) != 1 || len(w.orders["www000"]) != 0 {
			t.Error("those that expire first were not renewed first")
		}
	})
}

func TestInterruptedPassIsNoFailure(t *testing.T) {
	bubble(t, func(w *world) {
		w.manage("www", 90*day)
		ctx, cancel := context.WithCancel(w.Context())
		w.obtain = func(ctx context.Context, _ acmecore.ID) error { cancel(); <-ctx.Done(); return ctx.Err() }
		if _, err := w.pipeline().Pass(ctx, renew.Request{}, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		if len(w.standing["www"].Failures) > 0 || len(w.told()) > 0 {
			t.Error("it was noted as a failure")
		}
		w.obtain = nil
		w.pass(renew.Request{})
		w.inService("www")
		equal(t, "events", w.told(), []string{"renewed www"})
	})
}

func TestCertificateOfOldIsNotToldOf(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		w.standing["www"] = acmecore.Standing{}
		w.pass(renew.Request{})
		w.inService("www")
		equal(t, "events", w.told(), nil)
	})
}

func TestUnsentRenewalIsToldAtTheNextPass(t *testing.T) {
	bubble(t, func(w *world) { // C31: killed between the load and the report
		w.have("www", 90*day, day)
		s := w.standing["www"]
		s.Told, s.Attempted = "the one before", time.Now()
		w.standing["www"] = s
		w.pass(renew.Request{Everything: true})
		equal(t, "events", w.told(), []string{"renewed www"})
	})
}

func TestCertificateOfAnotherRunIsNotTakenForDone(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		release, _ := w.Hold(t.Context(), "www", 0)
		run := w.pass(renew.Request{Trigger: "manage", Force: []acmecore.ID{"www"}})
		if got := run.Count(acmecore.Postponed); got != 1 || run.Certificates[0].Problem == "" || len(w.orders["www"]) != 0 {
			t.Errorf("asked for: got %d postponed, %d orders, %+v; want 1, none and why", got, len(w.orders["www"]), run.Certificates)
		}
		if run := w.pass(renew.Request{Trigger: "schedule", Everything: true}); len(run.Certificates) != 0 {
			t.Errorf("by schedule: got %+v, want no record of it", run.Certificates)
		}
		release()
		if run := w.pass(renew.Request{Trigger: "manage", Force: []acmecore.ID{"www"}}); run.Count(acmecore.Renewed) != 1 {
			t.Errorf("when the other run has ended: got %+v, want it renewed", run.Certificates)
		}
	})
}

// TestWhatWaitsIsToldWhileAnotherRunHasIt: it must not read as if nothing were due.
func TestWhatWaitsIsToldWhileAnotherRunHasIt(t *testing.T) {
	bubble(t, func(w *world) {
		w.have("www", 90*day, day)
		w.install = func(acmecore.ID, string) error { return errors.New("permission denied") }
		w.pass(renew.Request{Force: []acmecore.ID{"www"}})
		release, _ := w.Hold(t.Context(), "www", 0)
		defer release()
		run := w.pass(renew.Request{Trigger: "manage"})
		if got := run.Count(acmecore.Postponed); got != 1 || !strings.Contains(run.Certificates[0].Problem, "permission denied") {
			t.Errorf("got %d postponed, %+v; want 1, and why", got, run.Certificates)
		}
	})
}

// TestForcedRunWaitsForAShortOne: an overseer that has just started has the certificate,
// to ask its CA something.
func TestForcedRunWaitsForAShortOne(t *testing.T) {
	for _, row := range []struct {
		what   string
		held   time.Duration
		force  bool
		orders int
	}{{"by name", 5 * time.Second, true, 1}, {"by name, and another order goes on", time.Hour, true, 0}, {"not by name", 5 * time.Second, false, 0}} {
		t.Run(row.what, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.have("www", 90*day, 61*day)
				release, _ := w.Hold(t.Context(), "www", 0)
				time.AfterFunc(row.held, release)
				request := renew.Request{Trigger: "manage"}
				if row.force {
					request.Force = []acmecore.ID{"www"}
				}
				began := time.Now()
				run := w.pass(request)
				if got := run.Count(acmecore.Renewed); got != row.orders || len(w.orders["www"]) != row.orders || run.Count(acmecore.Postponed) != 1-row.orders {
					t.Errorf("got %d renewed, and %d orders, want %d: %+v", got, len(w.orders["www"]), row.orders, run.Certificates)
				}
				if waited := time.Since(began); row.force != (waited >= 5*time.Second) || waited > time.Minute {
					t.Errorf("it has waited for %v", waited)
				}
			})
		})
	}
}
