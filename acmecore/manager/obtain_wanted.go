package manager

import (
	"cmp"
	"crypto/x509"
	"errors"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/order"
	"wcme/acmecore/schedule"
	"wcme/acmecore/store"
)

// wanted is what is ordered with the account: what the record says, for the key of the
// journal.
func (m *Manager) wanted(p *plan, account acmecore.Account, journal *store.Journal) order.Wanted {
	return order.Wanted{
		Names:      p.names,
		Key:        journal.Key(),
		Request:    p.requestDER(),
		Profile:    p.record.Profile,
		Replaces:   m.predecessor(p, account),
		Validity:   p.record.Validity.Duration,
		Chain:      cmp.Or(p.record.Chain, p.authority.Chain),
		MustStaple: p.record.MustStaple,
	}
}

// issued says how the certificate came to be.
func (m *Manager) issued(p *plan, account acmecore.Account, journal *store.Journal, obtained order.Obtained) acmecore.Issue {
	return acmecore.Issue{CA: p.ca, Directory: account.Directory, Account: account.URL, Order: journal.URL(),
		Profile: p.record.Profile, Replaces: obtained.Replaces, Methods: obtained.Methods, At: m.now().UTC()}
}

// predecessor identifies the certificate that the one to be ordered takes the place of
// (RFC 9773 sections 4.1 and 5): the current version, where the same account has ordered
// it at the same CA, for one of the names; "" where there is none. CAs exempt such an
// order from limits.
func (m *Manager) predecessor(p *plan, account acmecore.Account) string {
	issue, err := m.root.Issue(p.id, "")
	if err != nil || issue.Directory != account.Directory || issue.Account != account.URL {
		if err != nil && acmecore.KindOf(err) != acmecore.NotFound {
			m.log.Warn("it is not known who has issued a certificate, so that no other one replaces it", "certificate", p.id, "error", err)
		}
		return ""
	}
	leaf, err := m.leafNow(p.id)
	if err != nil || !slices.ContainsFunc(p.names, func(name acmecore.Name) bool { return isFor(leaf, name) }) {
		return ""
	}
	id, err := schedule.CertificateID(leaf)
	if err != nil {
		return ""
	}
	return id
}

// leafNow is the current version's certificate.
func (m *Manager) leafNow(id acmecore.ID) (*x509.Certificate, error) {
	chain, _, err := m.root.Chain(id)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, errors.New("its file holds no certificate")
	}
	return x509.ParseCertificate(chain[0])
}
