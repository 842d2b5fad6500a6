package manager

import (
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
	"wcme/acmecore/verify"
)

// standsIn says how the certificate stands in its targets, also when it is one that
// nobody should use any more: its files are there all the same.
func (m *Manager) standsIn(read reading) (placed []acmecore.Placed) {
	if read.Version == "" || read.err != nil || len(read.Names) == 0 {
		return nil
	}
	targets, _ := m.targets(read.ID, read.record) // one that cannot be used says so itself
	for _, target := range targets {
		placed = append(placed, target.Look(read.pair))
	}
	return placed
}

// filesOf are the certificate's files in its targets, and those in ssl.
func (m *Manager) filesOf(id acmecore.ID, placed []acmecore.Placed) (files []acmecore.FileFacts) {
	for _, place := range placed {
		for _, path := range place.Files {
			facts := store.Facts(path)
			facts.Target = place.Target
			files = append(files, facts)
		}
	}
	return append(files, m.root.Products(id)...)
}

// drift says in a sentence where what was issued, what is on disk and what is served
// part, as far as is known without asking anybody, and what puts that right.
func drift(d acmecore.Details, now time.Time) (text string, repair acmecore.Repair) {
	c := d.Certificate
	text = verify.Parted(acmecore.Presence{Certificate: c, Placed: d.Placed, Proofs: d.Standing.Served})
	if c.Version != "" && c.Problem == "" && text == "" {
		text = unloadedBy(d.Loads)
	}
	state := c.State(now)
	switch {
	case state == acmecore.Missing, state == acmecore.Unusable, state == acmecore.Expired:
		return text, acmecore.RepairRenew
	case text != "":
		return text, acmecore.RepairLoad
	}
	return "", ""
}

// unloadedBy names the first load action that has not loaded the current version.
func unloadedBy(loads []acmecore.Loaded) string {
	for _, load := range loads {
		if !load.Current {
			return "on disk, and not loaded yet by " + load.Action
		}
	}
	return ""
}
