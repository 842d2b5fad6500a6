package outlook

import (
	"slices"
	"time"

	"wcme/acmecore"
)

// judged is what is known of a name after it was asked for at the time now, and what
// was known before.
func judged(reach acmecore.Reach, before acmecore.ChallengeFacts, now time.Time) acmecore.ChallengeFacts {
	facts := acmecore.ChallengeFacts{Name: reach.Name, At: now, Answered: before.Answered}
	if reach.Answered {
		facts.Answered = now
		return facts
	}
	finding, answered := worstOf(reach)
	facts.Verdict, facts.Text, facts.Try = finding.Verdict, acmecore.Inert(finding.Text), finding.Try
	switch {
	case !before.Broken.IsZero(): // until the right answer comes back
		facts.Broken = before.Broken
	case answered && !before.Answered.IsZero():
		facts.Broken = now
	}
	return facts
}

// unreachedVerdicts say nothing of how the Internet sees a name: a host need not find
// the way to its own public address, by a router that sends nothing back inside, or by
// a DNS that says something else inside.
func unreachedVerdicts() []acmecore.Verdict {
	return []acmecore.Verdict{acmecore.Unresolved, acmecore.NoConnection, acmecore.NoRoute, acmecore.NoAnswer, acmecore.Partly}
}

// worstOf is the finding that says most of what is wrong, and tells whether somebody
// has answered wrongly.
func worstOf(reach acmecore.Reach) (worst acmecore.Finding, answered bool) {
	findings := slices.Clone(reach.Findings)
	for _, visit := range reach.Visits {
		findings = append(findings, visit.Findings...)
	}
	for _, f := range findings {
		switch {
		case !f.Wrong:
		case !slices.Contains(unreachedVerdicts(), f.Verdict):
			return f, true
		case worst.Verdict == "":
			worst = f
		}
	}
	return worst, false
}
