package manager

import (
	"context"
	"crypto"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/order"
)

// Register implements control.Operations.
func (m *Manager) Register(ctx context.Context, request control.RegisterRequest, progress acmecore.Progress) (account acmecore.Account, err error) {
	err = m.audited(ctx, "register", acmecore.Inert(request.CA), func(entry *audit.Entry) error {
		name, authority, err := m.Config().Find(request.CA)
		if err != nil {
			return err
		}
		entry.Subject = name
		account, err = m.registerAt(ctx, name, authority, request, progress, entry)
		return err
	})
	return account, err
}

func (m *Manager) registerAt(ctx context.Context, name string, authority config.Authority, request control.RegisterRequest,
	progress acmecore.Progress, entry *audit.Entry) (acmecore.Account, error) {
	release, err := m.busy.Hold(ctx, accountAt(authority))
	if err != nil {
		return acmecore.Account{}, err
	}
	defer release()
	account, key, err := m.account(authority)
	entry.Before, entry.After = account.URL, account.URL
	switch {
	case request.New && err == nil: // what the key of the one before is must not be forgotten
		if _, _, err := m.settleRollover(ctx, authority, account, key, m.steps("register", progress)); acmecore.KindOf(err) == acmecore.Unreachable {
			return acmecore.Account{}, err
		}
	case request.New, acmecore.KindOf(err) == acmecore.NotFound:
	case err != nil:
		return acmecore.Account{}, err
	default:
		account.Existing = true
		return account, nil
	}
	account, err = m.register(ctx, authority, request, m.steps("register", progress))
	if err != nil {
		return acmecore.Account{}, acmecore.InterruptedOr(err, "register at", name)
	}
	// A change of the key that could not be ended is the one of the account before.
	if err := m.setAsideRollover(account, m.steps("register", progress)); err != nil {
		return acmecore.Account{}, err
	}
	account.CA, account.Created = name, m.now().UTC()
	entry.After = account.URL
	return account, m.root.KeepAccount(account)
}

// accountAt is what a run holds that makes an account: one CA may have several names.
func accountAt(authority config.Authority) string {
	return "account at " + authority.Directory.String()
}

// account returns the account at the authority, and its key.
func (m *Manager) account(authority config.Authority) (acmecore.Account, crypto.Signer, error) {
	account, key, err := m.root.Account(authority.Directory.String())
	switch {
	case acmecore.KindOf(err) == acmecore.NotFound:
		err = m.sayingWhere(authority, err)
	case err != nil:
		err = &acmecore.Error{Op: "find account at", Subject: authority.Directory.String(), Cause: err,
			Hint: "restore priv/accounts from a backup, or make another account: wcme register --new"}
	}
	return account, key, err
}

// sayingWhere adds to the hint that there is no account, which ends with the command that
// makes one, at which CA: unless that is the one which the command asks by itself.
func (m *Manager) sayingWhere(authority config.Authority, err error) error {
	c, directory := m.Config(), authority.Directory.String()
	if _, usual, usualErr := c.Find(""); usualErr == nil && usual.Directory.String() == directory {
		return err
	}
	name, _, unknown := c.FindDirectory(directory)
	if unknown != nil {
		return err
	}
	return &acmecore.Error{Kind: acmecore.NotFound, Cause: err, Hint: acmecore.HintOf(err) + " --ca " + name}
}

// register registers the pending key. A key that the CA has refused, or that it
// never heard of, is forgotten; one whose registration may have been heard stays
// for the next try.
func (m *Manager) register(ctx context.Context, authority config.Authority, request control.RegisterRequest, progress acmecore.Progress) (acmecore.Account, error) {
	directory := authority.Directory.String()
	contact, err := m.contact(request.Contact)
	if err != nil {
		return acmecore.Account{}, err
	}
	binding, err := m.bindingOf(authority, request)
	if err != nil {
		return acmecore.Account{}, err
	}
	terms, err := m.terms(ctx, authority, request.Terms)
	if err != nil {
		return acmecore.Account{}, err
	}
	key, err := m.root.PendingAccountKey(directory)
	if err != nil {
		return acmecore.Account{}, err
	}
	account, err := m.registerKey(ctx, authority, key, contact, terms, binding, progress)
	switch acmecore.KindOf(err) {
	case acmecore.Refused, acmecore.Limited, acmecore.Invalid:
		return account, errors.Join(err, m.root.DropPendingAccount(directory))
	}
	return account, err
}

