package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// bringAll brings the certificates of one record into service, one for each kind of key.
// What goes wrong with one keeps no other from it, unless it would go wrong with that,
// too.
func (m *Manager) bringAll(ctx context.Context, plans []*plan, force bool, progress acmecore.Progress) error {
	var failed kindErrors
	for i, p := range plans {
		err := m.bringOne(ctx, p, force, progress)
		if err == nil {
			continue
		}
		failed = append(failed, kindError{p.id, err})
		if concernsAll(err) {
			for _, p := range plans[i+1:] {
				m.step(m.stepsOf(p.id, progress), "certificate", string(p.id), "not tried: it would come to the same end")
			}
			break
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(plans) == 1:
		return failed[0].error
	}
	return &acmecore.Error{Kind: acmecore.KindOf(failed[0].error), Op: "certify", Subject: failed.subject(), Cause: failed, Hint: acmecore.HintOf(failed[0].error)}
}

// bringOne brings one of them into service. Whoever asks holds the one with the record's
// own ID.
func (m *Manager) bringOne(ctx context.Context, p *plan, force bool, progress acmecore.Progress) error {
	if p.id != p.recorded {
		release, err := m.busy.Hold(ctx, string(p.id))
		if err != nil {
			return err
		}
		defer release()
	}
	if err := m.settle(p.id); err != nil && !errors.As(err, new(*damagedError)) {
		return err
	}
	return m.bring(ctx, p, force, progress)
}

// concernsAll tells whether an error is about the names, the CA or the account, and so
// about certificates with whatever kind of key.
func concernsAll(err error) bool {
	return errors.As(err, new(*order.RefusedError)) || errors.As(err, new(*order.LimitedError)) || errors.Is(err, context.Canceled) ||
		acmecore.KindOf(err) == acmecore.Unreachable || acmecore.KindOf(err) == acmecore.Busy || order.IsUnknownAccount(err)
}

// kindErrors are what went wrong with several certificates of one record.
type kindErrors []kindError

type kindError struct {
	id acmecore.ID
	error
}

func (e kindErrors) subject() string {
	texts := make([]string, len(e))
	for i, failed := range e {
		texts[i] = string(failed.id)
	}
	return strings.Join(texts, " ")
}

func (e kindErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	texts := make([]string, len(e))
	for i, failed := range e {
		texts[i] = fmt.Sprintf("%s: %v", failed.id, failed.error)
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors.
func (e kindErrors) Unwrap() (all []error) {
	for _, failed := range e {
		all = append(all, failed.error)
	}
	return all
}

// tellDropped says which certificates are managed no more, because their kind of key is
// not in the record any more.
func (m *Manager) tellDropped(p *plan, progress acmecore.Progress) {
	if len(p.before.Names) == 0 {
		return
	}
	kept := further(m.Config(), p.record)
	for _, kind := range further(m.Config(), p.before) {
		id := besideID(p.id, kind)
		if _, _, err := m.root.Chain(id); slices.Contains(kept, kind) || acmecore.KindOf(err) == acmecore.NotFound {
			continue
		}
		m.step(m.stepsOf(id, progress), "remove", string(id), "it is not managed any more, because "+string(kind)+
			" is no kind of key of its record any more; its keys and versions stay in "+m.root.CertificateDir(id)+", and what servers read stays")
	}
}

// orderInTurn has one certificate of a record ordered at a time: a CA may give the same
// order to whoever asks for the same names, and that ends in one certificate.
func (m *Manager) orderInTurn(ctx context.Context, p *plan) (release func(), err error) {
	if len(m.siblings(p)) == 0 {
		return func() {}, nil
	}
	return m.busy.Hold(ctx, "the orders of "+string(p.recorded))
}

// ownOrder is a journal that takes the order away from the other certificates of its
// record: what they have begun with it, they begin anew.
type ownOrder struct {
	order.Journal
	supersede func(url string) error
}

// SetURL implements order.Journal.
func (o ownOrder) SetURL(url string) error {
	if url != "" {
		if err := o.supersede(url); err != nil {
			return err
		}
	}
	return o.Journal.SetURL(url)
}

func (m *Manager) ownOrder(p *plan, journal order.Journal) order.Journal {
	others := m.siblings(p)
	if len(others) == 0 {
		return journal
	}
	return ownOrder{journal, func(url string) error { return m.root.Supersede(url, others...) }}
}
