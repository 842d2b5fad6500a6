package proving

import (
	"context"
	"slices"

	"wcme/acmecore"
)

// opener is a solver that needs something of this host while an order is in the
// making, such as a port. It is a pointer, and the same for all names of an order.
type opener interface {
	solver
	open() (release func(), err error)
}

// readier is a solver that can tell, before anything is ordered, whether it can answer
// for its name.
type readier interface {
	solver
	ready(ctx context.Context) error
}

// reserver is a solver that can answer for a name in one order at a time.
type reserver interface {
	solver
	// reserve waits for its turn until the context ends.
	reserve(ctx context.Context, name acmecore.Name) (release func(), err error)
}

// Prepare makes sure, before anything is ordered, that each name can be proved: what
// its first method needs is there, and where that cannot be had, what another one
// needs. Nobody may sweep from now on, who would take what is published for a leftover.
// What is prepared is held until release is called. What the ways do is told to report.
func (w *Ways) Prepare(ctx context.Context, names []acmecore.Name, report acmecore.Progress) (release func(), err error) {
	w.txt.report, w.hooks.report = report, report
	w.txt.names, w.hooks.names = names, names
	for _, name := range slices.Sorted(slices.Values(names)) { // all reserve in one order, and none waits for whom it keeps waiting
		if err := w.makeReady(ctx, name); err != nil {
			w.release()
			return nil, err
		}
	}
	w.begun = true
	return w.release, nil
}

// makeReady prepares the first of the methods that can be prepared.
func (w *Ways) makeReady(ctx context.Context, name acmecore.Name) error {
	for {
		methods, err := w.Methods(name)
		if err != nil {
			return err
		}
		err = w.prepare(ctx, attempt{methods[0], name})
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return err
		case len(methods) > 1:
			w.log.Warn("a name is proved in another way than the first one", "name", name, "way", methods[0], "error", err, "hint", acmecore.HintOf(err))
		}
	}
}

// prepare makes a way ready, once.
func (w *Ways) prepare(ctx context.Context, way attempt) error {
	w.preparing.Lock()
	defer w.preparing.Unlock()
	if err, done := w.outcome(way); done {
		return err
	}
	found, err := w.way(way.method, way.name)
	if err == nil {
		err = w.prepareBy(ctx, found, way.name)
	}
	if ctx.Err() != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.prepared[way] = err
	return err
}

// outcome is what came of preparing a way, if that was done.
func (w *Ways) outcome(way attempt) (err error, done bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err, done = w.prepared[way]
	return err, done
}

func (w *Ways) prepareBy(ctx context.Context, found solver, name acmecore.Name) error {
	if opener, needs := found.(opener); needs {
		if err := w.openOnce(opener); err != nil {
			return err
		}
	}
	if reserver, needs := found.(reserver); needs {
		release, err := w.reserve(ctx, reserver, name)
		if err != nil {
			return err
		}
		w.releases = append(w.releases, release)
	}
	if readier, can := found.(readier); can {
		return readier.ready(ctx)
	}
	return nil
}

func (w *Ways) openOnce(found opener) error {
	err, done := w.opened[found]
	if done {
		return err
	}
	release, err := found.open()
	if w.opened[found] = err; err == nil {
		w.releases = append(w.releases, release)
	}
	return err
}

// reserve waits before the order is begun, and not afterwards: another order may wait
// for what this one has.
func (w *Ways) reserve(ctx context.Context, found reserver, name acmecore.Name) (release func(), err error) {
	if w.begun {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		ctx = ended
	}
	return found.reserve(ctx, name)
}

// release ends all that was prepared, the last first.
func (w *Ways) release() {
	w.preparing.Lock()
	defer w.preparing.Unlock()
	for _, release := range slices.Backward(w.releases) {
		release()
	}
	w.releases = nil
}
