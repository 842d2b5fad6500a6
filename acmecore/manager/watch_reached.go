package manager

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

// reachedCAs is when each CA, by its directory, last answered as it should, whatever it was
// asked for: an order, a window, an account.
type reachedCAs struct {
	mu    sync.Mutex
	known map[string]answered
}

// answered is such an answer.
type answered struct {
	at           time.Time
	milliseconds int64 // that its directory took, where that was read; otherwise 0
}

// noteReached notes that a CA has just answered, if only to say no; nothing where it
// did not.
func (m *Manager) noteReached(authority config.Authority, milliseconds int64, err error) {
	if kind := acmecore.KindOf(err); err != nil && kind != acmecore.Refused && kind != acmecore.Limited {
		return
	}
	r := &m.reached
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = make(map[string]answered)
	}
	directory := authority.Directory.String()
	if milliseconds == 0 {
		milliseconds = r.known[directory].milliseconds
	}
	r.known[directory] = answered{wall(m.now()), milliseconds}
}

// forgetReached forgets the CAs that are in use no more; these are.
func (m *Manager) forgetReached(cas []string) {
	used := make(map[string]bool)
	for _, ca := range cas {
		if _, authority, err := m.Config().Find(ca); err == nil {
			used[authority.Directory.String()] = true
		}
	}
	m.reached.mu.Lock()
	defer m.reached.mu.Unlock()
	maps.DeleteFunc(m.reached.known, func(directory string, _ answered) bool { return !used[directory] })
}

// withReached adds to a list of CAs what was noted since they were last looked at, and
// those of the configuration that were noted alone.
func (m *Manager) withReached(list []acmecore.AuthorityStatus) []acmecore.AuthorityStatus {
	all := slices.Clone(list)
	for _, ca := range append(m.authorities(), acmecore.Inert(m.Config().CA[0].String())) {
		if !slices.ContainsFunc(all, func(status acmecore.AuthorityStatus) bool { return status.CA == ca }) {
			all = append(all, acmecore.AuthorityStatus{CA: ca})
		}
	}
	for i := range all {
		if _, authority, err := m.Config().Find(all[i].CA); err == nil {
			m.reachedSince(authority, &all[i])
		}
	}
	all = slices.DeleteFunc(all, func(status acmecore.AuthorityStatus) bool { return status.Reached.IsZero() && status.Failed.IsZero() })
	slices.SortFunc(all, func(a, b acmecore.AuthorityStatus) int { return strings.Compare(a.CA, b.CA) })
	return all
}

// reachedSince puts the last answer of a CA into its status, if it is newer.
func (m *Manager) reachedSince(authority config.Authority, status *acmecore.AuthorityStatus) {
	m.reached.mu.Lock()
	last := m.reached.known[authority.Directory.String()]
	m.reached.mu.Unlock()
	if !last.at.After(status.Reached) {
		return
	}
	status.Reached = last.at
	if last.milliseconds > 0 {
		status.Milliseconds = last.milliseconds
	}
	if !status.Fails() {
		status.Problem, status.Hint = "", ""
	}
}
