package order

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// Wanted is the certificate to obtain.
type Wanted struct {
	Names   []acmecore.Name // 1 to acmecore.MaxNames
	Key     crypto.Signer   // the certificate's; never the account's
	Profile string          // of the CA; "" leaves the choice to it
}

// Journal keeps the URL of the order in flight.
type Journal interface {
	// URL returns the URL kept; "" when there is none.
	URL() string
	// SetURL keeps the URL; when it returns nil the URL is on disk. "" means
	// that the order has ended and nothing of it can be used.
	SetURL(url string) error
}

// Challenges makes http-01 challenges answerable to the world.
type Challenges interface {
	// Publish returns nil when the challenge can be answered.
	Publish(token acmecore.Token, authorization string) error
	// Withdraw removes it; that there is none is no error.
	Withdraw(token acmecore.Token) error
}

// attemptTime bounds an attempt, so that no CA can keep a run for ever.
const attemptTime = 30 * time.Minute

// Obtain takes the order from its names to the chain, DER with the leaf first,
// which was checked against what was wanted. It goes on with the order that the
// journal has, if that can still be used. When it returns, no challenge of its
// is published any more.
//
// Errors are of kind Refused (a RefusedError in the chain says which name and
// what the CA said), Limited (a LimitedError says until when), Unreachable or
// Internal.
func (c *Client) Obtain(ctx context.Context, wanted Wanted, journal Journal, challenges Challenges) (chain [][]byte, err error) {
	limited, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	attempt := &attempt{Client: c, wanted: wanted, journal: journal, challenges: challenges}
	chain, err = attempt.run(limited)
	if ended := new(endedError); errors.As(err, &ended) {
		err = errors.Join(ended.error, journal.SetURL(""))
	}
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return nil, &acmecore.Error{Kind: acmecore.Unreachable, Op: "order", Subject: journal.URL(), Cause: errAttemptTime,
			Hint: "try again; the next attempt goes on with the same order"}
	}
	return chain, err
}

// attempt is one Obtain.
type attempt struct {
	*Client
	wanted     Wanted
	journal    Journal
	challenges Challenges
}

// endedError marks an error after which the order cannot be used any more.
type endedError struct{ error }

func (e *endedError) Unwrap() error { return e.error }

func (a *attempt) run(ctx context.Context) ([][]byte, error) {
	order, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return a.complete(ctx, order)
}

// open returns the journal's order, or places a new one and keeps its URL.
func (a *attempt) open(ctx context.Context) (*acme.Order, error) {
	if url := a.journal.URL(); url != "" {
		order, err := a.resume(ctx, url)
		if order != nil || err != nil {
			return order, err
		}
	}
	return a.place(ctx)
}

// resume fetches the journal's order; nil without an error when it has ended.
func (a *attempt) resume(ctx context.Context, url string) (*acme.Order, error) {
	order, err := a.acme.GetOrder(ctx, url)
	switch {
	case isGone(err):
		a.steps.did("order", url, "the CA knows it no more")
	case err != nil:
		return nil, a.explain(err, "fetch order", url)
	case order.Status == acme.StatusInvalid || !sameNames(order, a.wanted.Names):
		a.steps.did("order", url, "it cannot be used any more")
	default:
		order.URI = url
		a.steps.did("order", url, "going on where it was left")
		return order, nil
	}
	return nil, a.journal.SetURL("")
}

// place sends newOrder, once (RFC 8555 section 7.4).
func (a *attempt) place(ctx context.Context) (*acme.Order, error) {
	var options []acme.OrderOption
	if a.wanted.Profile != "" {
		options = append(options, acme.WithOrderIssuanceProfile(acme.ProfileName(a.wanted.Profile)))
	}
	// Before the one request that may be sent, so that it is not the directory's.
	if _, err := a.Discover(ctx); err != nil {
		return nil, err
	}
	answer := &exchange{once: true}
	order, err := a.acme.AuthorizeOrder(withExchange(ctx, answer), acme.DomainIDs(texts(a.wanted.Names)...), options...)
	if err != nil {
		return nil, a.explain(err, "place order at", a.target)
	}
	if order.URI == "" || order.FinalizeURL == "" || len(order.AuthzURLs) == 0 {
		return nil, a.explain(errors.New("the CA's answer is no order"), "place order at", a.target)
	}
	if err := a.journal.SetURL(order.URI); err != nil {
		return nil, err
	}
	a.steps.did("order", order.URI, fmt.Sprintf("placed for %d names", len(a.wanted.Names)))
	return order, nil
}

