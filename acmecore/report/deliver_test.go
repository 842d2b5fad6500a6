package report_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/report"
)

var errDown = &net.OpError{Op: "dial", Err: errors.New("connection refused")}

// run runs the reporter until the test ends.
func run(t *testing.T, r *report.Reporter) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(ended)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// waits are the times between tries.
func (h *hooks) waits() (all []time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.times[1:] {
		all = append(all, h.times[i+1].Sub(h.times[i]))
	}
	return all
}

func TestFailedDeliveryIsTriedAgain(t *testing.T) {
	const m, h = time.Minute, time.Hour
	for name, test := range map[string]struct {
		code int
		err  error
		want []time.Duration
	}{
		"M01 refused":              {0, errDown, []time.Duration{m, 5 * m, 15 * m, h, h, h}},
		"M03 in trouble":           {http.StatusBadGateway, nil, []time.Duration{m, 5 * m, 15 * m, h, h, h}},
		"M03 too many requests":    {http.StatusTooManyRequests, nil, []time.Duration{m, 5 * m, 15 * m, h, h, h}},
		"M03 not wanted, for good": {http.StatusForbidden, nil, []time.Duration{12 * h, 12 * h, 12 * h, 12 * h}},
		"leads elsewhere":          {http.StatusFound, nil, []time.Duration{12 * h, 12 * h, 12 * h, 12 * h}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := &hooks{status: func(string) (int, error) { return test.code, test.err }}
				r, _ := reporter(t, settings(), newSpool(), to)
				defer run(t, r)()
				if err := r.Tell(failed("a", "dns")); err != nil {
					t.Fatal(err)
				}
				time.Sleep(3 * 24 * h) // in virtual time
				if got := to.waits(); !slices.Equal(got[:len(test.want)], test.want) {
					t.Errorf("got %v between tries, want %v", got[:len(test.want)], test.want)
				}
			})
		})
	}
}

// TestSpoolLasts is M06.
func TestSpoolLasts(t *testing.T) {
	t.Run("M06 delivered after six days and a kill", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			spool, down := newSpool(), true
			to := &hooks{status: func(string) (int, error) {
				if down {
					return 0, errDown
				}
				return http.StatusOK, nil
			}}
			r, _ := reporter(t, settings(), spool, to)
			stop := run(t, r)
			if err := r.Tell(failed("a", "dns")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(6 * 24 * time.Hour)
			stop()
			tries := to.count("")
			to.change(func() { down = false })
			r, _ = reporter(t, settings(), spool, to)
			defer run(t, r)()
			synctest.Wait()
			if to.count("") != tries {
				t.Error("got a try at the start, want the pause to outlive it")
			}
			time.Sleep(time.Hour)
			if got := to.titles(); len(got) != 1 {
				t.Errorf("got %q, want the report", got)
			}
			if names, _ := spool.List(); len(names) != 0 {
				t.Errorf("got %q in the spool, want nothing", names)
			}
		})
	})
	t.Run("M06 dropped after a week, with a line", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			spool := newSpool()
			to := &hooks{status: func(string) (int, error) { return 0, errDown }}
			r, log := reporter(t, settings(), spool, to)
			defer run(t, r)()
			if err := r.Tell(failed("a", "dns")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(7*24*time.Hour - time.Minute)
			if names, _ := spool.List(); len(names) != 1 {
				t.Fatalf("got %q in the spool before the week is over, want the report", names)
			}
			time.Sleep(2 * time.Hour)
			if names, _ := spool.List(); len(names) != 0 {
				t.Errorf("got %q in the spool after the week, want nothing", names)
			}
			if !strings.Contains(log.String(), "could not be delivered for a week") {
				t.Errorf("got the log %q, want a line on what was dropped", log)
			}
		})
	})
	t.Run("M06 a host that was off for a week tries before it drops", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			spool := newSpool()
			tries := 0
			to := &hooks{status: func(string) (int, error) {
				if tries++; tries < 4 {
					return 0, errDown
				}
				return http.StatusOK, nil
			}}
			r, _ := reporter(t, settings(), spool, to)
			if err := r.Tell(failed("a", "dns")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(8 * 24 * time.Hour)
			r, _ = reporter(t, settings(), spool, to)
			defer run(t, r)()
			time.Sleep(time.Hour)
			if got := to.titles(); len(got) != 1 {
				t.Errorf("got %q, want the report", got)
			}
		})
	})
}

