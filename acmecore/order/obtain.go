package order

import (
	"context"
	"crypto"
	"errors"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// Wanted is the certificate to obtain.
type Wanted struct {
	Names []acmecore.Name // 1 to acmecore.MaxNames
	Key   crypto.Signer   // the certificate's, never the account's; nil where there is a Request
	// Request is a certificate signing request that was made elsewhere (RFC 2986), DER;
	// nil makes one with the Key.
	Request []byte
	Profile string // of the CA; "" leaves the choice to it
	// Replaces identifies the certificate that this one takes the place of (RFC 9773
	// sections 4.1 and 5); "" for none. Where the CA does not take it for that, it is
	// ordered as a new one.
	Replaces string
	// Validity is how long it shall be valid, from when it is ordered on; 0 leaves that
	// to the CA, and few let anybody choose (RFC 8555 section 7.4).
	Validity time.Duration
	// Chain names the issuer that the chain wanted ends at, out of those that the CA
	// offers, or else one that it leads by: its common name, or the SHA-256 fingerprint of
	// its certificate, hexadecimal, with or without colons. "" takes the first chain, and
	// so does an issuer that there is none of (RFC 8555 section 7.4.2).
	Chain string
	// MustStaple asks for the extension of RFC 7633, without which the certificate is
	// refused then.
	MustStaple bool
}

// Journal keeps the URL of the order in flight.
type Journal interface {
	// URL returns the URL kept; "" when there is none.
	URL() string
	// SetURL keeps the URL; when it returns nil the URL is on disk. "" means
	// that the order has ended and nothing of it can be used.
	SetURL(url string) error
}

// attemptTime bounds an attempt, so that no CA can keep a run for ever.
const attemptTime = 30 * time.Minute

// Obtained is a certificate, and how it came to be.
type Obtained struct {
	Chain [][]byte // DER, the leaf first
	// Methods are those by which names were proved in this attempt; the CA believed the
	// other names already.
	Methods map[acmecore.Name]acmecore.Method
	// Replaces is Wanted.Replaces where the CA was told, and has not refused it.
	Replaces string
}

// Obtain takes the order from its names to the chain, which was checked against what
// was wanted. It goes on with the order that the journal has, if that can still be
// used. When it returns, no challenge of its is published any more.
//
// Errors are of kind Refused (a RefusedError in the chain says which name and
// what the CA said, an UnfitError what was delivered), Limited (a LimitedError says until when), Unreachable,
// Invalid (no account, no such profile, a request that no CA takes) or Internal. After one of kind Refused
// the journal has no URL any more, unless it is the account that the CA has
// something against: the order would come to the same end each time.
func (c *Client) Obtain(ctx context.Context, wanted Wanted, journal Journal, challenges Challenges) (Obtained, error) {
	defer c.acme.HTTPClient.CloseIdleConnections()
	limited, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	attempt := &attempt{Client: c, wanted: wanted, journal: journal, challenges: challenges}
	chain, err := attempt.run(limited)
	switch {
	case err == nil:
		return Obtained{Chain: chain.der(), Methods: attempt.methods, Replaces: attempt.replaces}, nil
	case ctx.Err() != nil:
		return Obtained{}, ctx.Err()
	case limited.Err() != nil:
		return Obtained{}, unreachable("order", journal.URL(), "the CA did not come to an end within 30 minutes",
			"try again later; the next attempt goes on with the same order")
	case journal.URL() != "" && isEnd(err):
		return Obtained{}, joined(err, journal.SetURL(""))
	}
	return Obtained{}, err
}

// attempt is one Obtain.
type attempt struct {
	*Client
	wanted     Wanted
	journal    Journal
	challenges Challenges
	replaces   string // what the order says that it replaces
	agreed     bool   // the order says until when the certificate is to be valid
	methods    map[acmecore.Name]acmecore.Method
}

func (a *attempt) run(ctx context.Context) (chain, error) {
	if a.acme.KID == "" {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "order at", Subject: a.target,
			Cause: errors.New("there is no account"), Hint: "make one first: wcme register"}
	}
	if err := a.wanted.checkRequest(a.acme.Key.Public()); err != nil {
		return nil, err
	}
	authority, err := a.Discover(ctx)
	if err != nil {
		return nil, err
	}
	order, err := a.open(ctx, authority)
	if err != nil {
		return nil, err
	}
	a.agreed = !order.NotAfter.IsZero()
	return a.complete(ctx, order)
}

// complete takes the order through its states (RFC 8555 section 7.1.6).
func (a *attempt) complete(ctx context.Context, order *acme.Order) (chain, error) {
	switch order.Status {
	case acme.StatusInvalid:
		return nil, a.refusedOrder(order, order.URI)
	case acme.StatusPending:
		withdraw, err := a.authorize(ctx, order)
		defer withdraw(ctx) // not before the order has ended: a CA looks from several places
		if err != nil {
			return nil, err
		}
	}
	certificate, err := a.issue(ctx, order)
	if err != nil {
		return nil, err
	}
	return a.download(ctx, order.URI, certificate)
}
