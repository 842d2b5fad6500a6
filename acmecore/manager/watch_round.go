package manager

import (
	"context"
	"errors"
	"slices"
	"time"

	"wcme/acmecore"
)

// When it is looked outside: not in the first minutes, in which much else is to be
// done; at what is in trouble each hour, or at everything when a round is due.
const (
	firstLook = 2 * time.Minute
	troubles  = time.Hour
)

// lookOutside looks until the context ends.
func (w *Watch) lookOutside(ctx context.Context) {
	for wait := firstLook; pause(ctx, wait); wait = troubles {
		look := w.LookAtTrouble
		if w.outlook.IsRoundDue(w.now()) {
			look = w.LookOutside
		}
		if err := look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("not all was asked for: whether challenges get here is not known", "error", err, "hint", acmecore.HintOf(err))
		}
	}
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
	w.outlook.KeepCAs(cas)
	w.forgetReached(cas)
	if !w.Config().Verify.AsksForChallenges() {
		names = nil
	}
	before := w.outlook.Broken()
	err := w.askForAll(ctx, names)
	if err == nil {
		w.outlook.EndRound(names, wall(w.now()))
	}
	w.tellOf(before)
	return errors.Join(err, w.outlook.Keep(w.root))
}

// LookAtTrouble is LookOutside for what was in trouble at the last look, and is in use.
func (w *Watch) LookAtTrouble(ctx context.Context) error {
	before := w.outlook.Broken()
	if len(before)+len(w.outlook.Failing()) == 0 && !w.hasUntold() {
		return nil
	}
	names, cas := w.inUse()
	w.outlook.KeepNames(names)
	w.outlook.KeepCAs(cas)
	w.lookAtAuthorities(ctx, w.outlook.Failing())
	err := w.askForAll(ctx, w.outlook.Broken())
	w.tellOf(before)
	return errors.Join(err, w.outlook.Keep(w.root))
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
		ways := w.ways(record, id)
		for _, name := range c.Names {
			if ways.AsksForFiles(name) {
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
		w.outlook.NoteCA(ca, answer.Milliseconds, err, wall(w.now()))
	}
}
