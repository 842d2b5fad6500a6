package report_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/report"
)

// TestTroubleIsToldOnceADay is I6, and M10 in the rows with a restart.
func TestTroubleIsToldOnceADay(t *testing.T) {
	const (
		hour    = time.Hour
		restart = "restart"
	)
	type moment struct {
		after  time.Duration
		what   any // an event or events, or restart
		titles []string
	}
	renewed := acmecore.Event{Kind: acmecore.EventRenewed, Subject: "a", Run: "1", Cause: "f1"}
	again := acmecore.Event{Kind: acmecore.EventRenewed, Subject: "a", Run: "2", Cause: "f2"}
	for name, moments := range map[string][]moment{
		"once, and again after a day": {
			{0, failed("a", "dns"), []string{"a failed"}},
			{hour, failed("a", "dns"), nil},
			{22 * hour, failed("a", "dns"), nil},
			{hour, failed("a", "dns"), []string{"a failed"}},
			{hour, failed("a", "dns"), nil},
		},
		"another cause, another subject, another kind are news": {
			{0, failed("a", "dns"), []string{"a failed"}},
			{0, failed("a", "rate limit"), []string{"a failed"}},
			{0, failed("b", "dns"), []string{"b failed"}},
			{0, event(acmecore.EventNotServed, "a"), []string{"a not served"}},
			{0, event(acmecore.EventExpiring, "a"), []string{"a expires soon"}},
			{0, failed("a", "dns"), nil},
		},
		"an end is told where there was a beginning, once, for all troubles of its subject": {
			{0, event(acmecore.EventRecovered, "a"), nil},
			{0, failed("a", "dns"), []string{"a failed"}},
			{0, event(acmecore.EventNotServed, "a"), []string{"a not served"}},
			{0, event(acmecore.EventRecovered, "b"), nil},
			{hour, event(acmecore.EventRecovered, "a"), []string{"a recovered"}},
			{0, event(acmecore.EventRecovered, "a"), nil},
			{hour, failed("a", "dns"), []string{"a failed"}},
		},
		"a renewal is no trouble, and each one is told": {
			{0, renewed, []string{"a renewed"}},
			{0, renewed, nil},
			{48 * hour, renewed, nil},
			{0, event(acmecore.EventRecovered, "a"), nil},
			{0, again, []string{"a renewed"}},
		},
		"M10 no duplicate after a restart": {
			{0, failed("a", "dns"), []string{"a failed"}},
			{0, renewed, []string{"a renewed"}},
			{0, restart, nil},
			{hour, failed("a", "dns"), nil},
			{0, renewed, nil},
			{0, restart, nil},
			{hour, event(acmecore.EventRecovered, "a"), []string{"a recovered"}},
			{0, restart, nil},
			{0, event(acmecore.EventRecovered, "a"), nil},
			{0, event(acmecore.EventCrashed, ""), []string{"overseer started after a crash"}},
			{0, restart, nil},
			{0, event(acmecore.EventCrashed, ""), nil},
		},
		"M10 the beginning is remembered for weeks, and not for ever": {
			{0, failed("a", "dns"), []string{"a failed"}},
			{0, failed("b", "dns"), []string{"b failed"}},
			{30 * 24 * hour, restart, nil},
			{0, event(acmecore.EventRecovered, "a"), []string{"a recovered"}},
			{70 * 24 * hour, failed("c", "dns"), []string{"c failed"}},
			{0, event(acmecore.EventRecovered, "b"), nil},
		},
		"all of a run in one message": {
			{0, []acmecore.Event{renewed, failed("b", "dns"), failed("c", "dns"), failed("b", "dns")}, []string{"1 renewed, 2 failed"}},
			{0, []acmecore.Event{failed("b", "dns"), event(acmecore.EventRecovered, "c"), failed("c", "dns")}, []string{"1 recovered, 1 failed"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spool, to := newSpool(), &hooks{}
				r, _ := reporter(t, settings(), spool, to)
				for i, m := range moments {
					time.Sleep(m.after) // in the virtual time of synctest
					to.got = nil
					switch what := m.what.(type) {
					case string:
						r, _ = reporter(t, settings(), spool, to)
					case acmecore.Event:
						tell(t, r, what)
					case []acmecore.Event:
						tell(t, r, what...)
					}
					var want []string
					for _, title := range m.titles {
						want = append(want, "wcme web1.example.org: "+title)
					}
					if got := to.titles(); !slices.Equal(got, want) {
						t.Errorf("moment %d: got %q, want %q", i, got, want)
					}
				}
			})
		})
	}
}

func TestNothingNewWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		r, _ := reporter(t, settings(), spool, &hooks{})
		tell(t, r, failed("a", "dns"))
		puts, toldSet := spool.puts, spool.toldSet
		tell(t, r, failed("a", "dns"), event(acmecore.EventRecovered, "b"))
		if spool.puts != puts || spool.toldSet != toldSet {
			t.Errorf("got %d and %d writes more, want none", spool.puts-puts, spool.toldSet-toldSet)
		}
	})
}

func TestOnlyKindsThatAreAskedForAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, to := settings(), &hooks{}
		s.On = []acmecore.EventKind{acmecore.EventFailed}
		spool := newSpool()
		r, _ := reporter(t, s, spool, to)
		tell(t, r, event(acmecore.EventNotServed, "a"), event(acmecore.EventRenewed, "a"))
		tell(t, r, failed("a", "dns"), event(acmecore.EventRecovered, "a"))
		tell(t, r, failed("a", "dns")) // its end was not told, and is an end all the same
		want := []string{"wcme web1.example.org: a failed", "wcme web1.example.org: a failed"}
		if got := to.titles(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestDamagedMemoryIsEmptyAndLogged(t *testing.T) {
	for name, told := range map[string]string{
		"not JSON": "\x00\x01garbage", "cut": `{"format":1,"told":{"a":{"b"`, "of a later version": `{"format":2}`,
		"of another shape": `{"format":1,"told":[1,2]}`, "null": "null",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spool, to := newSpool(), &hooks{}
				spool.told = []byte(told)
				r, log := reporter(t, settings(), spool, to)
				tell(t, r, failed("a", "dns"))
				tell(t, r, failed("a", "dns"))
				if got := to.titles(); len(got) != 1 {
					t.Errorf("got %q, want one report", got)
				}
				if !strings.Contains(log.String(), "cannot be read") {
					t.Errorf("got the log %q, want it to say that the memory cannot be read", log)
				}
			})
		})
	}
	t.Run("without subjects", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			spool, to := newSpool(), &hooks{}
			spool.told = []byte(`{"format":1}`)
			r, _ := reporter(t, settings(), spool, to)
			tell(t, r, failed("a", "dns"))
			if got := to.titles(); len(got) != 1 {
				t.Errorf("got %q, want one report", got)
			}
		})
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		r, _ := reporter(t, settings(), spool, &hooks{})
		for range 3 {
			time.Sleep(time.Minute) // in virtual time
			var events []acmecore.Event
			for range 20_000 {
				events = append(events, failed(fmt.Sprintf("c%d", len(events)), time.Now().String()))
			}
			tell(t, r, events...)
		}
		if size := len(spool.told); size > 8<<20 {
			t.Errorf("got a memory of %d bytes after 60,000 troubles, want it bounded", size)
		}
		if times := strings.Count(string(spool.told), `"kind"`); times != 50_000 {
			t.Errorf("got %d troubles remembered, want 50,000", times)
		}
	})
}

