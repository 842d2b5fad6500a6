package renew

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

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
	stage := acmecore.Stage{Stage: "verify", Began: began.UTC(), Text: acmecore.Counted(len(proofs), "place", "places")}
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
