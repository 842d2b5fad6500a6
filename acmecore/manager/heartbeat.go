package manager

import (
	"context"
	"time"

	"wcme/acmecore/challenge"
)

// beatTime lies between two signs of life.
const beatTime = time.Minute

// beat gives a sign of life until the context ends: where the script can read it, which
// may not reach the socket.
func (w *Watch) beat(ctx context.Context) {
	ticker := time.NewTicker(beatTime)
	defer ticker.Stop()
	for {
		w.Beat()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Beat gives one sign of life. That it cannot be given is told once.
func (w *Watch) Beat() {
	last, _ := w.rhythm.Last()
	err := w.challenges().ShowAlive(challenge.Alive{At: wall(w.now()), Since: wall(w.since), Pass: wall(last)})
	w.mu.Lock()
	wasMute := w.mute
	w.mute = err != nil
	w.mu.Unlock()
	if err != nil && !wasMute {
		w.log.Warn("no sign of life given: pages cannot say since when no overseer answers", "error", err)
	}
}