// TestDigest is M07.
func TestDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool, to := newSpool(), &hooks{}
		r, _ := reporter(t, settings(), spool, to)
		var events []acmecore.Event
		for i := range 10_000 {
			events = append(events, failed(fmt.Sprintf("c%05d", i), "dns"))
		}
		tell(t, r, events...)
		if len(to.got) != 1 {
			t.Fatalf("M07: got %d messages, want one digest", len(to.got))
		}
		got := to.got[0]
		if want := "wcme web1.example.org: 10000 failed"; got.Title != want {
			t.Errorf("got the title %q, want %q", got.Title, want)
		}
		if lines := strings.Count(got.Text, " failed: "); lines < 50 || lines > 200 {
			t.Errorf("got %d lines of certificates, want some, 200 at most", lines)
		}
		if len(got.Events)+got.More != 10_000 || len(got.Events) == 0 {
			t.Errorf("got %d events and %d more, want 10,000 in all", len(got.Events), got.More)
		}
		tell(t, r, events...)
		if len(to.got) != 1 {
			t.Errorf("got %d messages after the same again, want 1", len(to.got))
		}
	})
}

func TestWhatNoSpoolTakesIsToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool, to := newSpool(), &hooks{}
		r, _ := reporter(t, settings(), spool, to)
		spool.fail("Put", errors.New("no space left on device"))
		err := r.Tell(failed("a", "dns"))
		if err == nil || acmecore.HintOf(err) == "" {
			t.Fatalf("got %v, want an error with a hint", err)
		}
		spool.fail("Put", nil)
		tell(t, r, failed("a", "dns"))
		if got := to.titles(); len(got) != 1 {
			t.Errorf("got %q, want the one report", got)
		}
	})
}

func TestWhatIsSentIsNotToldAgainWhileItCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool, to := newSpool(), &hooks{}
		r, _ := reporter(t, settings(), spool, to)
		spool.fail("SetTold", errors.New("no space left on device"))
		for range 3 {
			if err := r.Tell(failed("a", "dns")); err == nil {
				t.Error("got no error, want one that says that it is not recorded")
			}
			if _, err := r.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		spool.fail("SetTold", nil)
		tell(t, r, failed("a", "dns"))
		r, _ = reporter(t, settings(), spool, to)
		tell(t, r, failed("a", "dns"))
		if got := to.titles(); len(got) != 1 {
			t.Errorf("got %q, want the one report", got)
		}
	})
}

// TestKillBetweenSpoolAndMemory is C32: the message is there, that it was told is
// not recorded.
func TestKillBetweenSpoolAndMemory(t *testing.T) {
	for name, test := range map[string]struct {
		delivered bool // before the kill
		messages  int
	}{
		"C32 not yet sent":                  {false, 1},
		"C32 sent: again, with the same id": {true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				spool, to := newSpool(), &hooks{}
				s := settings()
				r, _ := reporter(t, s, spool, to)
				spool.fail("SetTold", errors.New("killed"))
				if err := r.Tell(failed("a", "dns")); err == nil {
					t.Fatal("got no error, want the one of the spool")
				}
				if test.delivered {
					if _, err := r.Deliver(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				spool.fail("SetTold", nil)
				r, _ = reporter(t, s, spool, to)
				time.Sleep(time.Minute) // in virtual time
				tell(t, r, failed("a", "dns"))
				if len(to.got) != test.messages {
					t.Fatalf("got %d messages, want %d", len(to.got), test.messages)
				}
				first := to.got[0].ID
				if last := to.got[len(to.got)-1].ID; last != first {
					t.Errorf("got the ids %s and %s, want the same", first, last)
				}
				time.Sleep(time.Hour)
				tell(t, r, event(acmecore.EventRecovered, "a"), failed("a", "dns"))
				if last := to.got[len(to.got)-1].ID; last == first {
					t.Errorf("got the id %s for news too, want another", last)
				}
			})
		})
	}
}

func TestSettingsThatHaveNobodyTellNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spool := newSpool()
		r := report.New(report.Settings{}, spool, (&logged{}).logger())
		tell(t, r, failed("a", "dns"))
		if spool.puts != 0 {
			t.Errorf("got %d messages kept, want none", spool.puts)
		}
	})
}
