package overview

import (
	"slices"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/stamp"
)

// Source is what an Index reads certificates from. Its functions may be called at the
// same time.
type Source interface {
	// IDs lists the managed certificates, ordered by ID.
	IDs() ([]acmecore.ID, error)
	// Stamps adds to the list those of the files that any certificate of that ID is read
	// from, whether they are there or not: always as many.
	Stamps(list []stamp.Stamp, id acmecore.ID) []stamp.Stamp
	// Read reads one. What cannot be read is a fact, too.
	Read(id acmecore.ID) Reading
	// Ground is what all certificates depend on.
	Ground() Ground
	// Moment tells what was done until now.
	Moment() Moment
}

// Reading is what was read of a certificate.
type Reading struct {
	Certificate acmecore.Certificate
	// WindowStart and WindowEnd are when its CA wants this version of it renewed; zero where
	// that is not known.
	WindowStart, WindowEnd time.Time
	// Files are the paths of what it was read from beside the files of which there are
	// Stamps: those in its targets, and whatever else this certificate has.
	Files []string
	// Passing says that something was amiss that says nothing of the files, and will pass:
	// too many open files, say. The certificate is read again at the next look.
	Passing bool
}

// Ground is what all certificates depend on: while it is the same, a certificate is read
// again only when a file of its own has changed.
type Ground struct {
	Settings any           // which are compared by ==: the configuration in force, the time zone
	Places   []stamp.Stamp // of directories that certificates are installed in, and of other files that the settings name
}

func (g Ground) equal(other Ground) bool {
	return g.Settings == other.Settings && slices.Equal(g.Places, other.Places)
}

// Moment tells that something was done since: then it is another one.
type Moment struct {
	Runs    uint64      // that have ended
	Records stamp.Stamp // of the directory of all records
}
