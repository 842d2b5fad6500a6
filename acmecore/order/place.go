package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// open returns the journal's order, or places a new one and keeps its URL. An
// order to whose URL nothing would be sent is as good as none.
func (a *attempt) open(ctx context.Context, authority acmecore.Authority) (*acme.Order, error) {
	if url := a.journal.URL(); a.admit(url) == nil {
		order, err := a.resume(ctx, url)
		if order != nil || err != nil {
			return order, err
		}
	}
	return a.place(ctx, authority)
}

// resume fetches the journal's order; nil without an error when it has ended.
func (a *attempt) resume(ctx context.Context, url string) (*acme.Order, error) {
	order, err := a.fetchOrder(ctx, url)
	switch {
	case err == nil && order.Status != acme.StatusInvalid && a.usable(order):
		a.steps.did("order", url, "going on where it was left")
		return order, nil
	case err == nil:
		a.steps.did("order", url, "it cannot be used any more")
	case isUnknown(err):
		a.steps.did("order", url, "the CA knows it no more")
	default:
		return nil, err
	}
	return nil, a.journal.SetURL("")
}

// fetchOrder fetches an order, and again when the error can pass.
func (a *attempt) fetchOrder(ctx context.Context, url string) (order *acme.Order, err error) {
	err = a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		order, err = a.lookAt(ctx, "fetch order", url)
		if told := replacedBy(exchangeOf(ctx).body); told == a.wanted.Replaces {
			a.replaces = told
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	order.URI = url
	return order, nil
}

// lookAt fetches an order once. What says of no state is no order (RFC 8555 section
// 7.1.3), and may be one the next time.
func (a *attempt) lookAt(ctx context.Context, op, url string) (*acme.Order, error) {
	order, err := a.acme.GetOrder(ctx, url)
	switch {
	case err != nil:
		return nil, a.explain(err, op, url)
	case order.Status == "":
		return nil, unreachable(op, url, "the CA's answer is no order (RFC 8555 section 7.1.3)", hintTrouble)
	}
	return order, nil
}

// place sends newOrder, once (RFC 8555 section 7.4): a second time only where the CA
// does not take the certificate as the replacement of another one (RFC 9773 section 5).
func (a *attempt) place(ctx context.Context, authority acmecore.Authority) (*acme.Order, error) {
	if err := cmp.Or(checkProfile(authority, a.wanted.Profile), CheckProfile(authority.Directory, a.wanted.Profile, a.wanted.Names)); err != nil {
		return nil, err
	}
	predecessor := a.predecessor()
	order, err := a.newOrder(ctx, predecessor)
	if predecessor != "" && isAboutPredecessor(err, predecessor) {
		a.steps.did("order", a.target, "placing it once more, as the replacement of nothing: "+acmecore.Inert(err.Error()))
		order, err = a.newOrder(ctx, "")
	}
	if err != nil {
		return nil, a.aboutValidity(err)
	}
	if !a.usable(order) {
		return nil, unreachable("place order at", a.target,
			"the CA's answer is no order of these names (RFC 8555 section 7.1.3)", hintTellCA)
	}
	if err := a.journal.SetURL(order.URI); err != nil {
		return nil, err
	}
	a.steps.did("order", order.URI, fmt.Sprintf("placed for %s", acmecore.Counted(len(a.wanted.Names), "name", "names")))
	return order, nil
}

// newOrder sends it once, with the identifier of the certificate that it replaces; "" for
// none.
func (a *attempt) newOrder(ctx context.Context, predecessor string) (order *acme.Order, err error) {
	var options []acme.OrderOption
	if a.wanted.Profile != "" {
		options = append(options, acme.WithOrderIssuanceProfile(acme.ProfileName(a.wanted.Profile)))
	}
	if a.wanted.Validity != 0 {
		options = append(options, acme.WithOrderNotAfter(a.now().UTC().Add(a.wanted.Validity).Truncate(time.Second)))
	}
	answer := &exchange{payload: replacing(predecessor)}
	err = a.onceIn(ctx, answer, "place order at", a.target, func(ctx context.Context) (err error) {
		order, err = a.acme.AuthorizeOrder(ctx, identifiers(a.wanted.Names), options...)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.replaces = predecessor
	if predecessor != "" && replacedBy(answer.created) != predecessor {
		a.steps.did("order", order.URI, "the CA does not say whether it takes it as the replacement of the certificate before")
	}
	return order, nil
}

// aboutValidity says what to try where the CA does not let anybody choose how long a
// certificate is valid.
func (a *attempt) aboutValidity(err error) error {
	problem := new(Problem)
	if a.wanted.Validity == 0 || acmecore.KindOf(err) != acmecore.Refused || !errors.As(err, &problem) {
		return err
	}
	if problem.mentions("notafter", "not after", "notbefore", "not before", "validity", "lifetime") || isType(err, "malformed") {
		return &acmecore.Error{Kind: acmecore.Refused, Cause: err, Hint: hintValidity}
	}
	return err
}

// usable tells whether an order has what it takes to complete it, and is for the
// names wanted.
func (a *attempt) usable(order *acme.Order) bool {
	return a.admit(order.URI) == nil && a.admit(order.FinalizeURL) == nil &&
		len(order.AuthzURLs) > 0 && len(order.AuthzURLs) <= acmecore.MaxNames && sameNames(order, a.wanted.Names)
}

// admit refuses a URL that nothing would be sent to.
func (c *Client) admit(text string) error {
	parsed, err := url.Parse(text)
	if err != nil {
		return err
	}
	return c.transport.admit(parsed)
}
