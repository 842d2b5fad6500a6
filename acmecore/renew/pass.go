package renew

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
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

// walk looks at the certificates, and then treats those that something is to be
// done to: the ones that expire first have their orders first.
func (r *run) walk(ctx context.Context, ids []acmecore.ID) {
	r.record.Managed = len(ids)
	jobs := r.lookAtAll(ctx, ids)
	slices.SortStableFunc(jobs, func(a, b *job) int { return a.found.Certificate.NotAfter.Compare(b.found.Certificate.NotAfter) })
	if r.request.DryRun {
		for _, j := range jobs {
			j.plan()
		}
		return
	}
	queues := make(map[string][]*job) // by CA: one that hangs holds nobody else up
	var watched []*job
	for _, j := range jobs {
		if j.watchOnly {
			watched = append(watched, j)
			continue
		}
		r.batch.enter()
		queues[j.found.Authority] = append(queues[j.found.Authority], j)
	}
	var treating sync.WaitGroup
	for _, queue := range queues {
		r.work(&treating, queue, maxOrders, func(j *job) { r.treat(ctx, j) })
	}
	r.work(&treating, watched, maxProving, func(j *job) { r.watch(ctx, j) })
	treating.Wait()
	r.work(&treating, r.watched, maxProving, func(j *job) { r.watch(ctx, j) })
	treating.Wait()
	r.batch.wait()
}

// work does something to each job of a queue, so many at a time and in its order.
func (r *run) work(group *sync.WaitGroup, queue []*job, atOnce int, do func(*job)) {
	next := new(atomic.Int64)
	for range min(len(queue), atOnce) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(queue); i = int(next.Add(1)) - 1 {
				do(queue[i])
			}
		})
	}
}

// lookAtAll returns those that need more than a look, which are few.
func (r *run) lookAtAll(ctx context.Context, ids []acmecore.ID) (jobs []*job) {
	var (
		looking sync.WaitGroup
		mu      sync.Mutex
		next    atomic.Int64
	)
	for range min(len(ids), runtime.GOMAXPROCS(0)) {
		looking.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(ids) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if j := r.look(ids[i]); j != nil {
					mu.Lock()
					jobs = append(jobs, j)
					mu.Unlock()
				}
			}
		})
	}
	looking.Wait()
	return jobs
}

// affordable takes an order from what the CA may be asked for, where the job needs
// one. Without it the job is postponed.
func (r *run) affordable(j *job) bool {
	if !j.work.obtain {
		return true
	}
	r.mu.Lock()
	next, refused := r.refused[j.now.Authority]
	wait, interval := time.Duration(0), r.Stages.Interval()
	if !refused {
		wait = r.Stages.Pace(j.now.Authority)
		next = time.Now().Add(wait)
		refused = wait > 0
	}
	if refused { // the next one in the queue has its turn one order later
		r.refused[j.now.Authority] = next.Add(interval)
	}
	r.mu.Unlock()
	if !refused {
		return true
	}
	j.treated.Reason, j.treated.Text = j.work.reason, j.work.text
	j.treated.Outcome, j.treated.Next = acmecore.Postponed, next.UTC()
	j.treated.Problem = "as many orders as [renew] orders allows were made"
	r.agenda.put(j.id, next)
	if r.request.Trigger != bySchedule {
		r.enter(j)
		return false
	}
	r.mu.Lock()
	r.waiting++ // one line for all of them: there may be thousands, at each pass
	r.mu.Unlock()
	return false
}

// bySchedule is the trigger of a pass that nobody asked for.
const bySchedule = "schedule"

func (r *run) job(id acmecore.ID) *job {
	found := r.Pipeline.look(id)
	return &job{run: r, id: id, found: found, now: found, treated: acmecore.Treated{
		ID: id, Names: found.Certificate.Names, State: found.Certificate.State(time.Now()), Stages: []acmecore.Stage{}}}
}

// decide finds out what to do, as the request wants it.
func (j *job) decide(now time.Time) work {
	return j.now.decide(now, j.run.request, slices.Contains(j.run.request.Force, j.id))
}