func TestOutageOfOneChannelRepeatsNothingAtAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings()
		s.Webhooks = []string{"https://down.example/x", "https://up.example/y"}
		down := true
		to := &hooks{status: func(host string) (int, error) {
			if host == "down.example" && down {
				return 0, errDown
			}
			return http.StatusOK, nil
		}}
		r, _ := reporter(t, s, newSpool(), to)
		defer run(t, r)()
		if err := r.Tell(failed("a", "dns")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Hour)
		if got := to.count("up.example"); got != 1 {
			t.Errorf("got %d messages to the one that is up, want 1", got)
		}
		if got := to.count("down.example"); got < 10 {
			t.Errorf("got %d tries of the one that is down, want it to be tried each hour", got)
		}
		to.change(func() { down = false })
		time.Sleep(time.Hour)
		if got := to.titles(); len(got) != 2 {
			t.Errorf("got %q, want a message to each", got)
		}
	})
}

// TestOutageIsFoundOnceAPass has many messages wait for the same server: one of them
// finds out.
func TestOutageIsFoundOnceAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool, down := newSpool(), true
		to := &hooks{status: func(string) (int, error) {
			if down {
				return 0, errDown
			}
			return http.StatusOK, nil
		}}
		r, _ := reporter(t, settings(), spool, to)
		for _, subject := range []string{"a", "b", "c", "d", "e"} {
			if err := r.Tell(failed(subject, "dns")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if _, err := r.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := to.count(""); got != 1 {
			t.Errorf("got %d connections, want 1", got)
		}
		to.change(func() { down = false })
		defer run(t, r)()
		time.Sleep(2 * time.Minute)
		want := []string{"a", "b", "c", "d", "e"}
		for i := range want {
			want[i] = "wcme web1.example.org: " + want[i] + " failed"
		}
		if got := to.titles(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q, in this order", got, want)
		}
	})
}

func TestNewSettingsAreTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		code := http.StatusForbidden
		to := &hooks{status: func(string) (int, error) { return code, nil }}
		r, _ := reporter(t, settings(), newSpool(), to)
		defer run(t, r)()
		if err := r.Tell(failed("a", "dns")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		to.change(func() { code = http.StatusNoContent })
		r.Configure(settings())
		synctest.Wait()
		if got := to.titles(); len(got) != 1 {
			t.Errorf("got %q, want the report", got)
		}
	})
}

func TestMessageOfARemovedRecipientIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		to := &hooks{status: func(string) (int, error) { return 0, errDown }}
		r, log := reporter(t, settings(), spool, to)
		tell(t, r, failed("a", "dns"))
		s := settings()
		s.Webhooks = nil
		r.Configure(s)
		if _, err := r.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if names, _ := spool.List(); len(names) != 0 || !strings.Contains(log.String(), "no longer configured") {
			t.Errorf("got %q in the spool and the log %q, want it dropped with a line", names, log)
		}
	})
}

func TestWhatCannotBeRemovedIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool, to := newSpool(), &hooks{}
		r, _ := reporter(t, settings(), spool, to)
		defer run(t, r)()
		spool.fail("Remove", errors.New("read-only file system"))
		if err := r.Tell(failed("a", "dns")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if got := to.titles(); len(got) != 1 {
			t.Errorf("got %d messages, want 1", len(got))
		}
		spool.fail("Remove", nil)
		time.Sleep(time.Hour)
		if names, _ := spool.List(); len(names) != 0 {
			t.Errorf("got %q in the spool, want nothing", names)
		}
	})
}

func TestPauseIsKeptWhereItCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		to := &hooks{status: func(string) (int, error) { return 0, errDown }}
		r, _ := reporter(t, settings(), spool, to)
		defer run(t, r)()
		if err := r.Tell(failed("a", "dns")); err != nil {
			t.Fatal(err)
		}
		spool.fail("Put", errors.New("no space left on device"))
		time.Sleep(10 * time.Hour)
		if got := to.count(""); got > 14 {
			t.Errorf("got %d tries in ten hours, want 14 at most", got)
		}
	})
}

func TestSpoolThatCannotBeReadIsTriedAgain(t *testing.T) {
	for _, method := range []string{"List", "Get"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spool, to := newSpool(), &hooks{}
				r, log := reporter(t, settings(), spool, to)
				if err := r.Tell(failed("a", "dns")); err != nil {
					t.Fatal(err)
				}
				spool.fail(method, errors.New("input/output error"))
				defer run(t, r)()
				time.Sleep(10*time.Minute + time.Second)
				if lines := strings.Count(log.String(), "cannot be read"); lines < 5 || lines > 13 {
					t.Errorf("got %d lines in ten minutes, want one for each of them", lines)
				}
				spool.fail(method, nil)
				time.Sleep(2 * time.Minute)
				if got := to.titles(); len(got) != 1 {
					t.Errorf("got %q, want the report", got)
				}
			})
		})
	}
}

