package renew

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// stage does one stage of a job and notes when, and what came of it.
func (j *job) stage(name string, do func() (text string, err error)) error {
	began := time.Now()
	text, err := do()
	stage := acmecore.Stage{Stage: name, Began: began.UTC(), Ended: time.Now().UTC(), Text: acmecore.Inert(text)}
	if err != nil {
		stage.Problem, stage.Hint, stage.Kind = acmecore.Inert(err.Error()), acmecore.HintOf(err), acmecore.KindOf(err)
	}
	j.treated.Stages = append(j.treated.Stages, stage)
	return err
}

// step tells whoever asked for the run, and the log, of something that happened.
func (j *job) step(stage, subject, text string) {
	j.run.progress(acmecore.Step{Time: time.Now(), Stage: stage, Subject: subject, Text: acmecore.Inert(text)})
}

// trouble notes that the current version is not in service as it should be.
func (j *job) trouble(stage, problem, hint string) {
	problem = acmecore.Inert(problem)
	j.now.Standing.Seen = ""
	if j.treated.Problem != "" && j.treated.Outcome == acmecore.NotServed {
		return // the first trouble is the cause of the others
	}
	j.treated.Outcome, j.treated.Problem, j.treated.Hint = acmecore.NotServed, problem, hint
	j.err = &acmecore.Error{Kind: acmecore.Unreachable, Op: stage, Subject: string(j.id), Cause: errors.New(problem), Hint: hint}
	j.now.Standing.Unserved = schedule.Note(j.now.Standing.Unserved,
		acmecore.Failure{At: time.Now().UTC(), Kind: acmecore.Unreachable, Cause: problem, Hint: hint})
	j.treated.Next = schedule.NextLoad(j.now.Standing.Unserved, time.Now())
	j.troubleAt = stage
	j.run.Log.Error("certificate not in service", "certificate", j.id, "stage", stage, "error", problem, "hint", hint, "next", j.treated.Next)
}

// tellTrouble tells of it, when it is known what came of going back.
func (j *job) tellTrouble() {
	kind, text := acmecore.EventNotServed, "it is not in service: "+j.treated.Problem
	if j.troubleAt == "install" {
		kind, text = acmecore.EventFailed, "it was not installed: "+j.treated.Problem
	}
	if j.returned != "" {
		text += "; " + j.returned
	}
	j.tell(kind, j.troubleAt, text, j.treated.Hint)
}

// giveBack lets other runs have the certificate.
func (j *job) giveBack() {
	if j.release != nil {
		j.release()
	}
}

// conclude ends a job: what it has come to is remembered, told and recorded.
func (j *job) conclude() {
	r, now := j.run, time.Now()
	if j.treated.Outcome == "" && !j.work.wait.IsZero() {
		j.postponed()
	}
	if j.treated.Outcome == "" || j.treated.Outcome == acmecore.Renewed || j.treated.Outcome == acmecore.Repaired {
		j.well()
	}
	if j.troubleAt != "" {
		j.tellTrouble()
	}
	if len(j.treated.Stages) > 0 {
		j.now.Standing.LastRun = r.record.ID
	}
	j.remember()
	j.expiring(now)
	look := j.treated.Next
	if look.IsZero() {
		look = j.next(now)
		j.treated.Next = j.planned(now)
	}
	r.agenda.put(j.id, look)
	c := j.now.Certificate
	j.treated.Names = c.Names
	j.treated.NotBefore, j.treated.NotAfter, j.treated.Serial, j.treated.Version = c.NotBefore, c.NotAfter, c.Serial, c.Version
	r.enter(j)
}

// postponed ends a job that something is to be done for, and not yet.
func (j *job) postponed() {
	j.treated.Reason, j.treated.Text = j.work.reason, j.work.text
	j.treated.Outcome, j.treated.Next = acmecore.Postponed, j.work.wait
	if j.work.full {
		j.treated.Problem, j.treated.Hint = j.now.Full.Problem, j.now.Full.Hint
		return
	}
	failures := append(slices.Clone(j.now.Standing.Failures), j.now.Standing.Unserved...)
	if len(failures) > 0 {
		last := failures[len(failures)-1]
		j.treated.Problem, j.treated.Hint = last.Cause, last.Hint
	}
}

