package renew

import (
	"context"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// deliver loads what is on disk and looks whether visitors see it. Where a load
// fails, or a server that answered does so no more, the files before go back and
// are loaded. Then it ends the jobs, and gives their certificates back.
func (r *run) deliver(ctx context.Context, jobs []*job) {
	slices.SortFunc(jobs, func(a, b *job) int { return compareIDs(a.id, b.id) })
	r.each(jobs, func(j *job) { j.lookBefore(ctx) })
	r.bring(ctx, jobs)
	r.each(jobs, (*job).conclude)
	told := r.report()
	for _, j := range jobs {
		if told && j.renewed {
			j.now.Standing.Told = j.fingerprint()
			j.remember()
		}
		j.giveBack()
	}
}

// bring is one run of the load actions, with what comes of it: no other run loads at
// the same time.
func (r *run) bring(ctx context.Context, jobs []*job) {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.each(jobs, (*job).beginLoad)
	failed := r.load(ctx, jobs)
	r.each(jobs, func(j *job) {
		j.now.Standing.Unserved = j.unserved
		j.judge(ctx, failed)
	})
	r.putBack(ctx, jobs)
}

// maxProving is how many certificates are looked at as visitors at a time.
const maxProving = 16

// each does something to all jobs, some of them at a time.
func (r *run) each(jobs []*job, do func(*job)) {
	var group sync.WaitGroup
	places := make(chan struct{}, maxProving)
	for _, j := range jobs {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			do(j)
		})
	}
	group.Wait()
}

// lookBefore sees who answers before anything is loaded. Of a certificate that
// waits for visitors alone it decides so whether a load could help: where another
// certificate is served, and a few loads have not shown that they change nothing.
func (j *job) lookBefore(ctx context.Context) {
	if !j.now.Watched || len(j.work.load) == 0 && !j.work.verify {
		return
	}
	j.before = j.run.Stages.Proofs(ctx, j.id)
	if len(j.work.load) == 0 && len(j.now.Standing.Unserved) < maxLoads && slices.ContainsFunc(j.before, j.presentsOther) {
		j.work.load = j.now.Loads
	}
}

// maxLoads is how often something is loaded although visitors are still shown another
// certificate: a proxy in front may have one of its own.
const maxLoads = 4

// presentsOther tells whether visitors were shown another certificate.
func (j *job) presentsOther(proof acmecore.Proof) bool {
	return proof.Fingerprint != "" && proof.Fingerprint != j.fingerprint()
}

// beginLoad notes an attempt before it is made: a load action may be the end of wcme.
func (j *job) beginLoad() {
	j.unserved = j.now.Standing.Unserved
	if len(j.work.load) == 0 {
		return
	}
	j.now.Standing.Unserved = schedule.Note(j.unserved, acmecore.Failure{At: time.Now().UTC(), Kind: acmecore.Busy,
		Cause: "wcme was ended while it was loaded", Hint: "does a load action end wcme itself?"})
	j.remember()
}

func (j *job) fingerprint() string { return j.now.Certificate.Fingerprint }

// load runs the actions that the jobs need, each once, and returns those that
// failed.
func (r *run) load(ctx context.Context, jobs []*job) (failed map[string]acmecore.LoadResult) {
	failed = make(map[string]acmecore.LoadResult)
	for _, action := range actionsOf(jobs) {
		concerned := slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool { return !slices.Contains(j.work.load, action) })
		result := r.Stages.Load(ctx, action, batchOf(concerned), r.progress)
		r.loaded(result)
		if result.Problem != "" {
			failed[action] = result
		}
		for _, j := range concerned {
			j.noteLoad(result)
		}
	}
	return failed
}

// loaded records what became of an action.
func (r *run) loaded(result acmecore.LoadResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Loads = append(r.record.Loads, result)
}

// noteLoad remembers that an action has loaded the certificate.
func (j *job) noteLoad(result acmecore.LoadResult) {
	j.treated.Stages = append(j.treated.Stages, acmecore.Stage{Stage: "load", Began: result.Began, Ended: result.Ended,
		Text: result.Action, Problem: result.Problem, Hint: result.Hint})
	if result.Problem != "" {
		return
	}
	if j.now.Standing.Loaded == nil {
		j.now.Standing.Loaded = make(map[string]string)
	}
	j.now.Standing.Loaded[result.Action] = j.fingerprint()
	j.remember() // at once: after a kill it is not loaded again
}

// actionsOf lists the actions of all jobs in the order of the configuration, which
// each job's own list has.
func actionsOf(jobs []*job) (actions []string) {
	for _, j := range jobs {
		at := 0
		for _, action := range j.work.load {
			if i := slices.Index(actions, action); i >= 0 {
				at = i + 1
				continue
			}
			actions = slices.Insert(actions, at, action)
			at++
		}
	}
	return actions
}

func batchOf(jobs []*job) (b Batch) {
	for _, j := range jobs {
		b.Names = append(b.Names, j.now.Certificate.Names...)
		b.Certificates = append(b.Certificates, j.id)
		b.ChangedFiles = append(b.ChangedFiles, j.treated.Files...)
	}
	return b
}

// compareIDs orders jobs, so that what a load action is told does not depend on
// which CA was faster.
func compareIDs(a, b acmecore.ID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
