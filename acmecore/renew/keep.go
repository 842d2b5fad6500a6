package renew

import (
	"context"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// Keep makes passes until the context ends: one over everything at once, one each
// day, one for whatever is due in between, and one over everything at each kick,
// which is for a configuration that was read again.
//
// It sleeps ten minutes at most, and goes by the wall clock: a clock that was set,
// a host that slept and a change of the time zone are noticed then.
func (p *Pipeline) Keep(ctx context.Context, daily func(after time.Time) time.Time, kick <-chan struct{}) {
	p.KeepTime(ctx, daily, kick, new(Rhythm))
}

// KeepTime is Keep, which tells the rhythm when passes are made.
func (p *Pipeline) KeepTime(ctx context.Context, daily func(after time.Time) time.Time, kick <-chan struct{}, rhythm *Rhythm) {
	var passes sync.WaitGroup
	defer passes.Wait()
	pass := func(request Request) {
		request.Trigger = bySchedule
		heard, ends := rhythm.begins()
		passes.Go(func() {
			run, err := p.Pass(ctx, request, heard)
			ends(run, request.Only == nil)
			if err != nil && ctx.Err() == nil {
				p.Log.Error("pass ended early", "error", err, "hint", acmecore.HintOf(err))
				p.agenda.put(everything, time.Now().Add(schedule.MaxSleep))
			}
		})
	}
	pass(Request{})
	next := daily(time.Now())
	for {
		rhythm.wakes(next)
		switch p.nap(ctx, next, kick) {
		case ended:
			return
		case kicked:
			p.agenda.due(time.Now()) // is treated by this pass, and by no other one at once
			pass(Request{})
			if now := time.Now(); next.After(now) { // one that is due is not put off
				next = daily(now)
			}
			continue
		}
		now := time.Now()
		p.report(nil) // what could not be told before
		if !next.After(now) || next.Sub(now) > maxAhead {
			p.agenda.due(now) // likewise
			pass(Request{Everything: true})
			next = daily(now)
		} else if due := p.agenda.due(now); slices.Contains(due, everything) {
			pass(Request{})
		} else if len(due) > 0 {
			pass(Request{Only: due})
		}
	}
}

// Wake has the passes look at a certificate soon: it changed, and something is to be done
// for it that does not wait for the daily pass.
func (p *Pipeline) Wake(id acmecore.ID) { p.agenda.put(id, time.Now()) }

// everything stands on the agenda for all certificates: they could not be listed.
const everything acmecore.ID = ""

// maxAhead is how far ahead the next daily pass can be. One that is further was
// planned before the clock was set back.
const maxAhead = 33 * time.Hour

// The ends of a nap.
const (
	rested = iota
	kicked
	ended
)

// nap sleeps until the daily pass, or until something on the agenda, is due.
func (p *Pipeline) nap(ctx context.Context, daily time.Time, kick <-chan struct{}) int {
	if first := p.agenda.first(); !first.IsZero() {
		daily = sooner(daily, first)
	}
	timer := time.NewTimer(schedule.Until(time.Now(), daily))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ended
	case <-kick:
		return kicked
	case <-p.agenda.earlier:
		return rested
	case <-timer.C:
		return rested
	}
}
