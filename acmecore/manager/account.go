package manager

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/order"
)

// accountWork is one deed done to an account at a CA.
type accountWork struct {
	*Manager
	request   control.AccountAtCARequest
	name      string // of the authority
	authority config.Authority
	account   acmecore.Account // as it is kept
	key       crypto.Signer
	client    *order.Client
	report    acmecore.Progress
}

// AccountAtCA implements control.Operations.
func (m *Manager) AccountAtCA(ctx context.Context, request control.AccountAtCARequest, progress acmecore.Progress) (account acmecore.Account, err error) {
	do := map[control.AccountAtCADeed]func(*accountWork, context.Context) error{
		control.AccountShow: (*accountWork).show, control.AccountUpdate: (*accountWork).update,
		control.AccountRollOver: (*accountWork).rollOver, control.AccountDeactivate: (*accountWork).deactivate,
	}[request.Deed]
	if do == nil {
		return account, &acmecore.Error{Kind: acmecore.Invalid, Op: "account", Cause: fmt.Errorf("%q is nothing that can be done to one", acmecore.Inert(string(request.Deed)))}
	}
	work := func(entry *audit.Entry) (err error) {
		account, err = m.accountAtCA(ctx, request, do, progress, entry)
		return err
	}
	if request.Deed == control.AccountShow {
		return account, work(new(audit.Entry))
	}
	err = m.audited(ctx, "account "+string(request.Deed), acmecore.Inert(request.CA), work)
	return account, err
}

func (m *Manager) accountAtCA(ctx context.Context, request control.AccountAtCARequest, do func(*accountWork, context.Context) error,
	progress acmecore.Progress, entry *audit.Entry) (acmecore.Account, error) {
	name, authority, err := m.Config().Find(request.CA)
	if err != nil {
		return acmecore.Account{}, err
	}
	entry.Subject = name
	release, err := m.busy.Hold(ctx, accountAt(authority))
	if err != nil {
		return acmecore.Account{}, err
	}
	defer release()
	w := &accountWork{Manager: m, request: request, name: name, authority: authority, report: m.steps("account "+string(request.Deed), progress)}
	if err := w.find(ctx); err != nil {
		return acmecore.Account{}, acmecore.InterruptedOr(err, "account at", name)
	}
	entry.Before = accountText(w.account)
	if err := do(w, ctx); err != nil {
		return acmecore.Account{}, acmecore.InterruptedOr(err, "account at", name)
	}
	entry.After = accountText(w.account)
	return w.account, nil
}

// find finds the account, says what is kept of it, and makes a client for it.
func (w *accountWork) find(ctx context.Context) (err error) {
	if w.account, w.key, err = w.inForce(ctx); err != nil {
		return err
	}
	w.account.CA, w.account.Existing = w.name, true
	w.step(w.report, "account", w.account.URL, "as it is kept here: "+accountText(w.account))
	w.client, err = w.Manager.client(w.authority, order.Options{Key: w.key, Account: w.account.URL, Progress: w.report})
	return err
}

// inForce is the account as it is kept, after the end of a rollover that was interrupted.
func (w *accountWork) inForce(ctx context.Context) (acmecore.Account, crypto.Signer, error) {
	account, key, err := w.Manager.account(w.authority)
	if err != nil {
		return account, key, err
	}
	return w.settleRollover(ctx, w.authority, account, key, w.report)
}

// accountText is what can change of an account, for the audit and for people.
func accountText(account acmecore.Account) string {
	contact, terms := "none", "none"
	if len(account.Contact) > 0 {
		contact = strings.Join(account.Contact, ", ")
	}
	if account.Terms != "" {
		terms = account.Terms
	}
	text := fmt.Sprintf("%s, contact %s, terms %s", account.URL, contact, terms)
	if account.Status != "" {
		text += ", " + account.Status
	}
	return text
}

// show asks the CA.
func (w *accountWork) show(ctx context.Context) error {
	known, err := w.client.Account(ctx)
	if err != nil {
		return w.refused(err)
	}
	return w.keep(known)
}

// keep keeps what the CA says of the account, where that is anything new. What it wanted
// of somebody is taken for done: it says so again if it is not.
func (w *accountWork) keep(known acmecore.Account) error {
	changed := known.Status != w.account.Status || !slices.Equal(known.Contact, w.account.Contact)
	w.account.Status, w.account.Contact, w.account.Trouble = known.Status, known.Contact, acmecore.Failure{}
	if !changed {
		return w.root.ForgetAccountTrouble(w.account.Directory)
	}
	return w.root.ReplaceAccount(w.account, w.key)
}

// update gives the account other contacts, and agrees to terms.
func (w *accountWork) update(ctx context.Context) error {
	contact, agree := w.account.Contact, w.request.Terms != ""
	if w.request.Contact == nil && !agree {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "update account at", Subject: w.name, Cause: errors.New("nothing is to be changed"),
			Hint: "say what: --contact ADDRESS, --contact none, or --accept-terms"}
	}
	if w.request.Contact != nil {
		var err error
		if contact, err = addresses(w.request.Contact); err != nil {
			return err
		}
	}
	if agree {
		answer, err := w.client.Discover(ctx)
		if err == nil {
			err = order.CheckTerms(answer, w.request.Terms)
		}
		if err != nil {
			return err
		}
		w.account.Terms = answer.Terms
	}
	known, err := w.client.Update(ctx, contact, agree)
	if err != nil {
		return w.refused(err)
	}
	w.account.Status, w.account.Contact, w.account.Trouble = known.Status, known.Contact, acmecore.Failure{}
	return w.root.ReplaceAccount(w.account, w.key)
}

// addresses checks mail addresses.
func addresses(texts []string) ([]string, error) {
	checked := []string{}
	for _, text := range texts {
		address, err := config.ParseMail(text)
		if err != nil {
			return nil, err
		}
		checked = append(checked, address.String())
	}
	return checked, nil
}

// deactivate ends the account. It is kept for the record, and nothing uses it any more.
func (w *accountWork) deactivate(ctx context.Context) error {
	w.auditBegun(audit.Entry{Who: control.CallerFrom(ctx), What: "account deactivate", Subject: w.name, Before: accountText(w.account)})
	if err := w.client.Deactivate(ctx); err != nil {
		return w.refused(err)
	}
	w.account.Status, w.account.Trouble = "deactivated", acmecore.Failure{}
	return w.root.ReplaceAccount(w.account, w.key)
}

// refused notes what the CA wants of somebody, where that is why it refuses.
func (w *accountWork) refused(err error) error {
	w.noteReached(w.authority, 0, err)
	return w.troubled(w.account, err)
}
