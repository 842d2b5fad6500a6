package order

import (
	"context"
	"crypto"
	"errors"
	"net/http"

	"wcme/acmecore"
)

const opRollOver = "change the key of account"

// RollOver gives the account another key (RFC 8555 section 7.3.5). The request is sent
// once; after an error nobody knows which key is in force, and Find tells: what stands
// before the CA may refuse what the CA has done.
func (c *Client) RollOver(ctx context.Context, key crypto.Signer) error {
	defer c.acme.HTTPClient.CloseIdleConnections()
	account := string(c.acme.KID)
	if err := c.canRollOver(ctx, account); err != nil {
		return err
	}
	status := 0
	err := c.once(ctx, opRollOver, account, func(ctx context.Context) error {
		err := c.acme.AccountKeyRollover(ctx, key)
		status = exchangeOf(ctx).status
		return err
	})
	switch {
	case status == http.StatusNotImplemented:
		return cannotRollOver(account, err)
	case status == http.StatusConflict:
		return &acmecore.Error{Kind: acmecore.Refused, Op: opRollOver, Subject: account,
			Cause: errors.New("the new key has an account there already"), Hint: "say it again: another key is made"}
	case err != nil:
		return err
	}
	c.transport.key = key
	c.steps.did("account", account, "the CA knows it by the new key")
	return nil
}

// canRollOver tells whether the CA's directory leads to where that is asked for.
func (c *Client) canRollOver(ctx context.Context, account string) error {
	if _, err := c.Discover(ctx); err != nil {
		return err
	}
	directory, err := c.acme.Discover(ctx) // it is known by now
	if err != nil {
		return c.explainDirectory(err)
	}
	if directory.KeyChangeURL == "" {
		return cannotRollOver(account, errors.New("its directory has no keyChange (RFC 8555 section 7.1.1)"))
	}
	return nil
}

func cannotRollOver(account string, why error) error {
	return &acmecore.Error{Kind: acmecore.Refused, Op: opRollOver, Subject: account,
		Cause: joined(errors.New("this CA cannot change the keys of accounts"), bare(why)),
		Hint:  "the account keeps its key; wcme register --new makes another account, with a key of its own"}
}

// bare is the cause of an error that says once more what was done to what.
func bare(err error) error {
	if told := new(Problem); errors.As(err, &told) {
		return told
	}
	return err
}
