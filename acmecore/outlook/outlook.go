// Package outlook is what an overseer has last seen of the world outside, and how that is
// summed up, told and kept.
//
// An Outlook knows of each managed name whether a challenge of our own got here through
// it, since when it does not any more, and how each certification authority (CA) could be
// reached when its directory was last read. Reached knows when each of them has answered
// whatever it was asked for, and Space what is left on disks.
//
// They take what others have seen, with the time at which they saw it, and say what
// follows. They look at nothing and ask nobody; when it is looked, and at what, is their
// user's to decide. All may be used by several at the same time.
package outlook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
)

// Outlook is what was last seen of names and CAs.
type Outlook struct {
	mu   sync.Mutex
	seen seen
}

// seen is an Outlook as it is kept: JSON.
type seen struct {
	Version int                                       `json:"version"`
	Looked  time.Time                                 `json:"looked,omitzero"` // when a round over all names ended
	Names   map[acmecore.Name]acmecore.ChallengeFacts `json:"names"`
	CAs     map[string]acmecore.AuthorityStatus       `json:"cas"`
}

// version is that of this form. One of another version is of no use: a round later there
// is another.
const version = 1

func nothing() seen {
	return seen{Version: version, Names: make(map[acmecore.Name]acmecore.ChallengeFacts), CAs: make(map[string]acmecore.AuthorityStatus)}
}

// Memory is where an Outlook is kept: as one text, which is nil where there is none.
type Memory interface {
	Reach() ([]byte, error)
	PutReach(text []byte) error
}

// Read returns what was kept; an empty one where that is nothing of use, also beside an
// error.
func Read(memory Memory) (*Outlook, error) {
	text, err := memory.Reach()
	if err != nil || text == nil {
		return &Outlook{seen: nothing()}, err
	}
	kept := nothing()
	if err := json.Unmarshal(text, &kept); err != nil {
		return &Outlook{seen: nothing()}, fmt.Errorf("read what was reached: %w", err)
	}
	if kept.Version != version || kept.Names == nil || kept.CAs == nil {
		kept = nothing()
	}
	return &Outlook{seen: kept}, nil
}

// Keep keeps it.
func (o *Outlook) Keep(memory Memory) error {
	o.mu.Lock()
	defer o.mu.Unlock() // not before it is kept: what is seen later is kept later
	text, err := json.Marshal(o.seen)
	if err != nil {
		return err
	}
	return memory.PutReach(text)
}

// everyRound is how often all names are asked for.
const everyRound = 24 * time.Hour

// IsRoundDue tells whether a day has gone by since the last round over all names, or the
// clock was set back behind it.
func (o *Outlook) IsRoundDue(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	age := now.Sub(o.seen.Looked)
	return age >= everyRound || age < 0
}

// EndRound notes that all names were asked for, which are sorted, and forgets all others.
func (o *Outlook) EndRound(names []acmecore.Name, now time.Time) {
	o.KeepNames(names)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen.Looked = now
}

// KeepNames forgets all but those names, which are sorted.
func (o *Outlook) KeepNames(names []acmecore.Name) {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.seen.Names, func(name acmecore.Name, _ acmecore.ChallengeFacts) bool { return !isIn(names, name) })
}

// NoteName keeps what is known of a name after it was asked for. A name that seems to
// have broken since it was last asked for is doubtful: nothing is noted of it, and NoteName
// is false, unless that is certain.
func (o *Outlook) NoteName(reach acmecore.Reach, certain bool, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.seen.Names[reach.Name]
	facts := judged(reach, before, now)
	if !certain && before.Broken.IsZero() && !facts.Broken.IsZero() {
		return false
	}
	o.seen.Names[reach.Name] = facts
	return true
}

// Broken are the names that are, sorted.
func (o *Outlook) Broken() (names []acmecore.Name) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.broken()
}

func (o *Outlook) broken() (names []acmecore.Name) {
	for name, facts := range o.seen.Names {
		if !facts.Broken.IsZero() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// NoteCA keeps how a CA was reached: so many milliseconds its directory took, or what kept
// it from being read.
func (o *Outlook) NoteCA(ca string, milliseconds int64, err error, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	status := o.seen.CAs[ca]
	status.CA = acmecore.Inert(ca)
	if err == nil {
		status = acmecore.AuthorityStatus{CA: status.CA, Reached: now, Milliseconds: milliseconds}
	} else {
		status.Failed, status.Problem, status.Hint = now, acmecore.Inert(err.Error()), acmecore.HintOf(err)
	}
	o.seen.CAs[ca] = status
}

// KeepCAs forgets all but those CAs, which are sorted.
func (o *Outlook) KeepCAs(cas []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.seen.CAs, func(ca string, _ acmecore.AuthorityStatus) bool { return !isIn(cas, ca) })
}

// Failing are the CAs that did not answer when they were last asked, sorted.
func (o *Outlook) Failing() (cas []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for ca, status := range o.seen.CAs {
		if status.Fails() {
			cas = append(cas, ca)
		}
	}
	slices.Sort(cas)
	return cas
}

// isIn looks in a sorted list.
func isIn[T cmp.Ordered](list []T, one T) bool {
	_, found := slices.BinarySearch(list, one)
	return found
}
