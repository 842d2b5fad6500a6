package order

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

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
		order, err = a.acme.GetOrder(ctx, url)
		return err == nil, a.explain(err, "fetch order", url)
	})
	if err != nil {
		return nil, err
	}
	order.URI = url
	return order, nil
}

// place sends newOrder, once (RFC 8555 section 7.4).
func (a *attempt) place(ctx context.Context, authority acmecore.Authority) (order *acme.Order, err error) {
	var options []acme.OrderOption
	if profile := a.wanted.Profile; profile != "" {
		if err := checkProfile(authority, profile); err != nil {
			return nil, err
		}
		options = append(options, acme.WithOrderIssuanceProfile(acme.ProfileName(profile)))
	}
	err = a.once(ctx, "place order at", a.target, func(ctx context.Context) (err error) {
		order, err = a.acme.AuthorizeOrder(ctx, identifiers(a.wanted.Names), options...)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !a.usable(order) {
		return nil, unreachable("place order at", a.target,
			"the CA's answer is no order of these names (RFC 8555 section 7.1.3)", hintTellCA)
	}
	if err := a.journal.SetURL(order.URI); err != nil {
		return nil, err
	}
	a.steps.did("order", order.URI, fmt.Sprintf("placed for %s", count(len(a.wanted.Names), "name")))
	return order, nil
}

func checkProfile(authority acmecore.Authority, profile string) error {
	if slices.Contains(authority.Profiles, profile) {
		return nil
	}
	cause := fmt.Errorf("the CA has no profile %q; it has %s", acmecore.Inert(profile), strings.Join(authority.Profiles, ", "))
	if len(authority.Profiles) == 0 {
		cause = fmt.Errorf("the CA has no profiles, and %q was asked for", acmecore.Inert(profile))
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "place order at", Subject: authority.Directory,
		Cause: cause, Hint: hintProfile}
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

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
