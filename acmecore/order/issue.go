package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// issue takes an order whose names are all proved to its end, and returns the
// certificate's URL. It asks for the certificate when the order says that it may
// be asked for: a request whose answer was lost is so sent again only if the CA
// has not heard it.
func (a *attempt) issue(ctx context.Context, order *acme.Order) (certificate string, err error) {
	asked := false
	err = a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		latest, err := a.acme.GetOrder(ctx, order.URI)
		if err != nil {
			return false, a.explain(err, "look at order", order.URI)
		}
		switch latest.Status {
		case acme.StatusPending, acme.StatusProcessing:
			return false, nil
		case acme.StatusReady:
			if !asked {
				err = a.finalize(ctx, order)
			}
			asked = asked || err == nil
			return false, err
		case acme.StatusValid:
			certificate = latest.CertURL
			return true, nil
		}
		return false, a.refusedOrder(latest, order.URI)
	})
	if err == nil && certificate == "" {
		err = &acmecore.Error{Kind: acmecore.Refused, Op: "order", Subject: order.URI,
			Cause: errors.New("the CA says that it is valid, and not where the certificate is"), Hint: hintTellCA}
	}
	return certificate, err
}

// finalize sends the certificate signing request (RFC 8555 section 7.4).
func (a *attempt) finalize(ctx context.Context, order *acme.Order) error {
	request, err := a.wanted.request()
	if err != nil {
		return fmt.Errorf("make certificate signing request: %w", err)
	}
	answer := &exchange{once: true, last: true} // the library would then wait in its own way
	_, _, err = a.acme.CreateCertFromOrder(withExchange(ctx, answer), order, request, true)
	exchangeOf(ctx).retryAfter = answer.retryAfter
	switch {
	case answer.body == nil:
		return a.explain(err, "finalize order", order.URI)
	case !isObject(answer.body):
		return unreachable("finalize order", order.URI, "the CA's answer is no order", hintTrouble)
	}
	a.steps.did("finalize", order.URI, "sent the certificate signing request")
	return nil
}

// isObject tells whether an answer has a status, as all objects of ACME have.
func isObject(text []byte) bool {
	var object struct{ Status string }
	return json.Unmarshal(text, &object) == nil && object.Status != ""
}

// download fetches the chain and checks it.
func (a *attempt) download(ctx context.Context, url string) (chain [][]byte, err error) {
	err = a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		chain, err = a.fetch(ctx, url)
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	if err := checkChain(chain, a.wanted, a.now()); err != nil {
		return nil, a.unfit(err)
	}
	a.steps.did("certificate", url, count(len(chain), "certificate"))
	return chain, nil
}

// fetch downloads the chain. Its text is read here: the library refuses one of
// more than five certificates, which some CAs send.
func (a *attempt) fetch(ctx context.Context, url string) ([][]byte, error) {
	_, err := a.acme.FetchCert(ctx, url, true)
	text := exchangeOf(ctx).body
	if text == nil {
		return nil, a.explain(err, "download certificate", url)
	}
	chain, err := parseChain(text)
	if err != nil {
		return nil, a.unfit(&unreadable{err})
	}
	return chain, nil
}

// unfit says that what was delivered is not what was ordered.
func (a *attempt) unfit(cause error) error {
	hint := "the CA delivered something else than was ordered, which was not kept; if it does so again, tell the CA"
	if errors.As(cause, new(*untimely)) {
		hint = "is the clock of this host right? the certificate was not kept"
	}
	return &acmecore.Error{Kind: acmecore.Refused, Op: "check certificate of", Subject: string(a.wanted.Names[0]), Cause: cause, Hint: hint}
}
