package manager

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"wcme/acmecore"
)

// When it is looked outside: not in the first minutes, in which much else is to be
// done; at everything once a day; at what is in trouble each hour.
const (
	firstLook  = 2 * time.Minute
	troubles   = time.Hour
	everyRound = 24 * time.Hour
)

// lookOutside looks until the context ends.
func (w *Watch) lookOutside(ctx context.Context) {
	for wait := firstLook; pause(ctx, wait); wait = troubles {
		look := w.LookAtTrouble
		if w.isRoundDue() {
			look = w.LookOutside
		}
		if err := look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("not all was asked for: whether challenges get here is not known", "error", err, "hint", acmecore.HintOf(err))
		}
	}
}

// isRoundDue tells whether a day has gone by since the last round, or the clock was set
// back behind it.
func (w *Watch) isRoundDue() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	age := w.now().Sub(w.outlook.Looked)
	return age >= everyRound || age < 0
}

// pause waits, and tells whether the context goes on.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// LookOutside reads the directory of each CA in use, and asks for a challenge of our own
// through each managed name that a CA can ask for. It tells of ways that broke since
// the last look, and that all are whole again. An error means that not all was looked
// at.
func (w *Watch) LookOutside(ctx context.Context) error {
	names, cas := w.inUse()
	w.lookAtAuthorities(ctx, cas)
	w.mu.Lock()
	maps.DeleteFunc(w.outlook.CAs, func(ca string, _ acmecore.AuthorityStatus) bool { return !isIn(cas, ca) })
	w.mu.Unlock()
	w.forgetReached(cas)
	if !w.Config().Verify.AsksForChallenges() {
		names = nil
	}
	return w.askForAll(ctx, names, func(o *outlook) {
		maps.DeleteFunc(o.Names, func(name acmecore.Name, _ acmecore.ChallengeFacts) bool { return !isIn(names, name) })
		o.Looked = wall(w.now())
	})
}

// isIn looks in a sorted list.
func isIn[T cmp.Ordered](list []T, one T) bool {
	_, found := slices.BinarySearch(list, one)
	return found
}

// LookAtTrouble is LookOutside for what was in trouble at the last look.
func (w *Watch) LookAtTrouble(ctx context.Context) error {
	w.mu.Lock()
	var names []acmecore.Name
	for name, facts := range w.outlook.Names {
		if !facts.Broken.IsZero() {
			names = append(names, name)
		}
	}
	var cas []string
	for ca, status := range w.outlook.CAs {
		if status.Fails() {
			cas = append(cas, ca)
		}
	}
	waiting := len(w.untold)
	w.mu.Unlock()
	if len(names)+len(cas)+waiting == 0 {
		return nil
	}
	w.lookAtAuthorities(ctx, cas)
	slices.Sort(names)
	return w.askForAll(ctx, names, func(*outlook) {})
}

// inUse are the names of all certificates that a CA would ask for on port 80, and the
// CAs, each sorted. A record that cannot be read has none: others tell of it.
func (w *Watch) inUse() (names []acmecore.Name, cas []string) {
	ids, err := w.root.Records()
	if err != nil {
		w.log.Warn("certificates not listed", "error", err)
	}
	for _, id := range ids {
		c := acmecore.Certificate{ID: id}
		record, err := w.readRecord(&c)
		if err != nil {
			continue
		}
		cas = append(cas, c.CA)
		ways := w.ways(record, w.experience(id))
		for _, name := range c.Names {
			if ways.asksForFiles(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	slices.Sort(cas)
	return slices.Compact(names), slices.Compact(cas)
}

// patienceWithCA is how long a CA may take to show its directory.
const patienceWithCA = 30 * time.Second

// lookAtAuthorities reads the directory of each.
func (w *Watch) lookAtAuthorities(ctx context.Context, cas []string) {
	for _, ca := range cas {
		limited, cancel := context.WithTimeout(ctx, patienceWithCA)
		answer, err := w.CheckCA(limited, ca)
		cancel()
		if ctx.Err() != nil {
			return
		}
		w.mu.Lock()
		status := w.outlook.CAs[ca]
		status.CA = acmecore.Inert(ca)
		if err == nil {
			status = acmecore.AuthorityStatus{CA: status.CA, Reached: wall(w.now()), Milliseconds: answer.Milliseconds}
		} else {
			status.Failed, status.Problem, status.Hint = wall(w.now()), acmecore.Inert(err.Error()), acmecore.HintOf(err)
		}
		w.outlook.CAs[ca] = status
		w.mu.Unlock()
	}
}
