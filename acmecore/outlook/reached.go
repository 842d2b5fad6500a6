package outlook

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
)

// Reached is when each CA, by its directory, last answered as it should, whatever it was
// asked for: an order, a window, an account. The zero value knows of none.
type Reached struct {
	mu    sync.Mutex
	known map[string]answered
}

// answered is such an answer.
type answered struct {
	at           time.Time
	milliseconds int64 // that its directory took, where that was read; otherwise 0
}

// Note notes what came of asking a CA: an answer, if only to say no, or nothing.
// milliseconds are those that its directory took; 0 where that was not read.
func (r *Reached) Note(directory string, milliseconds int64, err error, now time.Time) {
	if kind := acmecore.KindOf(err); err != nil && kind != acmecore.Refused && kind != acmecore.Limited {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = make(map[string]answered)
	}
	if milliseconds == 0 {
		milliseconds = r.known[directory].milliseconds
	}
	r.known[directory] = answered{now, milliseconds}
}

// Keep forgets all CAs but those of the directories.
func (r *Reached) Keep(directories []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.known, func(directory string, _ answered) bool { return !slices.Contains(directories, directory) })
}

// Since adds to a list of CAs what was noted since they were last looked at, and those
// that were noted alone. directories has the directory of each CA of the configuration, by
// its name.
func (r *Reached) Since(list []acmecore.AuthorityStatus, directories map[string]string) []acmecore.AuthorityStatus {
	all := slices.Clone(list)
	for ca := range directories {
		if !slices.ContainsFunc(all, func(status acmecore.AuthorityStatus) bool { return status.CA == ca }) {
			all = append(all, acmecore.AuthorityStatus{CA: ca})
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range all {
		if directory, found := directories[all[i].CA]; found {
			r.known[directory].addTo(&all[i])
		}
	}
	all = slices.DeleteFunc(all, func(status acmecore.AuthorityStatus) bool { return status.Reached.IsZero() && status.Failed.IsZero() })
	slices.SortFunc(all, func(a, b acmecore.AuthorityStatus) int { return strings.Compare(a.CA, b.CA) })
	return all
}

// addTo puts the answer into the status of its CA, if it is newer.
func (a answered) addTo(status *acmecore.AuthorityStatus) {
	if !a.at.After(status.Reached) {
		return
	}
	status.Reached = a.at
	if a.milliseconds > 0 {
		status.Milliseconds = a.milliseconds
	}
	if !status.Fails() {
		status.Problem, status.Hint = "", ""
	}
}
