package order

import (
	"context"
	"crypto"
	"errors"
	"net/http"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// ErrRevoked says that the CA has revoked the certificate earlier.
var ErrRevoked = errors.New("the CA says that it is revoked already")

const opRevoke = "revoke at"

// Revoke has the CA revoke a certificate, DER, which the client's account has ordered. A
// client without an account signs by its key, which is then the certificate's own (RFC
// 8555 section 7.6). The request is sent once. The error is of kind Refused when the CA
// says no; one that was revoked earlier is such an error, with ErrRevoked in it.
func (c *Client) Revoke(ctx context.Context, certificate []byte, reason acmecore.RevocationReason) error {
	defer c.acme.HTTPClient.CloseIdleConnections()
	if err := c.canRevoke(ctx); err != nil {
		return err
	}
	var key crypto.Signer // nil is the account's
	hint := "was it another CA, or another account there, that it was ordered with? --by-key signs by the certificate's own key"
	if c.acme.KID == "" {
		key, hint = c.acme.Key, "is it the key of that certificate, and the CA that has issued it?"
	}
	status := 0
	err := c.once(ctx, opRevoke, c.target, func(ctx context.Context) error {
		err := c.acme.RevokeCert(ctx, key, certificate, acme.CRLReasonCode(reason))
		status = exchangeOf(ctx).status
		return err
	})
	switch {
	case err == nil && status != http.StatusOK: // the library takes an earlier one for a success
		return &acmecore.Error{Kind: acmecore.Refused, Op: opRevoke, Subject: c.target, Cause: ErrRevoked, Hint: "there is nothing left to revoke"}
	case isType(err, "unauthorized"):
		return &acmecore.Error{Kind: acmecore.Refused, Cause: err, Hint: hint}
	case isType(err, "badRevocationReason"):
		return &acmecore.Error{Kind: acmecore.Refused, Cause: err, Hint: "give another reason, or none"}
	case err != nil:
		return err
	}
	c.steps.did("revoke", c.target, "the CA has revoked it")
	return nil
}

// canRevoke tells whether the CA's directory leads to where that is asked for.
func (c *Client) canRevoke(ctx context.Context) error {
	if _, err := c.Discover(ctx); err != nil {
		return err
	}
	directory, err := c.acme.Discover(ctx) // it is known by now
	if err != nil {
		return c.explainDirectory(err)
	}
	if directory.RevokeURL == "" {
		return &acmecore.Error{Kind: acmecore.Refused, Op: opRevoke, Subject: c.target,
			Cause: errors.New("its directory has no revokeCert (RFC 8555 section 7.1.1)"), Hint: hintTellCA}
	}
	return nil
}
