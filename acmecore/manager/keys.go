package manager

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
	"wcme/acmecore/order"
	"wcme/acmecore/store"
)

// imported reads the key that a request brings, and fills in what follows from it: its
// kind, where the request names none, and that it stays at renewals, unless the request
// says otherwise. Whoever brings a key has published it somewhere, or has it elsewhere too.
func (m *Manager) imported(request *control.CertifyRequest, before *config.Certificate) (crypto.Signer, error) {
	if request.PrivateKey == nil {
		return nil, nil
	}
	if before.CSR.String() != "" {
		return nil, unfitKey(errors.New("the certificate is obtained by a request that was made elsewhere, which has its own key"), "leave `csr` out of its record first")
	}
	key, err := keys.Import(request.PrivateKey)
	if err != nil {
		return nil, err
	}
	if why := m.unfit(key.Public()); why != nil {
		return nil, unfitKey(why, "make another key for the certificate")
	}
	kind, wanted := keys.TypeOf(key.Public()), request.Keys
	if wanted == nil {
		if wanted = m.Config().KeysFor(before); len(wanted) == 1 {
			wanted = []acmecore.KeyType{kind}
			request.Keys = wanted
		}
	}
	if !slices.Contains(wanted, kind) {
		return nil, unfitKey(fmt.Errorf("it is of kind %s, and %v is wanted", kind, wanted), "give its own kind as --key, or leave that out")
	}
	if request.ReuseKey == nil {
		stays := true
		request.ReuseKey = &stays
	}
	return key, nil
}

func unfitKey(cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "import key", Cause: cause, Hint: hint}
}

// unfit says why no certificate may have a key; nil where one may. CAs refuse the key of
// an account, and who has the one would have the other (RFC 8555 section 11.1). One that
// others may have proves nothing any more.
func (m *Manager) unfit(public crypto.PublicKey) error {
	switch {
	case m.root.IsAccountKey(public):
		return errors.New("it is the key of an account at a CA, which no certificate may have")
	case m.root.IsCompromised(public):
		return errors.New("a certificate with its key was revoked because others may have that")
	}
	return nil
}

// takesImported tells whether the key that was imported is of the plan's kind.
func (p *plan) takesImported() bool { return keys.TypeOf(p.imported.Public()) == p.key }

// givenKey is the key that the certificate shall have: the one that was imported, or that
// of its current version where it is to stay; nil for a new one. A key that others may
// have, or that is of another kind than is wanted by now, does not stay.
func (m *Manager) givenKey(p *plan, report acmecore.Progress) crypto.Signer {
	if p.imported != nil || p.csr != nil || !p.record.ReuseKey {
		return p.imported
	}
	key, err := m.root.Key(p.id)
	if err != nil {
		return nil // there is none yet, or none that can be used
	}
	why := ""
	switch {
	case p.refused:
		why = "the CA does not take the one before"
	case keys.TypeOf(key.Public()) != p.key:
		why = "the one before is of another kind"
	case m.root.IsCompromised(key.Public()):
		why = "the one before was revoked because others may have it"
	case m.root.IsAccountKey(key.Public()):
		why = "the one before is an account's"
	default:
		return key
	}
	m.step(report, "store", string(p.id), "a new key is made: "+why)
	return nil
}

// dropCompromised drops what was begun with a key that others may have by now: nothing is
// gone on with by that. It is asked of the very key, as an order that wants a new one is
// gone on with by whichever it began with.
func (m *Manager) dropCompromised(id acmecore.ID, report acmecore.Progress) error {
	dropped, err := m.root.DropOrdersBy(id, m.root.IsCompromised)
	if dropped {
		m.step(report, "store", string(id), "the order that was begun is dropped: a certificate with its key was revoked because others may have that")
	}
	return err
}

// orderWithKey orders, and once more with a new key where the CA does not take that of the
// journal: of two keys of one kind a CA can refuse the one that it knows to be known. One
// that somebody has brought, or has elsewhere, nobody else can replace.
func (m *Manager) orderWithKey(ctx context.Context, p *plan, account acmecore.Account, key crypto.Signer, report acmecore.Progress) error {
	err := m.orderTwice(ctx, p, account, key, report)
	if !order.IsBadKey(err) || p.csr != nil || p.imported != nil {
		return err
	}
	m.step(report, "store", string(p.id), "the CA does not take the key: once more, with a new one")
	p.refused = true
	if err := m.root.DropOrder(p.id); err != nil {
		return err
	}
	return m.orderTwice(ctx, p, account, key, report)
}

// requestDER is the request made elsewhere; nil for none.
func (p *plan) requestDER() []byte {
	if p.csr == nil {
		return nil
	}
	return p.csr.DER
}

// keepVersion keeps the certificate with its key, or with its request where that is
// elsewhere.
func (m *Manager) keepVersion(p *plan, journal *store.Journal, chain [][]byte, issue acmecore.Issue) (version string, err error) {
	if p.csr != nil {
		return m.root.KeepRequested(p.id, p.csr.DER, chain, issue)
	}
	return m.root.KeepVersion(p.id, journal.Key(), chain, issue)
}
