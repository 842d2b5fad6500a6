package manager

import (
	"context"

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
	seen := w.outside(ctx)
	status := acmecore.Status{Now: w.now().UTC(), Overseer: true, Authorities: seen.Authorities, Challenges: seen.Challenges, Disks: w.disksLately()}
	status.Reports, status.Waiting = w.waiting()
	overview.Complaints = status.Complaints()
	return overview, nil
}

// disksLately are the disks as they were a short while ago; none before the first look.
// Where that is too long ago, it is looked again beside: a file system of another host
// that does not answer must keep nobody from the list.
func (w *Watch) disksLately() []acmecore.Disk {
	disks, look := w.space.Lately(w.now())
	if look {
		go func() {
			fresh := w.disks()
			w.space.Note(fresh, w.now())
		}()
	}
	return disks
}
