package manager

import (
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/order"
	"wcme/acmecore/store"
)

// keepRefused keeps what the CA has delivered where it is not what was ordered, for
// whoever looks into that, and tells where. That it cannot be kept is no other outcome.
func (m *Manager) keepRefused(p *plan, account acmecore.Account, failed error, report acmecore.Progress) {
	unfit := new(order.UnfitError)
	if !errors.As(failed, &unfit) {
		return
	}
	path, err := m.root.PutRefused(p.id, store.Refused{Directory: account.Directory, Account: account.URL, Order: unfit.Order,
		Certificate: unfit.Certificate, Names: p.names, Reason: acmecore.Inert(unfit.Error()), At: m.now().UTC()}, unfit.Delivered)
	if err != nil {
		m.log.Warn("what a CA has delivered, and was refused, is not kept", "certificate", p.id, "error", err)
		return
	}
	m.step(report, "store", string(p.id), "what was delivered is kept at "+path)
}

// dropRefused drops what was kept of an earlier attempt: there is a certificate now.
func (m *Manager) dropRefused(id acmecore.ID) {
	if err := m.root.DropRefused(id); err != nil {
		m.log.Warn("what a CA had delivered, and was refused, is not dropped", "certificate", id, "error", err)
	}
}
