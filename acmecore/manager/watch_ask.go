package manager

import (
	"context"
	"errors"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/probe"
)

// askForAll asks for the names, and once more after a while for those that seem to have
// broken since they were last asked for. An error means that not all could be asked for.
func (w *Watch) askForAll(ctx context.Context, names []acmecore.Name) error {
	doubtful, err := w.askFor(ctx, names, false)
	if err == nil && len(doubtful) > 0 && pause(ctx, w.options.Again) {
		_, err = w.askFor(ctx, doubtful, true)
	}
	return errors.Join(err, ctx.Err())
}

// askFor asks for the names, some at once and at a steady pace. A name that seems to
// have broken is doubtful, and nothing is noted of it, unless that is certain enough.
func (w *Watch) askFor(ctx context.Context, names []acmecore.Name, certain bool) (doubtful []acmecore.Name, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	for i, name := range names {
		if i > 0 && !pause(ctx, w.options.Pace) {
			break
		}
		select {
		case w.probes <- struct{}{}: // few at once, whoever wants to know
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-w.probes }()
			reach, err := w.ask(ctx, name)
			if err != nil {
				cancel(err)
				return
			}
			if !w.outlook.NoteName(reach, certain, wall(w.now())) {
				mu.Lock()
				doubtful = append(doubtful, name)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return doubtful, context.Cause(ctx)
}

// ask asks for a challenge of one name, where those of an order are published too. It
// says nothing of its steps: there may be thousands of names each day.
func (w *Watch) ask(ctx context.Context, name acmecore.Name) (acmecore.Reach, error) {
	lookup, err := lookupOf(w.options.Ask.DNS)
	if err != nil {
		return acmecore.Reach{}, err
	}
	w.ordering.RLock() // nobody sweeps meanwhile
	defer w.ordering.RUnlock()
	challenges, release, err := w.prover.OpenFiles()
	if err != nil {
		return acmecore.Reach{}, err
	}
	defer release()
	prober := probe.New(probe.Options{
		Challenges: challenges,
		Lookup:     lookup,
		Port:       w.options.Ask.Port,
		UserAgent:  "wcme/" + w.version + " watch; asks as a certification authority does",
		Absent:     challenge.Absent,
	})
	return prober.Check(ctx, name)
}
