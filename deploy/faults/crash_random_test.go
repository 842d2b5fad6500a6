package faults_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// TestKilledAtAnyMoment kills an overseer that renews, and each of those that are
// started after it, at moments that nobody has chosen (C-rand): recoveries are killed
// too.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const hosts, kills = 5, 8
	s := newSite(t, true).registered(t).aged(t)
	seed := rand.Uint64()
	t.Logf("seed: %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	var length time.Duration
	for i := range hosts + 1 {
		h := s.newHost(t, true)
		h.watch()
		orders := 1
		for range kills {
			if i == 0 { // which shows how long it takes
				break
			}
			orders += h.killedAfter(time.Duration(chance.Int64N(int64(length))))
			h.checkKilled()
		}
		if i > 0 { // several kills in a row during loads have the next one wait
			s.clock.Advance(2 * time.Hour)
		}
		began := time.Now()
		h.comeToAnEnd(renewal)
		if i == 0 {
			length = time.Since(began)
		}
		h.checkNothingDue()
		h.checkKilled()
		if err := h.leftOver(); err != nil {
			t.Errorf("I4: %v", err)
		}
		h.checkPairs()
		h.checkAccount()
		h.checkStored()
		h.checkMails(1 + h.crashes)
		h.checkOrders(orders)
		h.checkLoads(1 + h.crashes)
		if t.Failed() {
			t.Fatalf("host %d, after %d kills", i, h.crashes)
		}
	}
}

// killedAfter kills an overseer, and returns 1 when that has lost an order whose URL
// it could not yet know (C09), otherwise 0.
func (h *host) killedAfter(life time.Duration) (lost int) {
	h.Helper()
	before := h.asked(lab.ClassNewOrder)
	v := &victim{started: make(chan struct{})}
	h.start(v, h.command("overseer"))
	<-time.After(life)
	v.kill()
	h.overseerKilled()
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	defer cancel()
	if err := h.between.AwaitDeserted(ctx); err != nil { // what it has asked for last may not have been heard yet
		h.Fatal(err)
	}
	journal, err := os.ReadFile(h.path("state", "priv", "orders", id, "order.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.Fatal(err)
	}
	current := h.serial(h.path("state", "priv", "certificates", id, "current", "fullchain.pem"))
	if h.asked(lab.ClassNewOrder) > before && !bytes.Contains(journal, []byte(`"url"`)) && current == h.old {
		return 1
	}
	return 0
}
