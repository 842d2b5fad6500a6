package manager

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// outlook is what was last seen of the world outside, as priv/reach.json has it.
type outlook struct {
	Version int                                       `json:"version"`
	Looked  time.Time                                 `json:"looked,omitzero"` // when a round over all names ended
	Names   map[acmecore.Name]acmecore.ChallengeFacts `json:"names"`
	CAs     map[string]acmecore.AuthorityStatus       `json:"cas"`
}

// outlookVersion is the version of that form. One of another version is of no use: a
// round later there is another.
const outlookVersion = 1

func newOutlook() outlook {
	return outlook{Version: outlookVersion, Names: make(map[acmecore.Name]acmecore.ChallengeFacts), CAs: make(map[string]acmecore.AuthorityStatus)}
}

// readOutlook returns what was kept; an empty one where that is nothing of use, also
// beside an error.
func (m *Manager) readOutlook() (outlook, error) {
	text, err := m.root.Reach()
	if err != nil || text == nil {
		return newOutlook(), err
	}
	kept := newOutlook()
	if err := json.Unmarshal(text, &kept); err != nil {
		return newOutlook(), fmt.Errorf("read what was reached: %w", err)
	}
	if kept.Version != outlookVersion || kept.Names == nil || kept.CAs == nil {
		return newOutlook(), nil
	}
	return kept, nil
}

// keep makes it durable.
func (m *Manager) keepOutlook(seen outlook) error {
	text, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	return m.root.PutReach(text)
}

// outside is an outlook as a status has it.
type outside struct {
	authorities []acmecore.AuthorityStatus
	challenges  acmecore.ChallengeStatus
}

// sum sums it up. asks tells whether names are asked for at all.
func (o outlook) sum(asks bool) outside {
	return outside{o.authorities(), o.challenges(asks)}
}

// authorities are the CAs, by name.
func (o outlook) authorities() []acmecore.AuthorityStatus {
	list := make([]acmecore.AuthorityStatus, 0, len(o.CAs))
	for _, status := range o.CAs {
		list = append(list, status)
	}
	slices.SortFunc(list, func(a, b acmecore.AuthorityStatus) int { return strings.Compare(a.CA, b.CA) })
	return list
}

// maxWorst is how many names are listed that are not answered rightly.
const maxWorst = 20

// challenges sums up what came of asking for challenges.
func (o outlook) challenges(asks bool) acmecore.ChallengeStatus {
	status := acmecore.ChallengeStatus{Off: !asks, Worst: []acmecore.ChallengeFacts{}}
	if !asks {
		return status
	}
	status.Looked, status.Names = o.Looked, len(o.Names)
	for _, facts := range o.Names {
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
