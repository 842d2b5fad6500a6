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

// Sum sums it up. asks tells whether names are asked for at all.
func (o *Outlook) Sum(asks bool) Sum {
	o.mu.Lock()
	defer o.mu.Unlock()
	return Sum{o.seen.authorities(), o.seen.challenges(asks)}
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

// challenges sums up what came of asking for challenges.
func (s seen) challenges(asks bool) acmecore.ChallengeStatus {
	status := acmecore.ChallengeStatus{Off: !asks, Worst: []acmecore.ChallengeFacts{}}
	if !asks {
		return status
	}
	status.Looked, status.Names = s.Looked, len(s.Names)
	for _, facts := range s.Names {
		switch {
		case answers(facts):
			status.Answered++
			continue
		case !facts.Broken.IsZero():
			status.Broken++
		}
		status.Worst = append(status.Worst, facts)
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