// look returns the job for a certificate that needs more than a look; nil for all
// others, which are most.
func (r *run) look(id acmecore.ID) *job {
	j, now := r.job(id), time.Now()
	if c := j.found.Certificate; len(c.Names) == 0 {
		if c.Problem != "" {
			r.unreadable(j)
		}
		return nil // or it is not managed any more
	}
	j.work = j.decide(now)
	j.watchable = r.request.Everything && !r.request.DryRun && j.found.Watched && j.found.usable(now)
	asks := !r.request.DryRun && !j.work.obtain && j.asks(now)
	if j.work.some() || asks || !r.request.DryRun && (j.untold(now) || j.mended(now) || r.unsettled(j)) {
		return j
	}
	if j.watchable && j.work.wait.IsZero() {
		j.watchOnly = true
		return j
	}
	r.settleIdle(j, now)
	return nil
}

// unsettled finds, once a day, what is no longer in ssl as it was published.
func (r *run) unsettled(j *job) bool {
	return r.request.Everything && r.request.Trigger == bySchedule && !r.Stages.Settled(j.id)
}

// plan ends a job of a dry run.
func (j *job) plan() {
	j.treated.Reason, j.treated.Text, j.treated.Outcome = j.work.reason, j.work.text, acmecore.Planned
	j.run.enter(j)
}

// settleIdle ends a job that nothing is to be done for.
func (r *run) settleIdle(j *job, now time.Time) {
	if !j.work.wait.IsZero() {
		j.postponed()
	}
	if !r.request.DryRun {
		j.adopt()
		r.agenda.put(j.id, j.next(now))
	}
	r.enter(j)
}

// adopt takes a certificate that was in service before there was a standing for
// one that the administrator knows of.
func (j *job) adopt() {
	standing := j.now.Standing
	if standing.Told == "" && standing.Attempted.IsZero() && j.now.Certificate.Fingerprint != "" {
		j.now.Standing.Told = j.now.Certificate.Fingerprint
		j.remember()
	}
}

// unreadable is the end of a certificate whose record says nothing.
func (r *run) unreadable(j *job) {
	j.treated.Outcome, j.treated.Problem = acmecore.Failed, j.found.Certificate.Problem
	j.treated.Hint = cmp.Or(j.found.Certificate.Hint, "mend etc/certificates/"+string(j.id)+".toml")
	if !r.request.DryRun {
		r.Log.Error("certificate not managed", "certificate", j.id, "error", j.treated.Problem, "hint", j.treated.Hint)
		r.tell(acmecore.Event{Kind: acmecore.EventFailed, Subject: string(j.id), Cause: "record",
			Text: "its record cannot be read: " + j.treated.Problem, Hint: j.treated.Hint})
		r.agenda.put(j.id, time.Now().Add(24*time.Hour))
	}
	r.enter(j)
}

// treat does what is to be done to one certificate. It joins the batch, or leaves
// it, exactly once.
func (r *run) treat(ctx context.Context, j *job) {
	if ctx.Err() != nil || !j.hold() {
		r.batch.leave()
		return
	}
	j.ask(ctx)
	if !r.affordable(j) {
		r.batch.leave()
		j.release()
		return
	}
	r.do(ctx, j)
}

// hold keeps other runs from the certificate, and sees what one may have done before.
func (j *job) hold() bool {
	release, busy := j.run.Stages.Hold(j.id)
	if busy {
		j.run.agenda.put(j.id, time.Now())
		j.elsewhere()
		return false
	}
	j.release = release
	j.lookAgain()
	return true
}

// watch looks at a certificate as a visitor, and does nothing else. It holds up no
// load: there may be thousands, at addresses that do not answer.
func (r *run) watch(ctx context.Context, j *job) {
	if ctx.Err() != nil || !j.hold() {
		return
	}
	defer j.release()
	if j.work.some() { // there is more to do meanwhile, which is for a pass of its own
		r.agenda.put(j.id, time.Now())
		return
	}
	j.before = r.Stages.Proofs(ctx, j.id)
	j.judge(ctx, nil)
	j.conclude()
}

// elsewhere tells whoever asked for the run that another one has the certificate: it
// must not read as if nothing had been due.
func (j *job) elsewhere() {
	if j.run.request.Trigger == bySchedule || !j.work.some() {
		return
	}
	j.treated.Reason, j.treated.Text, j.treated.Outcome = j.work.reason, j.work.text, acmecore.Postponed
	j.treated.Problem, j.treated.Hint = "another run works on it", "ask again when that has ended; `wcme list` shows what came of it"
	j.run.enter(j)
}

// lookAgain sees what another run may have done before this one held the
// certificate.
func (j *job) lookAgain() {
	j.found = j.run.Pipeline.look(j.id)
	j.now = j.found
	j.work = j.decide(time.Now())
}