func TestDamagedMessageIsDropped(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "garbage": "\x00\xff", "cut": `{"format":1,"chan`, "later": `{"format":9}`,
		"of no channel": `{"format":1,"channel":"pigeon"}`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spool, to := newSpool(), &hooks{}
				r, log := reporter(t, settings(), spool, to)
				if err := spool.Put("20200101T000000-000000000-x-webhook-y", []byte(content)); err != nil {
					t.Fatal(err)
				}
				tell(t, r, failed("a", "dns"))
				if names, _ := spool.List(); len(names) != 0 || len(to.titles()) != 1 {
					t.Errorf("got %q in the spool and %q, want the damaged one gone and the other one sent", names, to.titles())
				}
				if !strings.Contains(log.String(), "dropped") {
					t.Errorf("got the log %q, want a line on what was dropped", log)
				}
			})
		})
	}
}

func TestPauseEndsWhereTheClockWasWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		to := &hooks{status: func(string) (int, error) { return 0, errDown }}
		r, _ := reporter(t, settings(), spool, to)
		tell(t, r, failed("a", "dns"))
		name := spool.names("webhook")[0]
		next := time.Now().Add(time.Minute).Format(time.RFC3339)
		later := time.Now().AddDate(20, 0, 0).UTC().Format(time.RFC3339)
		spool.kept[name] = []byte(strings.Replace(string(spool.kept[name]), `"next":"`+next+`"`, `"next":"`+later+`"`, 1))
		if !strings.Contains(string(spool.kept[name]), later) {
			t.Fatalf("got %s, want a time for the next try in it", spool.kept[name])
		}
		to.change(func() { to.status = nil })
		r, _ = reporter(t, settings(), spool, to)
		if _, err := r.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := to.titles(); len(got) != 1 {
			t.Errorf("got %q, want the report", got)
		}
	})
}

func TestDeliverSaysWhenToTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &hooks{status: func(string) (int, error) { return 0, errDown }}
		r, _ := reporter(t, settings(), newSpool(), to)
		if next, err := r.Deliver(t.Context()); !next.IsZero() || err != nil {
			t.Errorf("got %s, %v of an empty spool, want no time", next, err)
		}
		if err := r.Tell(failed("a", "dns")); err != nil {
			t.Fatal(err)
		}
		next, err := r.Deliver(t.Context())
		if want := time.Now().Add(time.Minute); !next.Equal(want) || err != nil {
			t.Errorf("got %s, %v, want %s", next, err, want)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Deliver(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the end of the context", err)
		}
	})
}

// TestEndOfRunIsNoFailure has the overseer end while a message is on its way.
func TestEndOfRunIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		log := &logged{}
		r := report.New(settings(), spool, log.logger())
		r.SetTransport(hangs{})
		if err := r.Tell(acmecore.Event{Kind: acmecore.EventRenewed, Subject: "a"}); err != nil {
			t.Fatal(err)
		}
		stop := run(t, r)
		synctest.Wait()
		stop()
		if log.String() != "" {
			t.Errorf("got the log %q, want nothing", log)
		}
		if names, _ := spool.List(); len(names) != 1 || strings.Contains(string(spool.kept[names[0]]), "tries") {
			t.Errorf("got %q, want the message as it was", spool.kept)
		}
	})
}

// TestEndOfRunWaitsForAnAnswer has the overseer end while a message is taken: it is
// not sent again after that.
func TestEndOfRunWaitsForAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		r := report.New(settings(), spool, (&logged{}).logger())
		r.SetTransport(takesTime(time.Second))
		if err := r.Tell(acmecore.Event{Kind: acmecore.EventRenewed, Subject: "a"}); err != nil {
			t.Fatal(err)
		}
		stop := run(t, r)
		synctest.Wait()
		began := time.Now()
		stop()
		if names, _ := spool.List(); len(names) != 0 {
			t.Errorf("got %q, want nothing that is sent again", names)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("the end took %v, want %v", took, time.Second)
		}
	})
}

// takesTime takes a message after that time.
type takesTime time.Duration

func (t takesTime) RoundTrip(request *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Duration(t)):
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: request}, nil
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// hangs never answers.
type hangs struct{}

func (hangs) RoundTrip(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, request.Context().Err()
}

func TestWebhookThatHangsEndsAfterFifteenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logged{}
		r := report.New(settings(), newSpool(), log.logger())
		r.SetTransport(hangs{})
		began := time.Now()
		tell(t, r, failed("a", "dns"))
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("got %s, want 15s", took)
		}
		if !strings.Contains(log.String(), "not delivered") {
			t.Errorf("got the log %q, want the failure in it", log)
		}
	})
}
