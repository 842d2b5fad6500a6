package manager

import (
	"context"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/access"
	"wcme/acmecore/control"
	"wcme/acmecore/metrics"
	"wcme/acmecore/outlook"
	"wcme/acmecore/renew"
)

var (
	_ control.Operations     = (*Watch)(nil)
	_ control.Administration = (*Watch)(nil)
)

// Watch is the manager of an overseer, which goes on for as long as that runs: it does
// the daily work, gives a sign of life to whoever cannot reach the socket, looks each
// day whether certification authorities and visitors still find their way, and can
// tell of all that. A manager in process is none of that.
type Watch struct {
	*Manager
	options WatchOptions
	rhythm  renew.Rhythm

	since   time.Time
	outlook *outlook.Outlook
	space   outlook.Space

	mu     sync.Mutex // of what follows
	mute   bool       // the last sign of life could not be given
	untold []acmecore.Event

	tally     metrics.Tally
	measuring sync.Mutex // of measures
	measures  measurements
}

// WatchOptions say how a Watch looks outside; the zero value is as visitors do.
type WatchOptions struct {
	Commit string // that the program was built from; "" where the program knows it
	// Ask has the name server and the port by which names are asked for.
	Ask control.ChallengeRequest
	// Pace lies between the beginnings of two looks; 0 is a quarter of a second.
	Pace time.Duration
	// Again is how long a name that seems to be broken waits for a second look: a server
	// that is just being restarted is not. 0 is five minutes.
	Again time.Duration
}

// Watch begins to watch. What it has seen before is read from the state directory.
func (m *Manager) Watch(options WatchOptions) *Watch {
	if options.Pace == 0 {
		options.Pace = 250 * time.Millisecond
	}
	if options.Again == 0 {
		options.Again = 5 * time.Minute
	}
	seen, err := outlook.Read(m.root)
	if err != nil {
		m.log.Warn("what was reached is not known any more", "error", err)
	}
	w := &Watch{Manager: m, options: options, since: m.now(), outlook: seen}
	if err := w.tally.Begin(m.root); err != nil {
		m.log.Warn("runs are not counted", "error", err)
	}
	return w
}

// Keep does the daily work until the context ends, delivers reports, and watches. A kick
// makes it look at everything again.
func (w *Watch) Keep(ctx context.Context, kick <-chan struct{}) {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { w.reporter.Run(ctx) })
	beside.Go(func() { w.beat(ctx) })
	beside.Go(func() { w.lookOutside(ctx) })
	beside.Go(func() { w.lookUpDaily(ctx) })
	beside.Go(func() { w.sweepLeft(ctx) })
	w.keeps.Store(true)
	_, _ = w.listing.Entries(ctx) // before the first pass, which reads the same files: somebody may wait for a page. What is wrong there, that page says
	daily := func(after time.Time) time.Time { return w.rules(noRecord()).NextDaily(after) }
	w.pipeline.KeepTime(ctx, daily, kick, &w.rhythm)
}

// Silent returns since when the daily work has been at a standstill; zero while it goes
// on.
func (w *Watch) Silent() time.Time { return wall(w.rhythm.Silent()) }

// Policy is that of the manager, and pages learn from it whether the daily work goes on.
func (w *Watch) Policy() access.Policy {
	policy := w.Manager.Policy()
	policy.Silent = w.Silent
	return policy
}

// Status implements control.Administration.
func (w *Watch) Status(ctx context.Context, configuration bool) (acmecore.Status, error) {
	status, err := w.status(ctx, w.outside(ctx), configuration)
	if err != nil {
		return status, err
	}
	w.space.Note(status.Disks, status.Now)
	if w.options.Commit != "" {
		status.Commit = w.options.Commit
	}
	status.Overseer, status.Since, status.Alive = true, wall(w.since), status.Now
	last, run := w.rhythm.Last()
	status.LastPass, status.NextPass, status.Silent = wall(last), wall(w.rhythm.Next()), w.Silent()
	if recorded, err := w.root.Runs(0); err == nil && slices.Contains(recorded, run) {
		status.LastRun = run
	}
	return status, nil
}

// wall is a time without the monotonic clock, in UTC; the zero time stays zero.
func wall(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Round(0).UTC()
}

// Metrics implements control.Administration.
func (w *Watch) Metrics(ctx context.Context) (string, error) {
	status, err := w.Status(ctx, false)
	if err != nil {
		return "", err
	}
	w.measuring.Lock() // two at once would read all twice
	list, err := w.Manager.measured(ctx, &w.measures)
	w.measuring.Unlock()
	if err != nil {
		return "", err
	}
	totals, err := w.tally.Count(w.root)
	if err != nil {
		w.log.Warn("runs are not counted", "error", err)
	}
	return metrics.Text(metrics.Facts{Status: status, Totals: totals, Certificates: list})
}

// outside sums up what was last seen there.
func (w *Watch) outside(ctx context.Context) outlook.Sum {
	seen := w.outlook.Sum(w.Config().Verify.AsksForChallenges(), w.managesName(ctx))
	seen.Authorities = w.withReached(seen.Authorities)
	return seen
}
