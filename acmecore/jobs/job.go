package jobs

import (
	"strings"
	"time"

	"wcme/acmecore"
)

// job is one that runs, or has ended; the board's lock guards it.
type job struct {
	task    Task
	id      string
	began   time.Time
	ended   time.Time // zero while it runs
	steps   steps
	problem string
	hint    string
	kind    acmecore.Kind
	result  acmecore.JobResult
}

func (j *job) runs() bool { return j.ended.IsZero() }

// close ends the job.
func (j *job) close(result acmecore.JobResult, err error) {
	j.ended, j.result = time.Now().UTC(), result
	j.task.Work = nil // and all that it holds
	if err == nil {
		return
	}
	j.problem, j.hint, j.kind = acmecore.Inert(err.Error()), acmecore.Inert(acmecore.HintOf(err)), acmecore.KindOf(err)
	if j.problem == "" {
		j.problem = string(j.kind)
	}
}

// facts is the job with the steps from that number on.
func (j *job) facts(after int) acmecore.Job {
	facts := acmecore.Job{ID: j.id, Kind: j.task.Kind, Subject: j.task.Subject, By: j.task.By, Began: j.began, Ended: j.ended,
		Count: j.steps.count, Problem: j.problem, Hint: j.hint, Error: j.kind, Result: j.result}
	facts.Steps, facts.Left = j.steps.from(after)
	return facts
}

// How many steps of a job are kept: its first ones, and its last ones. The text of a
// step is shortened, so that all of them fit into one answer of the overseer.
const (
	keptFirst = 60
	keptLast  = 240
	maxText   = 512 // bytes
)

// steps are those of a job, of which those in the middle may be gone.
type steps struct {
	count int
	first []acmecore.Step
	last  []acmecore.Step
}

func (s *steps) add(step acmecore.Step) {
	step.Text, step.Subject = short(step.Text), short(step.Subject)
	s.count++
	if len(s.first) < keptFirst {
		s.first = append(s.first, step)
		return
	}
	if len(s.last) == keptLast {
		s.last = append(s.last[:0], s.last[1:]...)
	}
	s.last = append(s.last, step)
}

// from returns the steps from that number on, and how many of these are gone.
func (s *steps) from(after int) (kept []acmecore.Step, left int) {
	kept = []acmecore.Step{}
	if after < len(s.first) {
		kept = append(kept, s.first[after:]...)
	}
	beginLast := s.count - len(s.last)
	left = max(0, beginLast-max(after, len(s.first)))
	if after < s.count {
		kept = append(kept, s.last[max(0, min(after-beginLast, len(s.last))):]...)
	}
	return kept, left
}

func short(text string) string {
	text = acmecore.Inert(text)
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}
