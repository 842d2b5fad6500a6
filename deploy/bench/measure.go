package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// connections is how many visitors ask at the same time, where not one does.
const connections = 32

// plan is how often a program is asked in a round: by one visitor, whose waits
// are the latencies, and by many at once, for the requests per second.
type plan struct {
	rounds, alone, busy int
}

// result is what was seen of a program.
type result struct {
	latencies []time.Duration // one a request
	rates     []float64       // requests per second, one a round
	wrong     int             // answers that were not the challenge
	first     error           // the first of them
}

// measure asks the server's programs in turn, round after round. The first
// round is for warming up and is forgotten; its wrong answers are not.
func (p plan) measure(ctx context.Context, s *server, progress io.Writer) error {
	s.results = make([]result, len(s.programs))
	for round := range p.rounds + 1 {
		fmt.Fprintf(progress, "%s: round %d of %d\n", s.name, round, p.rounds)
		for i, program := range s.programs {
			if err := p.of(s).ask(ctx, s.address, program.path, &s.results[i]); err != nil {
				return err
			}
			if round == 0 {
				s.results[i].latencies, s.results[i].rates = nil, nil
			}
		}
	}
	return nil
}

// of is the plan for one server.
func (p plan) of(s *server) plan {
	p.alone, p.busy = p.alone*s.times, p.busy*s.times
	return p
}

// ask is a program's share of a round.
func (p plan) ask(ctx context.Context, address, path string, r *result) error {
	visitor := newClient(address, path)
	defer visitor.close()
	for range p.alone {
		began := time.Now()
		r.note(visitor.ask(ctx))
		r.latencies = append(r.latencies, time.Since(began))
	}
	r.rates = append(r.rates, p.crowd(ctx, address, path, r))
	return ctx.Err()
}

// crowd lets many visitors ask at once and returns the requests per second.
func (p plan) crowd(ctx context.Context, address, path string, r *result) float64 {
	var visitors sync.WaitGroup
	var asked atomic.Int64
	wrong := make(chan error, p.busy) // room for all: no visitor waits to complain
	began := time.Now()
	for range connections {
		visitors.Go(func() {
			visitor := newClient(address, path)
			defer visitor.close()
			for ctx.Err() == nil && asked.Add(1) <= int64(p.busy) {
				if err := visitor.ask(ctx); err != nil {
					wrong <- err
				}
			}
		})
	}
	visitors.Wait()
	took := time.Since(began)
	close(wrong)
	for err := range wrong {
		r.note(err)
	}
	return float64(p.busy) / took.Seconds()
}

// note counts a wrong answer.
func (r *result) note(err error) {
	if err == nil {
		return
	}
	if r.wrong == 0 {
		r.first = err
	}
	r.wrong++
}

// quantile returns the value that a share of the sample lies below.
func quantile[T float64 | time.Duration](sample []T, share float64) T {
	sorted := slices.Sorted(slices.Values(sample))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