// do takes a job through its stages. The certificate is held; the batch gives it back.
func (r *run) do(ctx context.Context, j *job) {
	j.treated.Reason, j.treated.Text = j.work.reason, j.work.text
	if j.prepare(ctx) {
		r.batch.join(j)
		return
	}
	r.batch.leave()
	j.serviced()
	j.conclude()
	j.giveBack()
	if j.watchable && j.treated.Outcome == "" {
		again := r.job(j.id)
		again.watchOnly = true
		r.mu.Lock()
		r.watched = append(r.watched, again)
		r.mu.Unlock()
	}
}

// prepare is what comes before the batch: order and install. It tells whether there
// is something left to do, if only to tell that it was renewed.
func (j *job) prepare(ctx context.Context) (delivers bool) {
	mended := j.mended(time.Now())
	switch err := j.run.Stages.Settle(j.id); {
	case err != nil && mended && len(j.now.Standing.Failures) > 0:
		j.fail(err)
		return false
	case err != nil:
		j.run.Log.Warn("certificate not put right", "certificate", j.id, "error", err)
	case mended:
		j.now.Standing.Failures = nil
	}
	if j.work.obtain && !j.obtainIt(ctx) {
		return false
	}
	if j.work.install {
		j.install()
	}
	return len(j.work.load) > 0 || j.work.verify || j.treated.Outcome == acmecore.Renewed || j.untold(time.Now())
}

// obtainIt orders the certificate; what is to be delivered afterwards depends on
// what there is then.
func (j *job) obtainIt(ctx context.Context) bool {
	r := j.run
	release, err := r.slots.take(ctx, j.now.Authority)
	if err != nil {
		j.interrupted(err)
		return false
	}
	defer release()
	j.now.Standing.Attempted = time.Now().UTC()
	j.now.Standing.LastRun = r.record.ID
	j.remember()
	obtain := j.obtain
	if obtain != nil {
		r.Stages.Pace(j.now.Authority) // it counts, and waits for nobody: somebody asked for it
	} else {
		obtain = func(ctx context.Context, report acmecore.Progress) error { return r.Stages.Obtain(ctx, j.id, report) }
	}
	err = j.stage("order", func() (string, error) { return "", obtain(ctx, r.progress) })
	if ctx.Err() != nil && err != nil {
		j.interrupted(err)
		return false
	}
	if err != nil {
		j.fail(err)
		return false
	}
	return j.obtained()
}

// obtained looks again, after an order.
func (j *job) obtained() bool {
	standing := j.now.Standing
	j.now = j.run.Pipeline.look(j.id)
	standing.Failures, standing.Unserved, standing.Served, standing.Seen = nil, nil, nil, ""
	j.now.Standing = standing
	j.remember()
	reason, text := j.work.reason, j.work.text
	j.work = work{reason: reason, text: text}
	j.now.decideDelivery(time.Now(), j.run.request, &j.work)
	j.work.reason, j.work.text = reason, text
	j.treated.Outcome = acmecore.Renewed
	return true
}

// fail notes an attempt to obtain that came to nothing.
func (j *job) fail(err error) {
	failure := j.run.Stages.Failure(err)
	j.err = err
	j.now.Standing.Failures = schedule.Note(j.now.Standing.Failures, failure)
	j.remember()
	j.treated.Outcome, j.treated.Problem, j.treated.Hint = acmecore.Failed, failure.Cause, failure.Hint
	j.treated.Next = schedule.NextTry(j.now.Standing.Failures, j.now.Certificate, time.Now())
	j.run.Log.Error("certificate not obtained", "certificate", j.id, "error", failure.Cause, "hint", failure.Hint, "next", j.treated.Next)
	j.tell(acmecore.EventFailed, "order "+string(failure.Kind), "it was not obtained: "+failure.Cause, failure.Hint)
}

// install brings the targets into line. One that fails keeps none of the others
// back, and is tried again by a later pass.
func (j *job) install() {
	err := j.stage("install", func() (string, error) {
		installed := j.run.Stages.Install(j.id)
		j.treated.Files = append(j.treated.Files, installed.Files...)
		for _, file := range installed.Files {
			j.step("install", file, "up to date")
		}
		return counted(len(installed.Files), "file"), installed.Err
	})
	if err != nil {
		j.trouble("install", err.Error(), acmecore.HintOf(err))
	}
	switch {
	case len(j.treated.Files) > 0:
	case err != nil: // there is nothing new that a server could read
		j.work.load, j.work.verify = nil, false
	default:
		j.work.load = j.now.unloaded()
	}
}
