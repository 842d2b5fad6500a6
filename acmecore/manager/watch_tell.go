package manager

import "wcme/acmecore"

// tellOf tells of all names that broke since those were broken, and when none is any
// more. What cannot be told waits for the next look.
func (w *Watch) tellOf(before []acmecore.Name) {
	broke, news := w.outlook.News(before, wall(w.now()))
	for _, facts := range broke {
		w.log.Error("challenges no longer get here: the name cannot be renewed", "name", facts.Name, "problem", facts.Text, "hint", facts.Try)
	}
	w.mu.Lock()
	events := append(w.untold, news...)
	w.mu.Unlock()
	if len(events) == 0 {
		return
	}
	err := w.reporter.Tell(events...)
	if err == nil {
		events = nil
	} else {
		w.log.Error("not reported", "events", len(events), "error", err)
	}
	w.mu.Lock()
	w.untold = events
	w.mu.Unlock()
}

// hasUntold tells whether something waits to be told.
func (w *Watch) hasUntold() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.untold) > 0
}
