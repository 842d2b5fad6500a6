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
		latest, err := a.lookAt(ctx, "look at order", order.URI)
		if err != nil {
			return false, err
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

const opFinalize = "finalize order"

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
		return a.explain(err, opFinalize, order.URI)
	case !isObject(answer.body):
		return unreachable(opFinalize, order.URI, "the CA's answer is no order", hintTrouble)
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
func (a *attempt) download(ctx context.Context, order, url string) (chain, error) {
	var der [][]byte
	var links []string
	var text []byte
	err := a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		der, err = a.fetch(ctx, url)
		answer := exchangeOf(ctx)
		links, text = answer.links, answer.body
		return err == nil, err
	})
	if err != nil {
		return nil, delivered(err, order, url, text)
	}
	chain, err := checkChain(der, a.wanted, a.now())
	if err == nil {
		err = a.checkLife(chain[0])
	}
	if err != nil {
		return nil, delivered(a.unfit(err), order, url, text)
	}
	a.steps.did("certificate", url, acmecore.Counted(len(chain), "certificate", "certificates"))
	a.tellDropped(chain[0])
	return a.preferred(ctx, url, chain, links)
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
	switch {
	case errors.As(err, new(*unreadable)):
		return nil, unreachable("download certificate", url, "the CA's answer cannot be read: "+err.Error(), hintTrouble)
	case err != nil:
		return nil, a.unfit(err)
	}
	return chain, nil
}
