package renew

import (
	"context"
	"sync"
	"time"

	"wcme/acmecore"
)

// run is one pass, or one certificate taken through the pipeline.
type run struct {
	*Pipeline
	request  Request
	progress acmecore.Progress
	batch    *batch

	mu      sync.Mutex
	record  acmecore.Run
	events  []acmecore.Event
	watched []*job               // to be looked at, when all has been treated
	refused map[string]time.Time // until when a CA's orders are all taken, for the next one in the queue
	waiting int                  // certificates that a pass by schedule has postponed for that
}

// job is one certificate in a run.
type job struct {
	run       *run
	id        acmecore.ID
	found     Situation // as it was before anything was done
	now       Situation // as it is
	work      work
	obtain    Obtain
	treated   acmecore.Treated
	err       error
	watchable bool   // the pass looks at it as a visitor, whatever else is to be done
	watchOnly bool   // and nothing else is
	release   func() // gives the certificate back; nil where whoever asked holds it

	before    []acmecore.Proof   // what visitors saw before the load
	unserved  []acmecore.Failure // those before the load
	back      bool               // the files before are to go back
	returned  string             // what came of that, a sentence
	troubleAt string             // the stage that brought trouble
	renewed   bool               // an event says so
}

func (p *Pipeline) begin(ctx context.Context, request Request, progress acmecore.Progress) *run {
	now := time.Now()
	r := &run{Pipeline: p, request: request, progress: serial(progress), record: acmecore.Run{
		Trigger: request.Trigger, By: request.By, Began: now.UTC(), DryRun: request.DryRun, ID: p.NewRun(now), Certificates: []acmecore.Treated{}},
		refused: make(map[string]time.Time)}
	r.batch = newBatch(func(jobs []*job) { r.deliver(ctx, jobs) })
	return r
}

// serial keeps certificates that are treated at once from talking at once.
func serial(progress acmecore.Progress) acmecore.Progress {
	if progress == nil {
		return func(acmecore.Step) {}
	}
	var mu sync.Mutex
	return func(step acmecore.Step) {
		mu.Lock()
		defer mu.Unlock()
		progress(step)
	}
}

// bySchedule is the trigger of a pass that nobody asked for.
const bySchedule = "schedule"

func (r *run) job(id acmecore.ID) *job {
	found := r.Pipeline.look(id)
	return &job{run: r, id: id, found: found, now: found, treated: acmecore.Treated{
		ID: id, Names: found.Certificate.Names, State: found.Certificate.State(time.Now()), Stages: []acmecore.Stage{}}}
}
