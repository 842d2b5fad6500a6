package faults_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// resting has a certificate in service, and an overseer with nothing to do: what comes
// after a jump of the clock is its own doing.
func resting(t *testing.T) *rig {
	t.Helper()
	r := newRig(t).setup()
	r.start()
	r.run("certify", "www.example.test")
	r.watch()
	r.rest()
	r.nudge()
	return r
}

// TestClockIsSetOn is K01, and K04 with it: to the overseer a host that was asleep is
// a clock that was set, for timers stand still meanwhile.
func TestClockIsSetOn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what   string
		by     time.Duration
		orders int
	}{
		{"K01 an hour", time.Hour, 0},
		{"K01 40 days", 40 * day, 0},
		{"K01 400 days", 400 * day, 1},
		{"K04 asleep for 3 days, in which it became due", 61 * day, 1},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := resting(t)
			before, orders := rigSerial(r.product()), r.orders()
			r.clock.Advance(row.by)
			if row.orders > 0 {
				r.awaitNew(before)
			} else if row.by > day {
				r.awaitLog(1, "trigger=schedule certificates=1 renewed=0") // the daily pass
			}
			r.rest()
			r.wantOrders(orders, row.orders)
			r.check()
			r.checkTidy()
		})
	}
}

// TestClockIsSetBack is K02: nothing is renewed for it, and nothing waits until the
// clock is there again.
func TestClockIsSetBack(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what string
		by   time.Duration
	}{{"K02 an hour", time.Hour}, {"K02 40 days", 40 * day}} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := resting(t)
			r.clock.Advance(-row.by)
			if row.by > day { // it is not valid yet, by this clock
				r.awaitLog(1, "trigger=schedule")
			}
			orders := r.orders()
			if orders > 2 {
				t.Errorf("a storm of renewals: got %d orders", orders)
			}
			r.clock.Advance(row.by - 40*day + 105*day)
			r.await("a renewal, when it is due", func() error {
				if r.orders() == orders {
					return errors.New("there was none")
				}
				return nil
			})
			r.check()
		})
	}
}

// TestClockOfNoYear is K03: a host without a clock of its own begins in 1970, and
// others will see 2106.
func TestClockOfNoYear(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what string
		at   time.Time
	}{
		{"K03 1970", time.Date(1970, time.January, 1, 0, 1, 0, 0, time.UTC)},
		{"K03 2106", time.Date(2106, time.February, 8, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).setup()
			r.run("certify", "www.example.test")
			before, orders := rigSerial(r.product()), r.orders()
			right := r.clock.Now()
			r.clock.Set(row.at)
			r.start()
			r.refused(r.command("certify", "--force", "www.example.test"), "certificate", "clock")
			if c := r.listed(); c.Serial != before {
				t.Errorf("listed: got %+v, want the certificate %s", c, before)
			}
			r.wantOrders(orders, 0)
			if got := rigSerial(r.product()); got != before {
				t.Errorf("in service: got %q, want %q", got, before)
			}
			r.clock.Set(right.Add(75 * day))
			r.later(0)
			r.awaitNew(before)
			r.wantOrders(orders, 1)
			r.rest()
			r.check()
		})
	}
}

// TestClockOf2038 is K03 too: beyond 2^31 seconds all goes on.
func TestClockOf2038(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.clock.Set(time.Date(2038, time.January, 10, 12, 0, 0, 0, time.UTC))
	r.setup()
	r.start()
	r.run("certify", "www.example.test")
	r.rest()
	r.nudge()
	before := rigSerial(r.product())
	r.clock.Advance(75 * day)
	r.awaitNew(before)
	r.wantOrders(0, 2)
	if c := r.listed(); c.NotAfter.Year() != 2038 || c.State(r.clock.Now()) != acmecore.Valid {
		t.Errorf("got %+v", c)
	}
	r.check()
}

// TestClockOfTheCA is K07: the CA's clock is ahead, so that what it issues begins
// later. A little is borne; with more, the old certificate stays.
func TestClockOfTheCA(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what string
		back time.Duration
		kept bool
	}{{"K07 30 seconds", 30 * time.Second, true}, {"K07 an hour", time.Hour, false}, {"K07 2 days", 2 * day, false}} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			target := r.mkdir("target")
			r.setup(rigTarget("target", target))
			r.run("certify", "www.example.test")
			r.watch(target)
			before := rigSerial(r.product())
			behind := lab.NewClock(t)
			behind.Set(r.clock.Now().Add(-row.back))
			cmd := r.command("certify", "--force", "www.example.test")
			cmd.Env = append(cmd.Env, behind.Env())
			if row.kept {
				if output, status := r.outcome(cmd); status != 0 {
					t.Errorf("exit status %d\n%s", status, output)
				}
			} else {
				r.refused(cmd, "clock")
			}
			if after := rigSerial(filepath.Join(target, chain)); (after != before) != row.kept {
				t.Errorf("in service: got %q, before %q, want another: %v", after, before, row.kept)
			}
			r.clock.Advance(75 * day)
			r.run("manage", "--now") // by the same clock all is well
			r.rest()
			for _, failure := range r.sampler.Seen().Failures {
				t.Errorf("I1: %s", failure)
			}
		})
	}
}

// TestClockOfASixDayCertificate is K11: it is renewed when half its life is over, and
// not before.
func TestClockOfASixDayCertificate(t *testing.T) {
	t.Parallel()
	r := rigFor(t, 6*day).setup()
	r.between.Answer(lab.ClassRenewalInfo, lab.Reply(http.StatusNotFound, nil, "")) // it has no wish of its own
	r.start()
	r.run("certify", "www.example.test")
	r.rest()
	r.nudge()
	before, orders := rigSerial(r.product()), r.orders()
	r.clock.Advance(2*day + 20*time.Hour)
	r.rest()
	r.wantOrders(orders, 0)
	r.nudge()
	r.clock.Advance(5 * time.Hour)
	r.awaitNew(before)
	r.rest()
	r.wantOrders(orders, 1)
	r.check()
}
