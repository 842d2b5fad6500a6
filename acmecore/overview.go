package acmecore

import "time"

// Query is what of the list of certificates is wanted.
type Query struct {
	Words      string `json:"words,omitempty"` // each of the longest sixteen must occur in the ID, a name, the CA or the issuer, in whatever case
	State      string `json:"state,omitempty"` // a State, a Service, or "attention"; "" for all
	Sort       Column `json:"sort,omitempty"`  // "" is by name
	Descending bool   `json:"descending,omitempty"`
	Page       int    `json:"page,omitempty"` // from 1; 0 is 1
	Size       int    `json:"size,omitempty"` // certificates on a page; 0 is 50, at most 200
}

// Attention selects what needs attention, as State of a Query.
const Attention = "attention"

// Column is what a list of certificates is sorted by.
type Column string

// The columns. What is equal in one is sorted by name.
const (
	ByName    Column = "name"
	ByCA      Column = "ca"
	ByIssued  Column = "issued"
	ByExpiry  Column = "expires"
	ByRenewal Column = "renewal"
	ByState   Column = "state"  // the worst first
	ByService Column = "served" // the worst first
	ByRun     Column = "run"
)

// Overview is one page of the list of certificates, and how all of them stand.
type Overview struct {
	Total        int             `json:"total"`    // managed
	Matching     int             `json:"matching"` // of these, on all pages
	Page         int             `json:"page"`     // the one that this is: the last one where a later one was wanted
	Pages        int             `json:"pages"`    // at least 1
	Certificates []Certificate   `json:"certificates"`
	States       map[State]int   `json:"states"`         // of all that are managed
	Services     map[Service]int `json:"services"`       // likewise; none under "" is counted
	Attention    []Certificate   `json:"attention"`      // the first few that need it, the worst first
	Attentive    int             `json:"attentive"`      // all that need it
	Days         []Day           `json:"days"`           // today (UTC) and the 59 days after it
	Later        time.Time       `json:"later,omitzero"` // when the first renewal is planned after these days
	// Complaints are about what is no certificate: see Status. There are none where no
	// overseer says this.
	Complaints []Complaint `json:"complaints,omitempty"`
}

// Day is what is planned for a day, of all certificates.
type Day struct {
	Date     time.Time `json:"date"`               // midnight, UTC
	Renewals int       `json:"renewals,omitempty"` // planned
	Expiries int       `json:"expiries,omitempty"`
	Windows  int       `json:"windows,omitempty"` // certificates whose CA wants them renewed on that day, or that day among others
	Names    []Name    `json:"names,omitempty"`   // of the first few renewals and expiries
}

// OverviewDays is how many days an Overview looks ahead, today among them.
const OverviewDays = 60

// Concern is why a certificate needs attention, in a word.
type Concern string

// The concerns, the worst first.
const (
	ConcernExpired  Concern = "expired"
	ConcernUnusable Concern = "unusable"
	ConcernMissing  Concern = "missing"
	ConcernUnserved Concern = "unserved" // its Service says what its way to visitors lacks
	ConcernFailing  Concern = "failing"  // the last attempt failed: see Trouble
	ConcernLate     Concern = "late"     // it was to be renewed a while ago, and nobody has tried
)

// Concerns lists all concerns, the worst first.
func Concerns() []Concern {
	return []Concern{ConcernExpired, ConcernUnusable, ConcernMissing, ConcernUnserved, ConcernFailing, ConcernLate}
}

// Concern returns the worst concern about the certificate at the time now; "" for one
// that needs no attention.
func (c Certificate) Concern(now time.Time) Concern {
	switch c.State(now) {
	case Expired:
		return ConcernExpired
	case Unusable:
		return ConcernUnusable
	case Missing:
		return ConcernMissing
	}
	switch {
	case c.Service == ServiceMissing || c.Service == ServiceUnloaded || c.Service == ServiceUnseen:
		return ConcernUnserved
	case c.Trouble != "":
		return ConcernFailing
	case !c.Renewal.At.IsZero() && now.Sub(c.Renewal.At) > c.lateness():
		return ConcernLate
	}
	return ""
}

// lateness is how long after its time a renewal is late: two daily passes have gone by,
// or a tenth of the certificate's life where that is shorter.
func (c Certificate) lateness() time.Duration {
	return min(48*time.Hour, c.NotAfter.Sub(c.NotBefore)/10)
}
