package renew

import (
	"context"
	"errors"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// prepare is what comes before the batch: order and install. It tells whether there
// is something left to do, if only to tell that it was renewed.
func (j *job) prepare(ctx context.Context) (delivers bool) {
	mended := j.mended(time.Now())
	switch err := j.run.Stages.Settle(j.id); {
	case err != nil && !j.work.some():
		j.unsettled(err)
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

// unsettled is a version that is stored and cannot be put where servers read it, while
// nothing else is to be done for it: it is not to be told of as if it were in service,
// and is tried again as a failed order is. A pass that comes before then waits.
func (j *job) unsettled(err error) {
	now := time.Now()
	if next := j.now.NextTry(now); next.After(now) {
		j.work.wait = next
		j.run.Log.Warn("certificate not put right", "certificate", j.id, "error", err, "next", next)
		return
	}
	j.fail(err)
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
	if postponed := new(PostponedError); errors.As(err, &postponed) {
		j.noRoom(postponed.Full, err)
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

// noRoom ends a job whose order was not placed, because the CA would have refused it.
func (j *job) noRoom(full Full, err error) {
	j.err = err
	j.treated.Outcome, j.treated.Problem, j.treated.Hint, j.treated.Next = acmecore.Postponed, full.Problem, full.Hint, full.Until
	j.run.Log.Info("certificate not ordered: there is no room", "certificate", j.id, "error", full.Problem, "next", full.Until)
}

// fail notes an attempt to obtain that came to nothing.
func (j *job) fail(err error) {
	failure := j.run.Stages.Failure(err)
	j.err = err
	j.now.Standing.Failures = schedule.Note(j.now.Standing.Failures, failure)
	j.remember()
	j.treated.Outcome, j.treated.Problem, j.treated.Hint = acmecore.Failed, failure.Cause, failure.Hint
	j.treated.Next = later(j.now.NextTry(time.Now()), time.Now().UTC())
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
		return acmecore.Counted(len(installed.Files), "file", "files"), installed.Err
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
