package overview

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/spread"
	"wcme/acmecore/stamp"
)

// Index is what is known of all certificates.
//
// Of each file that a certificate was read from it has a stamp. A look at the index
// compares all stamps with the files, whoever has changed them, and reads those
// certificates again of which one differs. When the Ground is another one, it reads all.
type Index struct {
	source  Source
	now     func() time.Time
	last    atomic.Pointer[answer] // nil before the first, and after a look that did not come to its end
	turn    chan struct{}          // has room for one look at a time, which holds what follows
	ground  Ground
	known   map[acmecore.ID]known
	entries []*Entry // sorted by name; replaced, and never changed
}

// New returns an Index of the source, which has looked at nothing yet. now is the clock
// that the file system's times are compared with.
func New(source Source, now func() time.Time) *Index {
	return &Index{source: source, now: now, turn: make(chan struct{}, 1)}
}

// known is an entry, and what tells whether it is still so.
type known struct {
	entry   *Entry
	files   []string      // the Reading's
	stamps  []stamp.Stamp // of the Source, then of these files
	settled bool          // all of them, and nothing was amiss that will pass
}

// lookAgain brings the index into line with the files.
func (x *Index) lookAgain(ctx context.Context) error {
	ids, err := x.source.IDs()
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
		if fresh[i] = before; !found || !x.isCurrent(ids[i], before) {
			fresh[i], again[i] = x.learn(ids[i], before), true
		}
		return nil
	})
	if slices.Contains(again, true) || len(ids) != len(x.known) {
		x.adopt(ids, fresh)
	}
	return errors.Join(err, ctx.Err())
}

// adopt takes what is known now in place of what was.
func (x *Index) adopt(ids []acmecore.ID, fresh []known) {
	x.known, x.entries = make(map[acmecore.ID]known, len(ids)), make([]*Entry, 0, len(ids))
	for i, one := range fresh {
		if one.entry != nil { // the look did not end before it
			x.known[ids[i]] = one
			x.entries = append(x.entries, one.entry)
		}
	}
	slices.SortFunc(x.entries, byName)
}

// isCurrent tells whether nothing has changed that the certificate was read from.
func (x *Index) isCurrent(id acmecore.ID, k known) bool {
	if !k.settled {
		return false
	}
	var room [8]stamp.Stamp
	return slices.Equal(k.stamps, x.stamps(room[:0], id, k.files))
}

// learn reads a certificate. The stamps are from before it was read, so that a change
// in between is found by the next look. Where its Files were not known before, theirs are
// from after it: then one that is not there may have gone in between, and one that has
// changed a moment ago, too.
func (x *Index) learn(id acmecore.ID, before known) known {
	began, k := x.now(), known{files: before.files, stamps: x.stamps(nil, id, before.files)}
	read := x.source.Read(id)
	k.entry, k.settled = newEntry(read), !read.Passing
	if !slices.Equal(read.Files, before.files) {
		own := len(k.stamps) - len(before.files)
		k.files, k.stamps = read.Files, addStamps(k.stamps[:own:own], read.Files)
		k.settled = k.settled && !slices.ContainsFunc(k.stamps[own:], stamp.Stamp.IsAbsent)
	}
	for _, one := range k.stamps {
		k.settled = k.settled && one.IsSettled(began)
	}
	return k
}

// stamps adds those of all files that a certificate is read from.
func (x *Index) stamps(list []stamp.Stamp, id acmecore.ID, files []string) []stamp.Stamp {
	return addStamps(x.source.Stamps(list, id), files)
}

func addStamps(list []stamp.Stamp, files []string) []stamp.Stamp {
	for _, path := range files {
		list = append(list, stamp.Of(path))
	}
	return list
}
