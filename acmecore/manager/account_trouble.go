package manager

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/order"
)

// askAgain is how long the CA is left alone that wants something of somebody before it
// does anything for the account.
const askAgain = 24 * time.Hour

// troubled notes what the CA wants of somebody before it does anything for the account,
// where that is what the error says. It returns the error.
func (m *Manager) troubled(account acmecore.Account, err error) error {
	if !order.IsActionRequired(err) && !order.IsUnauthorized(err) {
		return err
	}
	noted := m.root.NoteAccountTrouble(account.Directory, stages{m}.Failure(err))
	return errors.Join(err, noted)
}

// afterOrder explains why an order was refused, where that is because of the account: one
// that waits for somebody, or that is not in force any more, which the CA is asked for.
// After an order that came to a good end nothing is wrong with the account.
func (m *Manager) afterOrder(ctx context.Context, authority config.Authority, account acmecore.Account, key crypto.Signer, err error, report acmecore.Progress) error {
	switch {
	case err == nil && !account.Trouble.At.IsZero():
		if err := m.root.ForgetAccountTrouble(account.Directory); err != nil {
			m.log.Warn("what the CA wanted of somebody is done, and still noted", "ca", account.Directory, "error", err)
		}
		return nil
	case order.IsActionRequired(err):
		return m.troubled(account, err)
	case !order.IsUnauthorized(err):
		return err
	}
	client, failed := m.client(authority, order.Options{Key: key, Account: account.URL, Progress: report})
	if failed != nil {
		return err
	}
	known, asked := client.Account(ctx)
	switch {
	case asked == nil && order.IsDeactivated(known.Status):
		account.Status = known.Status
		return errors.Join(outOfForce(account, err), m.root.ReplaceAccount(account, key))
	case order.IsUnauthorized(asked): // which is how a CA answers for one that is deactivated (RFC 8555 section 7.3.6)
		return m.troubled(account, &acmecore.Error{Kind: acmecore.Refused, Op: "order with account", Subject: account.URL, Cause: err,
			Hint: "it is not in force there any more, or its key is another one; wcme register --new makes another account"})
	}
	return err
}

// outOfForce says what an account's end means.
func outOfForce(account acmecore.Account, err error) error {
	return &acmecore.Error{Kind: acmecore.Refused, Op: "order with account", Subject: account.URL,
		Cause: fmt.Errorf("it is %s: %w", account.Status, err), Hint: "wcme register makes another account"}
}

// untroubled refuses to order by schedule while the CA waits for somebody. A day after it
// has said so, one certificate is ordered, whichever that is, to see whether it still does.
func (m *Manager) untroubled(authority config.Authority) error {
	m.asking.Lock()
	defer m.asking.Unlock()
	account, _, err := m.account(authority)
	if err != nil {
		return nil // which the order says better
	}
	trouble, now := account.Trouble, m.now()
	since := now.Sub(trouble.At)
	if trouble.At.IsZero() || since < 0 {
		return nil
	}
	if since >= askAgain {
		trouble.At = now.UTC()
		return m.root.NoteAccountTrouble(account.Directory, trouble)
	}
	return &acmecore.Error{Kind: trouble.Kind, Cause: errors.New(trouble.Cause),
		Hint: trouble.Hint + "; when it is done: wcme account show, and wcme manage --now"}
}
