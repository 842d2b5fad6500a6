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
	// sections 4.1 and 5); "" for none.
	Replaces string
	// Validity is how long it shall be valid, from when it is ordered on; 0 leaves that
	// to the CA, and few let anybody choose (RFC 8555 section 7.4).
	Validity time.Duration
	// Chain names an issuer of the chain wanted out of those that the CA offers, by its
	// common name or the SHA-256 fingerprint of its certificate, hexadecimal; "" takes
	// the first chain (RFC 8555 section 7.4.2).
	Chain string
	// MustStaple asks for the extension of RFC 7633.
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

// Obtain takes the order from its names to the chain, DER with the leaf first,
// which was checked against what was wanted. It goes on with the order that the
// journal has, if that can still be used. When it returns, no challenge of its
// is published any more.
//
// Errors are of kind Refused (a RefusedError in the chain says which name and
// what the CA said), Limited (a LimitedError says until when), Unreachable,
// Invalid (no account, no such profile) or Internal. After one of kind Refused
// the journal has no URL any more, unless it is the account that the CA has
// something against: the order would come to the same end each time.
func (c *Client) Obtain(ctx context.Context, wanted Wanted, journal Journal, challenges Challenges) (chain [][]byte, err error) {
	defer c.acme.HTTPClient.CloseIdleConnections()
	limited, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	attempt := &attempt{Client: c, wanted: wanted, journal: journal, challenges: challenges}
	chain, err = attempt.run(limited)
	switch {
	case err == nil:
		return chain, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, unreachable("order", journal.URL(), "the CA did not come to an end within 30 minutes",
			"try again later; the next attempt goes on with the same order")
	case journal.URL() != "" && isEnd(err):
		return nil, joined(err, journal.SetURL(""))
	}
	return nil, err
}

// attempt is one Obtain.
type attempt struct {
	*Client
	wanted     Wanted
	journal    Journal
	challenges Challenges
}

func (a *attempt) run(ctx context.Context) ([][]byte, error) {
	if a.acme.KID == "" {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "order at", Subject: a.target,
			Cause: errors.New("there is no account"), Hint: "make one first: wcme register"}
	}
	authority, err := a.Discover(ctx)
	if err != nil {
		return nil, err
	}
	order, err := a.open(ctx, authority)
	if err != nil {
		return nil, err
	}
	return a.complete(ctx, order)
}

// complete takes the order through its states (RFC 8555 section 7.1.6).
func (a *attempt) complete(ctx context.Context, order *acme.Order) ([][]byte, error) {
	if order.Status == acme.StatusPending {
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
	return a.download(ctx, certificate)
}
