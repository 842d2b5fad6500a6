package manager

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/order"
	"wcme/acmecore/store"
)

// obtainAt orders the certificate and keeps it. An account that the CA has forgotten
// is registered again, once, with the key that it had.
func (m *Manager) obtainAt(ctx context.Context, p *plan, report acmecore.Progress) error {
	defer func() { // an order that was gone on with may have left challenges of before a kill
		if err := m.sweep(ctx); err != nil {
			m.log.Warn("challenges not swept", "error", err)
		}
	}()
	release, err := m.orderInTurn(ctx, p)
	if err != nil {
		return err
	}
	defer release()
	m.ordering.RLock()
	defer m.ordering.RUnlock()
	if err := m.root.CanWrite(); err != nil {
		return err
	}
	account, key, err := m.accountInForce(ctx, p.authority, report)
	if err != nil {
		return err
	}
	takeBack, err := m.announce(p)
	if err != nil {
		return err
	}
	err = m.orderWithKey(ctx, p, account, key, report)
	if err = m.afterOrder(ctx, p.authority, account, key, err, report); err == nil {
		m.forgetRequests(p)
		return nil
	}
	if ids, flying := m.root.InFlight(); flying == nil && !slices.Contains(ids, p.id) {
		err = errors.Join(err, takeBack())
	}
	return err
}

// announce writes the record before anything is ordered, so that a run that is
// killed is gone on with by whoever comes next. What it returns puts the record back
// that was there, after an attempt that left nothing to go on with: a name that was
// misspelt must not be ordered every day. What somebody else has done to the record
// meanwhile stays.
func (m *Manager) announce(p *plan) (takeBack func() error, err error) {
	_, before, err := m.root.Record(p.recorded)
	isNew := acmecore.KindOf(err) == acmecore.NotFound
	if err != nil && !isNew {
		return nil, err
	}
	if err := m.announceRequest(p); err != nil {
		return nil, err
	}
	written, err := m.record(p)
	return func() error {
		defer m.forgetRequests(p)
		_, now, err := m.root.Record(p.recorded)
		switch {
		case err != nil, written == nil, !bytes.Equal(now, written):
			return nil
		case isNew:
			return m.root.DropRecord(p.recorded)
		}
		return m.root.PutRecord(p.recorded, before)
	}, err
}

// orderTwice makes a second attempt where the CA has forgotten the account.
func (m *Manager) orderTwice(ctx context.Context, p *plan, account acmecore.Account, key crypto.Signer, report acmecore.Progress) error {
	err := m.order(ctx, p, account, key, report)
	if !order.IsUnknownAccount(err) {
		return err
	}
	account, again := m.registerAgain(ctx, p.authority, account, key, report)
	if again != nil {
		return errors.Join(err, again)
	}
	return m.order(ctx, p, account, key, report)
}

// order makes one attempt with the account. Nothing that another run could need is
// lost on the way, and an attempt that left nothing worth going on with leaves no
// trace.
func (m *Manager) order(ctx context.Context, p *plan, account acmecore.Account, key crypto.Signer, report acmecore.Progress) error {
	client, err := m.client(p.authority, order.Options{Key: key, Account: account.URL, Progress: report})
	if err != nil {
		return err
	}
	if err := m.dropCompromised(p.id, report); err != nil {
		return err
	}
	journal, err := m.root.OpenJournal(p.id, store.Order{Directory: account.Directory, Account: account.URL,
		Names: p.names, Key: p.key, Profile: p.record.Profile, Validity: p.record.Validity.Duration, Began: m.now().UTC(),
		Request: p.requestDER(), Given: m.givenKey(p, report), Imported: p.imported != nil})
	if err != nil {
		return err
	}
	obtained, err := m.prove(ctx, client, p, m.wanted(p, account, journal), m.ownOrder(p, journal), report)
	m.noteReached(p.authority, 0, err)
	if err != nil {
		m.keepRefused(p, account, err, report)
		if journal.URL() == "" {
			err = errors.Join(err, journal.Close())
		}
		return err
	}
	return m.keep(p, journal, obtained.Chain, m.issued(p, account, journal, obtained), report)
}

// prove takes the order to its chain while its challenges can be answered.
func (m *Manager) prove(ctx context.Context, client *order.Client, p *plan, wanted order.Wanted, journal order.Journal, report acmecore.Progress) (order.Obtained, error) {
	challenges, release, err := m.provable(ctx, p, report)
	if err != nil {
		return order.Obtained{}, err
	}
	defer release()
	return client.Obtain(ctx, wanted, m.counting(p, journal), challenges)
}

// keep makes the new certificate the current one.
func (m *Manager) keep(p *plan, journal *store.Journal, chain [][]byte, issue acmecore.Issue, report acmecore.Progress) error {
	version, err := m.keepVersion(p, journal, chain, issue)
	if err != nil {
		return err
	}
	m.step(report, "store", string(p.id), "kept as version "+version)
	m.dropRefused(p.id)
	changed, err := m.root.PublishProducts(p.id)
	closed := journal.Close() // whatever has become of the products, there is nothing to go on with
	if err != nil {
		return errors.Join(err, closed)
	}
	m.step(report, "store", strings.Join(changed, " "), "published")
	return errors.Join(closed, m.root.Prune(p.id))
}

// record writes the record, and returns what it wrote: nothing where the record that is
// there says the same, which may be somebody's own, with comments.
func (m *Manager) record(p *plan) (written []byte, err error) {
	text, err := p.whole.Text()
	if err != nil || m.says(p.recorded, text) {
		return nil, err
	}
	return text, m.root.PutRecord(p.recorded, text)
}

// says tells whether the record on disk means what the text, of Certificate.Text, does.
func (m *Manager) says(id acmecore.ID, text []byte) bool {
	path, written, err := m.root.Record(id)
	if err != nil {
		return false
	}
	record, err := config.ParseCertificate(path, written)
	if err != nil {
		return false
	}
	names, _ := record.HostNames() // which were parsed before
	meant, err := record.With(config.Wishes{Names: names})
	if err != nil {
		return false
	}
	normal, err := meant.Text()
	return err == nil && bytes.Equal(normal, text)
}
