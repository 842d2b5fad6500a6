package acmecore

import "time"

// Issue is how a version of a certificate came to be. Versions of before wCME kept
// this have none.
type Issue struct {
	CA        string          `json:"ca"`        // as the configuration called it
	Directory string          `json:"directory"` // of the CA, URL
	Account   string          `json:"account"`   // that ordered, URL
	Order     string          `json:"order,omitempty"`
	Profile   string          `json:"profile,omitempty"`
	Replaces  string          `json:"replaces,omitempty"` // identifier of the one before, where the CA was told (RFC 9773 section 5)
	Methods   map[Name]Method `json:"methods,omitempty"`  // by which names were proved; none for those that were proved before
	At        time.Time       `json:"at"`
}

// Limit is one of a CA's limits, and how far it is used up, by our own account of it:
// others may have asked for the same names.
type Limit struct {
	Kind    LimitKind     `json:"kind"`
	Subject string        `json:"subject,omitempty"` // the domain, the name; "" of the account
	Count   int           `json:"count"`             // used up, of
	Of      int           `json:"of"`                // 0 where the CA has not published it
	Period  time.Duration `json:"period"`            // ns, in which as many come back, evenly
	// Until is when there is room again; zero while there is.
	Until time.Time `json:"until,omitzero"`
	// Said is what the CA has said of it, inert; "" where it is our own count.
	Said string `json:"said,omitempty"`
	// Page is where a person can lift it, URL; "" where nobody can.
	Page string `json:"page,omitempty"`
}

// LimitKind is what is limited, in words.
type LimitKind string

// The kinds, as Let's Encrypt has them.
const (
	LimitOrders       LimitKind = "orders"            // of an account
	LimitDomain       LimitKind = "registered domain" // certificates for it and all below
	LimitSameNames    LimitKind = "same names"        // certificates for exactly these
	LimitRefusals     LimitKind = "refusals"          // of a name, one after the other or not
	LimitConsecutive  LimitKind = "refusals in a row" // of a name, until it is paused
	LimitOfAccount    LimitKind = "the CA's for the account"
	LimitOfIdentifier LimitKind = "the CA's for the names"
)
