package metrics

import (
	"errors"
	"slices"
	"sync"

	"wcme/acmecore"
)

// Runs are the records of runs.
type Runs interface {
	// Runs lists the IDs of the last runs, so many of them; 0 is all.
	Runs(limit int) ([]string, error)
	Run(id string) (acmecore.Run, error)
}

// Tally counts what runs have done since the overseer's start, whoever began them: by
// their records, of which each is read once. The zero value is ready for Begin.
type Tally struct {
	mu     sync.Mutex
	totals Totals
	known  map[string]bool // runs that are counted, or are older than the overseer
}

// Begin leaves all runs out of the count that have a record already.
func (t *Tally) Begin(runs Runs) error {
	ids, err := runs.Runs(0)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = make(map[string]bool, len(ids))
	for _, id := range ids {
		t.known[id] = true
	}
	return err
}

// Count counts what is new, and returns the totals, also beside an error.
func (t *Tally) Count(runs Runs) (Totals, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids, problems := runs.Runs(0)
	if problems != nil {
		return t.totals, problems
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
		if t.known[id] {
			continue
		}
		run, err := runs.Run(id)
		problems = errors.Join(problems, err)
		t.totals.add(run)
	}
	t.known = known
	return t.totals, problems
}

// add counts one run.
func (t *Totals) add(run acmecore.Run) {
	t.Renewals += run.Count(acmecore.Renewed)
	t.Failures += run.Count(acmecore.Failed) + run.Count(acmecore.NotServed)
	for _, treated := range run.Certificates {
		if slices.ContainsFunc(treated.Stages, func(s acmecore.Stage) bool { return s.Stage == "order" }) {
			t.Attempts++
		}
	}
}
