package busy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"wcme/acmecore"
	"wcme/acmecore/busy"
)

// TestWhoHoldsAThingKeepsOthersWaiting, and nobody who wants another one.
func TestWhoHoldsAThingKeepsOthersWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var things busy.Things
		release, err := things.Hold(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		waited := make(chan func(), 1)
		go func() {
			release, err := things.Hold(t.Context(), "a")
			if err != nil {
				t.Error(err)
			}
			waited <- release
		}()
		synctest.Wait()
		if len(waited) > 0 || !things.IsHeld("a") {
			t.Error("two have it")
		}
		other, free := things.Try("b")
		if !free {
			t.Fatal("b is held")
		}
		other()
		release()
		(<-waited)()
		if things.IsHeld("a") || things.IsHeld("b") || things.Ended() != 3 {
			t.Errorf("held at the end: a %v, b %v, after %d ends; want neither, after 3", things.IsHeld("a"), things.IsHeld("b"), things.Ended())
		}
	})
}

// TestWhoDoesNotWait is told that it is busy.
func TestWhoDoesNotWait(t *testing.T) {
	var things busy.Things
	release, err := things.Hold(t.Context(), "www_example_test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, free := things.Try("www_example_test"); free {
		t.Error("it was free")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = things.Hold(ended, "www_example_test")
	if acmecore.KindOf(err) != acmecore.Busy || !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "wait for another run of www_example_test: it goes on") || acmecore.HintOf(err) == "" {
		t.Errorf("got %v, want that it is busy", err)
	}
}
