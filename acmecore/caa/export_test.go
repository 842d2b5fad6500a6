package caa

// JudgeIssue says why a property of this value does not allow what is asked for.
func (q Question) JudgeIssue(value string) string { return q.refusal(parseIssue(value)) }
