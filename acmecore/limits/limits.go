// Package limits says what a CA allows, and how much of that is used up, by our own
// account of it.
//
// Published has what a CA is known to allow: each limit is a bucket that holds so many
// and fills again, one after the other, in a period. A Ledger is what counted against
// those of one CA, an Event each: New reads it, Note adds to it, and Room says whether an
// order would find room now, and otherwise when. What the CA has said itself, of limits
// that nobody publishes too, is an Event like any other.
//
// All of it is arithmetic on what the caller knows and on the time that the caller says
// it is: nothing here reads a clock or a disk. Others may have asked for the same names,
// of which this knows nothing; it never says that there is room where its own account
// shows that there is none.
package limits

import (
	"net/url"
	"strings"
	"time"

	"wcme/acmecore"
)

// Bucket is one limit: so many at once, and as many again in the period, evenly. The zero
// value is no limit.
type Bucket struct {
	Count  int
	Period time.Duration
}

// Rules are the limits of a CA; the zero value is of one that publishes none.
type Rules struct {
	CA       string // as people call it
	Orders   Bucket // of an account
	Domain   Bucket // certificates for a registered domain and all below
	Same     Bucket // certificates for exactly the same names
	Refusals Bucket // validations of a name that fail
	InARow   Bucket // likewise, one after the other without one that succeeds: then the name is paused
}

const day = 24 * time.Hour

// exemption is for how long a certificate for the same names is a renewal, which counts
// neither as an order nor against the registered domain.
const exemption = 120 * day

// Published returns what the CA with that directory allows, as far as that is published:
// https://letsencrypt.org/docs/rate-limits/ and, for its staging side,
// https://letsencrypt.org/docs/staging-environment/.
func Published(directory string) Rules {
	parsed, err := url.Parse(directory)
	if err != nil {
		return Rules{}
	}
	switch strings.ToLower(parsed.Hostname()) {
	case "acme-v02.api.letsencrypt.org":
		return Rules{CA: "Let's Encrypt", Orders: Bucket{300, 3 * time.Hour}, Domain: Bucket{50, 7 * day}, Same: Bucket{5, 7 * day},
			Refusals: Bucket{5, time.Hour}, InARow: Bucket{1152, 1152 * day}}
	case "acme-staging-v02.api.letsencrypt.org":
		return Rules{CA: "Let's Encrypt's staging side", Orders: Bucket{1500, 3 * time.Hour}, Domain: Bucket{30000, 7 * day},
			Refusals: Bucket{200, time.Hour}}
	}
	return Rules{}
}

// of returns the bucket of a kind of limit.
func (r Rules) of(kind acmecore.LimitKind) Bucket {
	switch kind {
	case acmecore.LimitOrders:
		return r.Orders
	case acmecore.LimitDomain:
		return r.Domain
	case acmecore.LimitSameNames:
		return r.Same
	case acmecore.LimitRefusals:
		return r.Refusals
	case acmecore.LimitConsecutive:
		return r.InARow
	}
	return Bucket{}
}
