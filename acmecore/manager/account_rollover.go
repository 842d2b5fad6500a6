package manager

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/keys"
	"wcme/acmecore/order"
)

// rollOver gives the account another key. The new key is on disk before the CA hears of
// it, and the old one stays in force here until the CA has said which of them it knows.
func (w *accountWork) rollOver(ctx context.Context) error {
	if !w.ordering.TryLock() { // an order would go on with the old key
		return &acmecore.Error{Kind: acmecore.Busy, Op: "change the key of account", Subject: w.account.URL,
			Cause: errors.New("an order or a check is in the works"), Hint: "try again when it has ended"}
	}
	defer w.ordering.Unlock()
	if _, err := w.client.Discover(ctx); err != nil { // no key is made for a CA that cannot be reached
		return err
	}
	key, err := w.root.NewAccountKey(w.account.Directory)
	if err != nil {
		return err
	}
	err = w.client.RollOver(ctx, key)
	w.noteReached(w.authority, 0, err)
	if err == nil {
		w.account.Status, w.key = "valid", key
		return w.root.FinishRollover(w.account)
	}
	// Nobody knows whether the CA has heard of it: what stands before the CA may refuse what
	// the CA has done. Where it can be asked, it is; otherwise whoever uses the account next
	// does.
	account, inForce, asked := w.settleRollover(ctx, w.authority, w.account, w.key, w.report)
	if asked != nil || !keys.Equal(inForce.Public(), key.Public()) {
		return w.troubled(w.account, err)
	}
	w.account, w.key = account, inForce
	w.account.CA, w.account.Existing = w.name, true
	return nil
}

// accountInForce returns the account at the authority and the key that it has there, which
// it asks the CA for after a rollover that was interrupted.
func (m *Manager) accountInForce(ctx context.Context, authority config.Authority, report acmecore.Progress) (acmecore.Account, crypto.Signer, error) {
	account, key, err := m.account(authority)
	if err != nil {
		return account, key, err
	}
	if _, pending, err := m.root.Rollover(account.Directory); err == nil && !pending {
		return account, key, nil
	}
	release, err := m.busy.Hold(ctx, accountAt(authority))
	if err != nil {
		return account, key, err
	}
	defer release()
	if account, key, err = m.account(authority); err != nil { // another run may have done it
		return account, key, err
	}
	return m.settleRollover(ctx, authority, account, key, report)
}

// settleRollover ends a rollover that was interrupted, where there is one: the CA is asked
// for the account of the new key, and then for that of the old one. The new key is
// forgotten only where the CA knows the old one, and says that it does not know the new
// one. Where it knows neither, both stay, and what the old one is used for says so.
func (m *Manager) settleRollover(ctx context.Context, authority config.Authority, account acmecore.Account, key crypto.Signer,
	report acmecore.Progress) (acmecore.Account, crypto.Signer, error) {
	fresh, pending, err := m.root.Rollover(account.Directory)
	switch {
	case err != nil:
		return account, key, m.settleUnreadable(ctx, authority, account, key, err, report)
	case !pending:
		return account, key, nil
	}
	m.step(report, "account", account.URL, "asking the CA which key it knows: a change of it was interrupted")
	url, known, unsaid := m.accountOf(ctx, authority, fresh)
	switch {
	case unsaid != nil && acmecore.KindOf(unsaid) != acmecore.Refused:
		return account, key, unsaid
	case known && url == account.URL:
		m.step(report, "account", account.URL, "it has the new key")
		return account, fresh, m.root.FinishRollover(account)
	}
	_, hadIt, err := m.accountOf(ctx, authority, key)
	switch {
	case err != nil || !hadIt:
		return account, key, cmp.Or(err, unsaid)
	case known || unsaid != nil: // some account may have the new key
		return account, key, m.setAsideRollover(account, report)
	}
	m.step(report, "account", account.URL, "it has the key that it had")
	return account, key, m.root.DropRollover(account.Directory)
}

// settleUnreadable sets a key aside that cannot be read, where the CA knows the account by
// the key that it had.
func (m *Manager) settleUnreadable(ctx context.Context, authority config.Authority, account acmecore.Account, key crypto.Signer,
	unreadable error, report acmecore.Progress) error {
	m.step(report, "account", account.URL, "asking the CA whether it knows the key that it had: the one of an interrupted change cannot be read")
	_, known, err := m.accountOf(ctx, authority, key)
	switch {
	case err != nil:
		return err
	case !known:
		return &acmecore.Error{Op: "use account", Subject: account.URL, Cause: fmt.Errorf("the CA does not know the key that it had, and the new one cannot be read: %w", unreadable),
			Hint: "restore the new one from a backup, or make another account: wcme register --new"}
	}
	return m.setAsideRollover(account, report)
}

// setAsideRollover keeps the new key out of the way of the one that is in force.
func (m *Manager) setAsideRollover(account acmecore.Account, report acmecore.Progress) error {
	aside, err := m.root.SetAsideRollover(account.Directory)
	if err == nil && aside != "" {
		m.step(report, "account", account.URL, "the key of an interrupted change is kept as "+aside)
	}
	return err
}

// accountOf asks the CA for the account of a key.
func (m *Manager) accountOf(ctx context.Context, authority config.Authority, key crypto.Signer) (url string, known bool, err error) {
	client, err := m.client(authority, order.Options{Key: key})
	if err != nil {
		return "", false, err
	}
	url, known, err = client.Find(ctx)
	m.noteReached(authority, 0, err)
	return url, known, err
}
