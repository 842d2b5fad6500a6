package renew

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	if len(j.work.load) > 0 && j.lostFiles() {
		return
	}
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

// judge looks what a load has come to.
func (j *job) judge(ctx context.Context, failed map[string]acmecore.LoadResult) {
	if ctx.Err() != nil {
		j.interrupted(ctx.Err())
		return
	}
	for _, action := range j.work.load {
		if result, found := failed[action]; found {
			j.trouble("load", fmt.Sprintf("load action %s: %s", action, result.Problem), result.Hint)
			j.back = true
			return
		}
	}
	if len(j.work.load) > 0 && j.lostFiles() {
		return
	}
	if !j.now.Watched || len(j.work.load) == 0 && !j.work.verify && !j.watchOnly {
		j.serviced()
		return
	}
	began := time.Now()
	proofs := j.before
	if _, missing := unserved(proofs, j.fingerprint()); missing || len(j.work.load) > 0 {
		proofs = j.run.Stages.Verify(ctx, j.id, j.run.progress)
	}
	if ctx.Err() != nil {
		j.interrupted(ctx.Err())
		return
	}
	j.prove(began, proofs)
}

// lostFiles finds a target that a load action has changed.
func (j *job) lostFiles() bool {
	misplaced := j.run.Pipeline.look(j.id).misplaced()
	if len(misplaced) == 0 {
		return false
	}
	j.trouble("load", "after the load its files are not up to date in "+strings.Join(misplaced, ", "), "does a load action change them?")
	return true
}

// prove notes what visitors see.
func (j *job) prove(began time.Time, proofs []acmecore.Proof) {
	stage := acmecore.Stage{Stage: "verify", Began: began.UTC(), Text: counted(len(proofs), "place")}
	missing, found := unserved(proofs, j.fingerprint())
	if found {
		stage.Problem, stage.Hint = problemOf(missing), missing.Hint
	}
	stage.Ended = time.Now().UTC()
	j.treated.Stages = append(j.treated.Stages, stage)
	j.now.Standing.Served, j.now.Standing.Seen = proofs, ""
	if !found {
		j.now.Standing.Seen = j.fingerprint()
		j.serviced()
		return
	}
	j.trouble("verify", stage.Problem, stage.Hint)
	j.back = len(j.work.load) > 0 && stopped(j.before, proofs)
}

// serviced notes that a certificate is in service, as far as that was looked at.
func (j *job) serviced() {
	if j.treated.Outcome == "" && j.work.delivers() {
		j.treated.Outcome = acmecore.Repaired
	}
}

// stopped tells whether a place that had answered a handshake answers none any more.
func stopped(before, after []acmecore.Proof) bool {
	answered := make(map[acmecore.Endpoint]bool)
	for _, proof := range before {
		answered[proof.Endpoint] = proof.Fingerprint != ""
	}
	return slices.ContainsFunc(after, func(proof acmecore.Proof) bool {
		return answered[proof.Endpoint] && proof.Fingerprint == "" && proof.Answer != acmecore.Unreached
	})
}

// putBack gives the targets of those whose load went wrong the files back that were
// there, and loads those.
func (r *run) putBack(ctx context.Context, jobs []*job) {
	var returned []*job
	for _, j := range jobs {
		if j.back && ctx.Err() == nil && j.putBack() {
			returned = append(returned, j)
		}
	}
	for _, action := range actionsOf(returned) {
		concerned := slices.DeleteFunc(slices.Clone(returned), func(j *job) bool { return !slices.Contains(j.work.load, action) })
		result := r.Stages.Load(ctx, action, batchOf(concerned), r.progress)
		r.loaded(result)
		for _, j := range concerned {
			j.treated.Stages = append(j.treated.Stages, acmecore.Stage{Stage: "load", Began: result.Began, Ended: result.Ended,
				Text: action + ", with the files before", Problem: result.Problem, Hint: result.Hint})
			if result.Problem != "" {
				j.returned = "the files before are back, and could not be loaded either: " + result.Problem
			}
		}
	}
}

// putBack returns the files of one certificate, and tells whether there were any.
func (j *job) putBack() bool {
	var files []string
	err := j.stage("put back", func() (text string, err error) {
		files, err = j.run.Stages.PutBack(j.id)
		return counted(len(files), "file"), err
	})
	if err != nil {
		j.returned = "the files before could not be put back: " + acmecore.Inert(err.Error())
		j.run.Log.Error("files before not put back", "certificate", j.id, "error", err, "hint", acmecore.HintOf(err))
	}
	if len(files) == 0 {
		return false
	}
	if j.returned == "" {
		j.returned = "the files before are back"
	}
	j.step("put back", string(j.id), "the files before are back in "+counted(len(files), "place"))
	for _, action := range j.work.load { // what was loaded is not what is there
		delete(j.now.Standing.Loaded, action)
	}
	return true
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
