package renew

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"wcme/acmecore"
)

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

// treat does what is to be done to one certificate. It joins the batch, or leaves
// it, exactly once.
func (r *run) treat(ctx context.Context, j *job) {
	if ctx.Err() != nil || !j.hold(ctx) {
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

// patienceByName is how long a pass waits for a certificate that somebody has asked for
// by its name: one that starts has every certificate in its hands for a moment, to ask
// its CA when it wants that renewed.
const patienceByName = 20 * time.Second

// hold keeps other runs from the certificate, and sees what one may have done before.
func (j *job) hold(ctx context.Context) bool {
	patience := time.Duration(0)
	if slices.Contains(j.run.request.Force, j.id) {
		patience = patienceByName
	}
	release, busy := j.run.Stages.Hold(ctx, j.id, patience)
	if busy {
		j.run.agenda.put(j.id, time.Now())
		j.elsewhere()
		return false
	}
	j.lookAgain()
	if len(j.now.Certificate.Names) == 0 { // its record has gone meanwhile, or is just being written
		release()
		j.run.agenda.put(j.id, time.Now())
		return false
	}
	j.release = release
	return true
}

// watch looks at a certificate as a visitor, and does nothing else. It holds up no
// load: there may be thousands, at addresses that do not answer.
func (r *run) watch(ctx context.Context, j *job) {
	if ctx.Err() != nil || !j.hold(ctx) {
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
	switch {
	case j.run.request.Trigger == bySchedule:
		return
	case !j.work.some():
		if !j.work.wait.IsZero() { // this one would only have asked its CA something
			j.postponed()
			j.run.enter(j)
		}
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
