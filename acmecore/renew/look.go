package renew

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
	"wcme/acmecore/spread"
)

// lookAtAll returns those that need more than a look, which are few.
func (r *run) lookAtAll(ctx context.Context, ids []acmecore.ID) (jobs []*job) {
	var mu sync.Mutex
	_ = spread.Over(len(ids), func(i int) error { // what goes wrong, each job has itself
		if ctx.Err() != nil {
			return nil
		}
		if j := r.look(ids[i]); j != nil {
			mu.Lock()
			jobs = append(jobs, j)
			mu.Unlock()
		}
		return nil
	})
	return jobs
}

// decide finds out what to do, as the request wants it.
func (j *job) decide(now time.Time) work {
	return j.now.decide(now, j.run.request, slices.Contains(j.run.request.Force, j.id))
}

// look returns the job for a certificate that needs more than a look; nil for all
// others, which are most.
func (r *run) look(id acmecore.ID) *job {
	j, now := r.job(id), time.Now()
	if j.found.Passing {
		r.Log.Warn("certificate not read, it is looked at again", "certificate", id, "error", j.found.Certificate.Problem)
		r.agenda.put(id, now.Add(schedule.MaxSleep))
		return nil
	}
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