// well tells of a certificate that is in service: once, and of the end of what was
// wrong with it.
func (j *job) well() {
	before, fingerprint := j.found.Standing, j.now.Certificate.Fingerprint
	if fingerprint == "" || !j.now.usable(time.Now()) {
		return
	}
	j.now.Standing.Unserved = nil
	if err := j.run.Stages.Accept(j.id); err != nil {
		j.run.Log.Warn("what stood in the targets before is still kept", "certificate", j.id, "error", err)
	}
	if len(before.Failures)+len(before.Unserved) > 0 && len(j.now.Standing.Failures) == 0 {
		j.tell(acmecore.EventRecovered, "", "all is well again", "")
	}
	switch {
	case before.Told == fingerprint:
	case j.run.request.Trigger == "restore", // whoever goes back knows it
		before.Told == "" && before.Attempted.IsZero() && j.treated.Outcome != acmecore.Renewed: // older than all standing
		j.now.Standing.Told = fingerprint
	default: // that it was told is remembered when it was
		j.renewed = true
		j.run.Log.Info("certificate renewed", "certificate", j.id, "version", j.now.Certificate.Version, "not_after", j.now.Certificate.NotAfter)
		j.tell(acmecore.EventRenewed, fingerprint, fmt.Sprintf("it was renewed, and is valid to %s",
			j.now.Certificate.NotAfter.Format(time.RFC3339)), "")
	}
}

// untold tells whether a certificate came into service of which nobody was told: of
// a kill just before.
func (j *job) untold(now time.Time) bool {
	standing, fingerprint := j.now.Standing, j.now.Certificate.Fingerprint
	return fingerprint != "" && standing.Told != fingerprint && (standing.Told != "" || !standing.Attempted.IsZero()) &&
		j.work.wait.IsZero() && j.now.usable(now)
}

// mended tells whether nothing is to be done any more about what went wrong with a
// certificate, by whosever doing: it may be that all but the last of an attempt had
// been done, which is for Settle.
func (j *job) mended(now time.Time) bool {
	failures, unserved := j.now.Standing.Failures, j.now.Standing.Unserved
	return len(failures)+len(unserved) > 0 && !j.work.some() && j.work.wait.IsZero() && j.now.usable(now) &&
		!j.now.NextTry(now).After(now)
}

// expiring tells of a certificate whose end comes near although it should have been
// renewed long ago.
func (j *job) expiring(now time.Time) {
	c := j.now.Certificate
	if c.NotAfter.IsZero() || len(j.now.Standing.Failures) == 0 || c.NotAfter.Sub(now) > c.NotAfter.Sub(c.NotBefore)/6 {
		return
	}
	text := fmt.Sprintf("it expires at %s", c.NotAfter.Format(time.RFC3339))
	if !now.Before(c.NotAfter) {
		text = fmt.Sprintf("it has expired at %s", c.NotAfter.Format(time.RFC3339))
	}
	last := j.now.Standing.Failures[len(j.now.Standing.Failures)-1]
	j.tell(acmecore.EventExpiring, "expiring", text+", and was not renewed: "+last.Cause, last.Hint)
}

// next is when the certificate is to be looked at again: also to ask its CA.
func (j *job) next(now time.Time) time.Time {
	next := j.planned(now)
	if ask, asks := schedule.NextAsk(j.now.Standing.RenewalInfo, j.now.Certificate, now); asks {
		next = sooner(next, later(ask, j.run.slots.deafUntil(j.now.issuer())))
	}
	return next
}

// planned is when something is to be done for the certificate.
func (j *job) planned(now time.Time) time.Time {
	request := j.run.request
	request.Now = false
	return j.now.decide(now, request, false).next
}

// tell notes an event about the certificate.
func (j *job) tell(kind acmecore.EventKind, cause, text, hint string) {
	c := j.now.Certificate
	event := acmecore.Event{Kind: kind, Subject: string(j.id), Cause: cause, Text: acmecore.Inert(text), Hint: hint, Next: j.treated.Next}
	for _, name := range c.Names {
		event.Lines = append(event.Lines, "name: "+string(name))
	}
	if !c.NotAfter.IsZero() {
		event.Lines = append(event.Lines, "not before: "+c.NotBefore.Format(time.RFC3339), "not after:  "+c.NotAfter.Format(time.RFC3339), "serial:     "+c.Serial)
	}
	for _, file := range j.treated.Files {
		if j.returned != "" {
			break // it has the files before again
		}
		event.Lines = append(event.Lines, "file: "+acmecore.Inert(file))
	}
	j.run.tell(event)
}

// interrupted ends a job whose run was ended from outside. It is no failure: the
// next run goes on with it.
func (j *job) interrupted(err error) {
	j.err = err
	j.treated.Outcome, j.treated.Problem = acmecore.Postponed, "interrupted"
	j.run.Log.Info("interrupted", "certificate", j.id)
}