// complete takes the order through its states (RFC 8555 section 7.1.6).
func (a *attempt) complete(ctx context.Context, order *acme.Order) ([][]byte, error) {
	if order.Status == acme.StatusPending {
		withdraw, err := a.authorize(ctx, order)
		defer withdraw() // not before the order has ended: a CA looks from several places
		if err != nil {
			return nil, err
		}
		if order, err = a.await(ctx, order, acme.StatusPending); err != nil {
			return nil, err
		}
	}
	if order.Status == acme.StatusReady {
		if err := a.finalize(ctx, order); err != nil {
			return nil, err
		}
	}
	order, err := a.await(ctx, order, acme.StatusReady, acme.StatusProcessing)
	if err != nil {
		return nil, err
	}
	return a.download(ctx, order)
}

// await polls the order until it is in another state than those named.
func (a *attempt) await(ctx context.Context, order *acme.Order, while ...string) (*acme.Order, error) {
	url := order.URI
	err := a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		latest, err := a.acme.GetOrder(ctx, url)
		if err != nil {
			return false, a.explain(err, "look at order", url)
		}
		latest.URI, order = url, latest
		return !slices.Contains(while, order.Status), nil
	})
	switch {
	case isGone(err):
		return nil, &endedError{err}
	case err != nil:
		return nil, err
	case order.Status == acme.StatusReady, order.Status == acme.StatusProcessing, order.Status == acme.StatusValid:
		return order, nil
	}
	return nil, &endedError{a.refusedOrder(order)}
}

// finalize sends the certificate signing request (RFC 8555 section 7.4). The
// library would then wait in its own way: it is stopped after the one request.
func (a *attempt) finalize(ctx context.Context, order *acme.Order) error {
	request, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{DNSNames: texts(a.wanted.Names)}, a.wanted.Key)
	if err != nil {
		return fmt.Errorf("make certificate signing request: %w", err)
	}
	answer := &exchange{once: true}
	_, _, err = a.acme.CreateCertFromOrder(withExchange(ctx, answer), order, request, true)
	if err != nil && !errors.Is(err, errSpent) && !isNotReady(err) {
		return a.explain(err, "finalize order", order.URI)
	}
	a.steps.did("finalize", order.URI, "sent the certificate signing request")
	return nil
}

// download fetches the chain and checks it.
func (a *attempt) download(ctx context.Context, order *acme.Order) (chain [][]byte, err error) {
	err = a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		chain, err = a.fetch(ctx, order.CertURL)
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	if err := a.check(chain); err != nil {
		return nil, &endedError{err}
	}
	a.steps.did("certificate", order.CertURL, fmt.Sprintf("%d certificates", len(chain)))
	return chain, nil
}

// fetch downloads the chain. The library refuses one of more than five
// certificates, which some CAs send; its text is read here then.
func (a *attempt) fetch(ctx context.Context, url string) ([][]byte, error) {
	chain, err := a.acme.FetchCert(ctx, url, true)
	if err == nil {
		return chain, nil
	}
	if text := exchangeOf(ctx).body; text != nil {
		if chain, err := parseChain(text); err == nil {
			return chain, nil
		}
	}
	return nil, a.explain(err, "download certificate", url)
}

func sameNames(order *acme.Order, names []acmecore.Name) bool {
	have := make([]string, 0, len(order.Identifiers))
	for _, identifier := range order.Identifiers {
		have = append(have, identifier.Value)
	}
	want := texts(names)
	slices.Sort(have)
	slices.Sort(want)
	return slices.Equal(have, want)
}

func texts(names []acmecore.Name) []string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, string(name))
	}
	return list
}
