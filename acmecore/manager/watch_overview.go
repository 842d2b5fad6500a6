package manager

import (
	"context"
	"sync"
	"time"

	"wcme/acmecore"
)

// Overview implements control.Administration. On top of the certificates stands what
// Status complains about beside them, so that nobody takes all for well who looks at the
// list alone. That the daily work is overdue, every page says already.
func (w *Watch) Overview(ctx context.Context, query acmecore.Query) (acmecore.Overview, error) {
	overview, err := w.Manager.Overview(ctx, query)
	if err != nil {
		return overview, err
	}
	seen := w.outside()
	status := acmecore.Status{Now: w.now().UTC(), Overseer: true, Authorities: seen.authorities, Challenges: seen.challenges, Disks: w.disksLately()}
	status.Reports, status.Waiting = w.waiting()
	overview.Complaints = status.Complaints()
	return overview, nil
}

// spaceTime is how old the space that is left on disks may be for the list.
const spaceTime = time.Minute

// space is what was last seen to be left on disks.
type space struct {
	mu      sync.Mutex
	at      time.Time
	disks   []acmecore.Disk
	looking bool
}

func (s *space) note(at time.Time, disks []acmecore.Disk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.disks, s.looking = at, disks, false
}

// disksLately are the disks as they were a short while ago; none before the first look.
// Where that is too long ago, it is looked again beside: a file system of another host
// that does not answer must keep nobody from the list.
func (w *Watch) disksLately() []acmecore.Disk {
	w.space.mu.Lock()
	defer w.space.mu.Unlock()
	if !w.space.looking && w.now().Sub(w.space.at).Abs() > spaceTime {
		w.space.looking = true
		go func() {
			disks := w.disks()
			w.space.note(w.now(), disks)
		}()
	}
	return w.space.disks
}
