package caa

import "time"

// JudgeIssue says why a property of this value does not allow what is asked for.
func (q Question) JudgeIssue(value string) string { return q.refusal(parseIssue(value)) }

// Patient is New of a resolver that asks nobody twice because a machine is busy.
func Patient(servers ...string) *Resolver {
	r := New(servers...)
	r.patience = time.Minute
	return r
}
