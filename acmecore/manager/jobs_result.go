package manager

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"wcme/acmecore"
)

// maxResults is how many certificates the result of a job is about: a page shows no
// more of them, and the record of the run has them all.
const maxResults = 100

// treatedSince is what became of a certificate: its facts, and the run that did something
// to it since then.
func (m *Manager) treatedSince(began time.Time, id acmecore.ID) (result acmecore.JobResult) {
	if m.isManaged(id) {
		c := m.listed(id)
		result.Certificate = &c
	}
	standing, err := m.root.Standing(id)
	if err != nil || standing.LastRun == "" {
		return result
	}
	run, err := m.root.Run(standing.LastRun)
	if err == nil && !run.Began.Before(began.Round(0)) {
		result.Run = &run
	}
	return result
}

// shorten leaves in a run what something was done to, those first that something is
// wrong with, and returns how many of these are left out.
func shorten(run *acmecore.Run) (more int) {
	run.Certificates = slices.DeleteFunc(slices.Clone(run.Certificates), func(t acmecore.Treated) bool { return t.Outcome == "" })
	slices.SortStableFunc(run.Certificates, func(a, b acmecore.Treated) int { return worse(a.Problem != "", b.Problem != "") })
	more = max(0, len(run.Certificates)-maxResults)
	run.Certificates = run.Certificates[:len(run.Certificates)-more]
	return more
}

// problemOf is the error of a run that did not come to a good end for a certificate, as
// the run itself has none for that.
func problemOf(op string, run acmecore.Run) error {
	var bad []acmecore.Treated
	for _, treated := range run.Certificates {
		if treated.Problem != "" {
			bad = append(bad, treated)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	first := bad[0]
	problem := &acmecore.Error{Kind: kindOf(first), Op: op, Subject: string(first.ID), Cause: errors.New(first.Problem), Hint: first.Hint}
	if len(bad) > 1 {
		problem.Op, problem.Subject = op, "certificates"
		problem.Cause = fmt.Errorf("something is wrong with %d of them; %s: %s", len(bad), first.ID, first.Problem)
	}
	return problem
}

// kindOf is that of what went wrong with a certificate.
func kindOf(treated acmecore.Treated) acmecore.Kind {
	kind := acmecore.Busy // another run has it, or it is not its turn yet
	for _, stage := range treated.Stages {
		if stage.Problem != "" {
			kind = cmp.Or(stage.Kind, acmecore.Unreachable)
		}
	}
	return kind
}
