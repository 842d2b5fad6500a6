package order

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// Register makes an account for the client's key, or finds the one that the key
// has. contact is a list of mail addresses. terms is the URL of the terms of
// service that the user agreed to; when the CA has others, the account is not
// made and the error, of kind Refused, shows them. The result's CA and Created
// are left to the caller.
func (c *Client) Register(ctx context.Context, contact []string, terms string, binding *Binding) (acmecore.Account, error) {
	defer c.acme.HTTPClient.CloseIdleConnections()
	authority, err := c.Discover(ctx)
	if err != nil {
		return acmecore.Account{}, err
	}
	if err := joined(CheckTerms(authority, terms), checkBinding(authority, binding)); err != nil {
		return acmecore.Account{}, err
	}
	existing, err := c.register(ctx, &acme.Account{Contact: mailto(contact)}, binding)
	if err != nil && binding != nil && isType(err, "unauthorized") {
		return acmecore.Account{}, &acmecore.Error{Kind: acmecore.Refused, Cause: err,
			Hint: "are the key identifier and the HMAC key (eab_kid and eab_key of its [authority.NAME] in wcme.toml) those that the CA gave you, and not used up?"}
	}
	if err != nil {
		return acmecore.Account{}, err
	}
	account := acmecore.Account{Directory: c.target, URL: string(c.acme.KID), Status: acme.StatusValid, Terms: authority.Terms,
		Contact: contact, Existing: existing}
	c.steps.did("account", account.URL, registrationText(existing))
	return account, nil
}

// register sends newAccount, once (RFC 8555 section 7.3). The library keeps the
// account's URL.
func (c *Client) register(ctx context.Context, wanted *acme.Account, binding *Binding) (existing bool, err error) {
	const op = "register at"
	var registered *acme.Account
	err = c.once(ctx, op, c.target, func(ctx context.Context) (err error) {
		if binding != nil {
			exchangeOf(ctx).payload = binding.bindTo
		}
		registered, err = c.acme.Register(ctx, wanted, acme.AcceptTOS)
		if existing = errors.Is(err, acme.ErrAccountAlreadyExists); existing {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return false, err
	case c.admit(string(c.acme.KID)) != nil:
		return false, c.noURL(op)
	case !existing && registered.Status != acme.StatusValid && registered.Status != "":
		return false, &acmecore.Error{Kind: acmecore.Refused, Op: op, Subject: c.target,
			Cause: fmt.Errorf("the account is %q", acmecore.Inert(registered.Status)), Hint: "wcme register --new makes another"}
	}
	return existing, nil
}

// noURL says that the CA's answer does not lead to an account.
func (c *Client) noURL(op string) error {
	return unreachable(op, c.target, "the CA's answer has no URL of the account (RFC 8555 section 7.3)", hintTellCA)
}

// Find returns the URL of the account that the client's key has; found is false where it
// has none (RFC 8555 section 7.3.1). The error is of kind Refused where the account is
// not in force any more.
func (c *Client) Find(ctx context.Context) (account string, found bool, err error) {
	defer c.acme.HTTPClient.CloseIdleConnections()
	if _, err := c.Discover(ctx); err != nil {
		return "", false, err
	}
	const op = "look for the account of a key at"
	var known *acme.Account
	none := false
	err = c.once(ctx, op, c.target, func(ctx context.Context) (err error) {
		known, err = c.acme.GetReg(ctx, "")
		if none = errors.Is(err, acme.ErrNoAccount); none {
			return nil
		}
		return err
	})
	switch {
	case err != nil, none:
		return "", false, err
	case c.admit(known.URI) != nil:
		return "", false, c.noURL(op)
	}
	return known.URI, true, nil
}

const opLook = "look at account"

// Account asks the CA for the client's account as it is there: its status, "valid" or
// "deactivated" or "revoked", and its contacts (RFC 8555 section 7.1.2). The result's CA,
// Terms and Created are left to the caller.
func (c *Client) Account(ctx context.Context) (acmecore.Account, error) {
	defer c.acme.HTTPClient.CloseIdleConnections()
	if _, err := c.Discover(ctx); err != nil {
		return acmecore.Account{}, err
	}
	// The library has no other request to an account's URL than an update, which becomes
	// a POST-as-GET here.
	account, err := c.change(ctx, opLook, func(header, []byte) ([]byte, error) { return nil, nil })
	if err == nil {
		c.steps.did("account", account.URL, "the CA says that it is "+account.Status)
	}
	return account, err
}

// change sends the payload to the account's URL, once (RFC 8555 section 7.3.2).
func (c *Client) change(ctx context.Context, op string, payload payloadOf) (acmecore.Account, error) {
	var known *acme.Account
	err := c.once(ctx, op, string(c.acme.KID), func(ctx context.Context) (err error) {
		exchangeOf(ctx).payload = payload
		known, err = c.acme.UpdateReg(ctx, &acme.Account{})
		return err
	})
	if err != nil {
		return acmecore.Account{}, err
	}
	account := acmecore.Account{Directory: c.target, URL: string(c.acme.KID), Status: acmecore.Inert(known.Status), Existing: true}
	for _, contact := range known.Contact {
		account.Contact = append(account.Contact, strings.TrimPrefix(acmecore.Inert(contact), "mailto:"))
	}
	if account.Status == "" { // RFC 8555 section 7.1.2 wants one
		return acmecore.Account{}, unreachable(op, account.URL, "the CA's answer is no account", hintTellCA)
	}
	return account, nil
}

// CheckTerms returns an error of kind Refused when the CA has terms of service
// other than those that the user agreed to, by their URL.
func CheckTerms(authority acmecore.Authority, agreed string) error {
	if authority.Terms == "" || authority.Terms == agreed {
		return nil
	}
	refused := &acmecore.Error{Kind: acmecore.Refused, Op: "register at", Subject: authority.Directory,
		Cause: fmt.Errorf("its terms of service are not agreed to: %s", authority.Terms),
		Hint:  "read them, then say so: wcme register --accept-terms, or accept_terms = true in wcme.toml"}
	if agreed != "" {
		refused.Cause = fmt.Errorf("its terms of service are other ones than those agreed to: %s", authority.Terms)
	}
	return refused
}

// IsActionRequired tells whether the CA waits for somebody to do something about the
// account, most often to agree to new terms of service (RFC 8555 section 7.3.3).
func IsActionRequired(err error) bool { return isType(err, "userActionRequired") }

// IsUnauthorized tells whether the CA has refused a request, and no name, as one that the
// account may not make.
func IsUnauthorized(err error) bool {
	return isType(err, "unauthorized") && !errors.As(err, new(*RefusedError))
}

func registrationText(existing bool) string {
	if existing {
		return "the key has this account already"
	}
	return "registered"
}

func mailto(addresses []string) (urls []string) {
	for _, address := range addresses {
		urls = append(urls, "mailto:"+address)
	}
	return urls
}