func (m *Manager) registerKey(ctx context.Context, authority config.Authority, key crypto.Signer, contact []string,
	terms string, binding *order.Binding, progress acmecore.Progress) (acmecore.Account, error) {
	client, err := m.client(authority, order.Options{Key: key, Progress: progress})
	if err != nil {
		return acmecore.Account{}, err
	}
	account, err := client.Register(ctx, contact, terms, binding)
	m.noteReached(authority, 0, err)
	return account, err
}

// registerAgain registers the key of an account that the CA does not know any more,
// on the terms that were agreed to, unless another run has done so meanwhile.
func (m *Manager) registerAgain(ctx context.Context, authority config.Authority, lost acmecore.Account, key crypto.Signer, progress acmecore.Progress) (acmecore.Account, error) {
	release, err := m.busy.Hold(ctx, accountAt(authority))
	if err != nil {
		return acmecore.Account{}, err
	}
	defer release()
	if account, _, err := m.account(authority); err == nil && account.URL != lost.URL {
		return account, nil
	}
	binding, err := m.binding(authority)
	if err != nil {
		return acmecore.Account{}, err
	}
	account, err := m.registerKey(ctx, authority, key, lost.Contact, lost.Terms, binding, progress)
	if err != nil {
		return acmecore.Account{}, err
	}
	m.log.Warn("the CA did not know the account any more: its key is registered again", "ca", lost.CA, "account", account.URL)
	m.audit(ctx, "register", lost.CA, lost.URL, account.URL, done)
	account.CA, account.Created, account.Existing = lost.CA, m.now().UTC(), false
	return account, m.root.ReplaceAccount(account, key)
}

// terms returns the URL of the terms of service agreed to: the one that the
// request has, or whichever the CA has where the configuration agrees to all.
// It asks before a key is made, so that a CA that cannot be reached leaves no trace.
func (m *Manager) terms(ctx context.Context, authority config.Authority, agreed string) (string, error) {
	client, err := m.client(authority, order.Options{})
	if err != nil {
		return "", err
	}
	answer, err := client.Discover(ctx)
	if err != nil {
		return "", err
	}
	if agreed == "" && m.Config().AcceptTerms {
		agreed = answer.Terms
	}
	return agreed, order.CheckTerms(answer, agreed)
}

// contact returns the addresses of the request, checked, or the configured ones.
func (m *Manager) contact(asked []string) ([]string, error) {
	if len(asked) > 0 {
		return addresses(asked)
	}
	return config.Texts(m.Config().Contact), nil
}

// bindingOf returns the external account binding of the request, or else the configured
// one.
func (m *Manager) bindingOf(authority config.Authority, request control.RegisterRequest) (*order.Binding, error) {
	wrong := &acmecore.Error{Kind: acmecore.Invalid, Op: "register", Hint: "an external account binding is --eab-kid KID and --eab-key-file FILE, with --eab-alg where the CA wants another than HS256"}
	switch {
	case request.EABKeyID == "" && len(request.EABKey) == 0 && request.EABAlgorithm == "":
		return m.binding(authority)
	case request.EABKeyID == "":
		wrong.Cause = errors.New("the key identifier of the external account binding is missing")
		return nil, wrong
	case len(request.EABKey) == 0:
		wrong.Cause = errors.New("the HMAC key of the external account binding is missing")
		return nil, wrong
	}
	var algorithm config.EABAlgorithm
	if request.EABAlgorithm != "" {
		if err := algorithm.UnmarshalText([]byte(request.EABAlgorithm)); err != nil {
			return nil, err
		}
	}
	return &order.Binding{KeyID: request.EABKeyID, Key: request.EABKey, Algorithm: algorithm.String()}, nil
}

// binding returns the external account binding, nil where the CA is given none. Its
// key is in the configuration, or in a file that is read when it is needed.
func (m *Manager) binding(authority config.Authority) (*order.Binding, error) {
	if authority.EABKeyID == "" {
		return nil, nil
	}
	key, err := authority.EABKeyBytes()
	if file := authority.EABKeyFile; file != "" {
		key, err = m.bindingKey(file)
	}
	if err != nil {
		return nil, err
	}
	return &order.Binding{KeyID: authority.EABKeyID, Key: key, Algorithm: authority.EABAlgorithm.String()}, nil
}

func (m *Manager) bindingKey(file string) ([]byte, error) {
	text, err := m.root.Secret(file)
	if err != nil {
		return nil, err
	}
	key, err := config.DecodeEABKey(text)
	if err != nil || len(key) == 0 {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "read eab_key_file", Subject: file,
			Cause: errors.New("what is in it is not base64url"),
			Hint:  "the file has the HMAC key as the CA shows it, and nothing else"}
	}
	return key, nil
}
