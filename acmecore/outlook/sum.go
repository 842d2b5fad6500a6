package outlook

import (
	"cmp"
	"slices"
	"strings"

	"wcme/acmecore"
)

// Sum is an Outlook as a status has it.
type Sum struct {
	Authorities []acmecore.AuthorityStatus // by name
	Challenges  acmecore.ChallengeStatus
}

// Sum sums it up. asks tells whether names are asked for at all, and managed whether a
// certificate still has a name: one that none has is nobody's trouble, also before the
// next round forgets it. managed is asked about names that do not answer, and nil is for
// all that are known.
func (o *Outlook) Sum(asks bool, managed func(acmecore.Name) bool) Sum {
	o.mu.Lock()
	authorities := o.seen.authorities()
	status := acmecore.ChallengeStatus{Off: !asks, Worst: []acmecore.ChallengeFacts{}}
	if asks {
		status = o.seen.challenges()
	}
	o.mu.Unlock() // managed may take its time
	if managed != nil {
		known := len(status.Worst)
		status.Worst = slices.DeleteFunc(status.Worst, func(facts acmecore.ChallengeFacts) bool { return !managed(facts.Name) })
		status.Names -= known - len(status.Worst)
	}
	return Sum{authorities, worstFirst(status)}
}

// authorities are the CAs, by name.
func (s seen) authorities() []acmecore.AuthorityStatus {
	list := make([]acmecore.AuthorityStatus, 0, len(s.CAs))
	for _, status := range s.CAs {
		list = append(list, status)
	}
	slices.SortFunc(list, func(a, b acmecore.AuthorityStatus) int { return strings.Compare(a.CA, b.CA) })
	return list
}

// maxWorst is how many names are listed that are not answered rightly.
const maxWorst = 20

// challenges is what came of asking for challenges, with every name that does not answer.
func (s seen) challenges() acmecore.ChallengeStatus {
	status := acmecore.ChallengeStatus{Looked: s.Looked, Names: len(s.Names), Worst: []acmecore.ChallengeFacts{}}
	for _, facts := range s.Names {
		if answers(facts) {
			status.Answered++
		} else {
			status.Worst = append(status.Worst, facts)
		}
	}
	return status
}

// worstFirst counts what is broken, and keeps the first of what does not answer.
func worstFirst(status acmecore.ChallengeStatus) acmecore.ChallengeStatus {
	for _, facts := range status.Worst {
		if !facts.Broken.IsZero() {
			status.Broken++
		}
	}
	slices.SortFunc(status.Worst, func(a, b acmecore.ChallengeFacts) int {
		return cmp.Or(-compareBroken(a, b), strings.Compare(string(a.Name), string(b.Name)))
	})
	status.Worst = status.Worst[:min(len(status.Worst), maxWorst)]
	return status
}

// compareBroken is positive where a is broken and b is not.
func compareBroken(a, b acmecore.ChallengeFacts) int {
	rank := func(facts acmecore.ChallengeFacts) int {
		if facts.Broken.IsZero() {
			return 0
		}
		return 1
	}
	return cmp.Compare(rank(a), rank(b))
}

// answers tells whether a name was answered rightly when it was last asked for.
func answers(facts acmecore.ChallengeFacts) bool {
	return !facts.Answered.IsZero() && facts.Answered.Equal(facts.At)
}
