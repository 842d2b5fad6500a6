package manager

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/renew"
	"wcme/acmecore/spread"
	"wcme/acmecore/stamp"
)

// index is what is known of all certificates, so that ten thousand of them need not be
// read for each page that is shown.
//
// Of each file that a certificate was read from it has a stamp: see stamp.Stamp. A look at
// the index compares all stamps with the files, whoever has changed them, and reads
// those certificates again of which one differs. When the configuration, the time
// zone, or a target's directory, template or password is another one, it reads all.
type index struct {
	last    atomic.Pointer[answer] // nil before the first, and after a look that did not come to its end
	turn    busy                   // has one look go on at a time, which holds what follows
	ground  ground
	known   map[acmecore.ID]known
	entries []*entry // sorted by name; replaced, and never changed
}

// entry is one certificate as the list shows it.
type entry struct {
	acmecore.Certificate
	text                   string // what words are looked for in, in lower case
	windowStart, windowEnd time.Time
}

// known is an entry, and what tells whether it is still so.
type known struct {
	entry   *entry
	targets []string      // paths of the files in targets, and of what else it was read from
	stamps  []stamp.Stamp // of all files
	settled bool          // all of them, and nothing was amiss that says nothing of the files
}

// ground is what all certificates depend on.
type ground struct {
	config *config.Config
	zone   *time.Location
	places []stamp.Stamp // of the targets
}

func (g ground) equal(other ground) bool {
	return g.config == other.config && g.zone == other.zone && slices.Equal(g.places, other.places)
}

// lookAgain brings the index into line with the files.
func (m *Manager) lookAgain(ctx context.Context, x *index) error {
	ids, err := m.managedIDs()
	if err != nil {
		return err
	}
	fresh, again := make([]known, len(ids)), make([]bool, len(ids))
	err = spread.Over(len(ids), func(i int) error {
		before, found := x.known[ids[i]]
		if ctx.Err() != nil {
			fresh[i] = before
			return nil
		}
		if fresh[i] = before; !found || !m.isCurrent(ids[i], before) {
			fresh[i], again[i] = m.learn(ids[i], before), true
		}
		return nil
	})
	if slices.Contains(again, true) || len(ids) != len(x.known) {
		x.adopt(ids, fresh)
	}
	return errors.Join(err, ctx.Err())
}

// adopt takes what is known now in place of what was.
func (x *index) adopt(ids []acmecore.ID, fresh []known) {
	x.known, x.entries = make(map[acmecore.ID]known, len(ids)), make([]*entry, 0, len(ids))
	for i, one := range fresh {
		if one.entry != nil { // the look did not end before it
			x.known[ids[i]] = one
			x.entries = append(x.entries, one.entry)
		}
	}
	slices.SortFunc(x.entries, byName)
}

// byName sorts by the first name, and where there is none by the ID.
func byName(a, b *entry) int {
	if order := strings.Compare(a.called(), b.called()); order != 0 {
		return order
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

func (e *entry) called() string {
	if len(e.Names) == 0 {
		return string(e.ID)
	}
	return string(e.Names[0])
}

// isCurrent tells whether nothing has changed that the certificate was read from.
func (m *Manager) isCurrent(id acmecore.ID, k known) bool {
	if !k.settled {
		return false
	}
	var room [8]stamp.Stamp
	return slices.Equal(k.stamps, m.stamps(room[:0], id, k.targets))
}

// learn reads a certificate. The stamps are from before it was read, so that a change
// in between is found by the next look. Where the targets' files were not known before,
// theirs are from after it: then one that is not there may have gone in between, and one
// that has changed a moment ago, too.
func (m *Manager) learn(id acmecore.ID, before known) known {
	began, k := time.Now(), known{targets: before.targets, stamps: m.stamps(nil, id, before.targets)}
	situation := stages{m}.Look(id)
	k.entry, k.settled = m.entry(situation), !situation.Passing
	var targets []string
	for _, placed := range situation.Placed {
		targets = append(targets, placed.Files...)
	}
	targets = append(targets, m.readBeside(id)...)
	if !slices.Equal(targets, before.targets) {
		own := len(k.stamps) - len(before.targets)
		k.targets, k.stamps = targets, placeStamps(k.stamps[:own:own], targets)
		k.settled = k.settled && !slices.ContainsFunc(k.stamps[own:], stamp.Stamp.IsAbsent)
	}
	for _, one := range k.stamps {
		k.settled = k.settled && one.IsSettled(began)
	}
	return k
}

// entry makes one of a situation.
func (m *Manager) entry(situation renew.Situation) *entry {
	e := &entry{Certificate: m.told(situation)}
	if info := situation.Standing.RenewalInfo; info.Fingerprint == e.Fingerprint && e.Version != "" {
		e.windowStart, e.windowEnd = info.Start, info.End
	}
	parts := []string{string(e.ID), e.CA, e.Profile, e.Issuer}
	for _, name := range e.Names {
		parts = append(parts, string(name))
	}
	e.text = strings.ToLower(strings.Join(parts, "\n")) // no word has a line's end in it
	return e
}
