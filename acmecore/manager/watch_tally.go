package manager

import (
	"errors"
	"slices"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/metrics"
	"wcme/acmecore/store"
)

// tally counts what runs have done since the overseer's start, whoever began them: by
// their records, of which each is read once.
type tally struct {
	mu     sync.Mutex
	totals metrics.Totals
	known  map[string]bool // runs that are counted, or are older than the overseer
}

// begin leaves all runs out of the count that have a record already.
func (t *tally) begin(root *store.Root) error {
	ids, err := root.Runs(0)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = make(map[string]bool, len(ids))
	for _, id := range ids {
		t.known[id] = true
	}
	return err
}

// now counts what is new, and returns the totals, also beside an error.
func (t *tally) now(root *store.Root) (metrics.Totals, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids, problems := root.Runs(0)
	if problems != nil {
		return t.totals, problems
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
		if t.known[id] {
			continue
		}
		run, err := root.Run(id)
		problems = errors.Join(problems, err)
		t.add(run)
	}
	t.known = known
	return t.totals, problems
}

// add counts one run.
func (t *tally) add(run acmecore.Run) {
	t.totals.Renewals += run.Count(acmecore.Renewed)
	t.totals.Failures += run.Count(acmecore.Failed) + run.Count(acmecore.NotServed)
	for _, treated := range run.Certificates {
		if slices.ContainsFunc(treated.Stages, func(s acmecore.Stage) bool { return s.Stage == "order" }) {
			t.totals.Attempts++
		}
	}
}
