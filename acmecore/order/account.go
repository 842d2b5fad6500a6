package order

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// Binding binds the account to one that the user has at the CA by other means
// (RFC 8555 section 7.3.4), HS256.
type Binding struct {
	KeyID string
	Key   []byte // the HMAC key
}

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
	wanted := &acme.Account{Contact: mailto(contact)}
	if binding != nil {
		wanted.ExternalAccountBinding = &acme.ExternalAccountBinding{KID: binding.KeyID, Key: binding.Key}
	}
	existing, err := c.register(ctx, wanted)
	if err != nil && binding != nil && isType(err, "unauthorized") {
		return acmecore.Account{}, &acmecore.Error{Kind: acmecore.Refused, Cause: err,
			Hint: "are eab_kid and eab_key of its [authority.NAME] in wcme.toml those that the CA gave you?"}
	}
	if err != nil {
		return acmecore.Account{}, err
	}
	account := acmecore.Account{Directory: c.target, URL: string(c.acme.KID), Terms: authority.Terms,
		Contact: contact, Existing: existing}
	c.steps.did("account", account.URL, registrationText(existing))
	return account, nil
}

// register sends newAccount, once (RFC 8555 section 7.3). The library keeps the
// account's URL.
func (c *Client) register(ctx context.Context, wanted *acme.Account) (existing bool, err error) {
	const op = "register at"
	var registered *acme.Account
	err = c.once(ctx, op, c.target, func(ctx context.Context) (err error) {
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
		return false, unreachable(op, c.target, "the CA's answer has no URL of the account (RFC 8555 section 7.3)", hintTellCA)
	case !existing && registered.Status != acme.StatusValid && registered.Status != "":
		return false, &acmecore.Error{Kind: acmecore.Refused, Op: op, Subject: c.target,
			Cause: fmt.Errorf("the account is %q", acmecore.Inert(registered.Status)), Hint: "wcme register --new makes another"}
	}
	return existing, nil
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

func checkBinding(authority acmecore.Authority, binding *Binding) error {
	refused := &acmecore.Error{Kind: acmecore.Refused, Op: "register at", Subject: authority.Directory, Hint: hintForProblem("externalAccountRequired", acmecore.Refused)}
	switch {
	case binding == nil && authority.ExternalAccount:
		refused.Cause = errors.New("it binds each account to one that you have there already")
		return refused
	case binding != nil && len(binding.Key) == 0:
		refused.Kind, refused.Cause = acmecore.Invalid, errors.New("the HMAC key of the external account binding is empty")
		return refused
	}
	return nil
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
