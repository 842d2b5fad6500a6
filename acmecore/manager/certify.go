package manager

import (
	"bytes"
	"cmp"
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
	"wcme/acmecore/renew"
	"wcme/acmecore/store"
)

// plan is a request with everything filled in that it leaves open.
type plan struct {
	id        acmecore.ID
	names     []acmecore.Name
	record    *config.Certificate // as it will be
	before    *config.Certificate // as it is; empty where there is none
	key       acmecore.KeyType
	ca        string
	authority config.Authority
}

// Certify implements control.Operations. A certificate that was ordered in the
// same way, and that is neither due nor damaged, is kept unless the request
// forces another one: CAs count those of the same names.
func (m *Manager) Certify(ctx context.Context, request control.CertifyRequest, progress acmecore.Progress) (certified acmecore.Certificate, err error) {
	err = m.audited(ctx, "certify", askedFor(request), func(entry *audit.Entry) error {
		names, err := namesOf(request)
		if err != nil {
			return err
		}
		entry.Subject = string(names[0].ID())
		certified, err = m.certify(ctx, names, request, progress, entry)
		return err
	})
	return certified, err
}

func (m *Manager) certify(ctx context.Context, names []acmecore.Name, request control.CertifyRequest, progress acmecore.Progress,
	entry *audit.Entry) (acmecore.Certificate, error) {
	release, err := m.busy.hold(ctx, string(names[0].ID()))
	if err != nil {
		return acmecore.Certificate{}, err
	}
	defer release()
	entry.Before = described(m.facts(names[0].ID()))
	entry.After = entry.Before
	plan, err := m.plan(names, request)
	if err != nil {
		return acmecore.Certificate{}, err
	}
	targets, _ := m.targets(plan.id, plan.record) // one that cannot be used is told when it is installed in
	if err := m.fits(plan.id, plan.names, targets...); err != nil {
		return acmecore.Certificate{}, err
	}
	if err := m.settle(plan.id); err != nil && !errors.As(err, new(*damagedError)) {
		return acmecore.Certificate{}, err
	}
	err = m.bring(ctx, plan, request.Force, progress)
	entry.After = described(m.facts(plan.id))
	if err != nil {
		return acmecore.Certificate{}, interruptedOr(err, "certify", string(plan.id))
	}
	return m.listed(plan.id), m.sweep()
}

// askedFor is what the audit calls names that need not be any.
func askedFor(request control.CertifyRequest) string {
	if len(request.Names) == 0 {
		return ""
	}
	return acmecore.Inert(string(request.Names[0]))
}

// bring obtains the certificate, unless the one that there is serves, and brings it
// into service.
func (m *Manager) bring(ctx context.Context, plan *plan, force bool, progress acmecore.Progress) error {
	obtain := func(ctx context.Context, report acmecore.Progress) error {
		return m.obtain(ctx, plan, m.steps(string(plan.id), report))
	}
	if kept, serves := m.serves(plan); serves && !force {
		m.step(m.steps(string(plan.id), progress), "certificate", string(plan.id), fmt.Sprintf("kept: it is valid for %d more days", kept.DaysLeft(m.now())))
		if _, err := m.record(plan); err != nil {
			return err
		}
		obtain = nil
	}
	_, err := m.pipeline.One(ctx, renew.Request{Trigger: "certify", By: control.CallerFrom(ctx)}, plan.id, obtain, progress)
	return err
}

// interruptedOr says in words, which cross the control socket, that the run's
// context has ended, and returns any other error as it is.
func interruptedOr(err error, op, subject string) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return &acmecore.Error{Kind: acmecore.Busy, Op: op, Subject: subject, Cause: interrupted{},
		Hint: "do it again: it goes on where it was"}
}

// interrupted is context.Canceled for people.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }

func (interrupted) Unwrap() error { return context.Canceled }

// namesOf checks the names, which a caller may have sent in any form.
func namesOf(request control.CertifyRequest) ([]acmecore.Name, error) {
	texts := make([]string, len(request.Names))
	for i, name := range request.Names {
		texts[i] = string(name)
	}
	names, _, err := acmecore.ParseNames(texts...)
	if err != nil {
		return nil, err
	}
	return names, checkID(names[0])
}

// plan fills in what the request leaves open: from the certificate's record,
// where an earlier request or the administrator said it, and otherwise from the
// configuration.
func (m *Manager) plan(names []acmecore.Name, request control.CertifyRequest) (*plan, error) {
	before, err := m.recordOf(names[0])
	if err != nil {
		return nil, err
	}
	record := before.With(names, cmp.Or(request.CA, before.CA),
		cmp.Or(request.Key, before.Key.KeyType), cmp.Or(request.Profile, before.Profile))
	if err := m.Config().CheckRecord(record); err != nil {
		return nil, err
	}
	ca, authority, err := m.Config().Find(record.CA)
	if err != nil {
		return nil, err
	}
	return &plan{id: names[0].ID(), names: names, record: record, before: before,
		key: cmp.Or(record.Key.KeyType, m.Config().Key.KeyType), ca: ca, authority: authority}, nil
}

// maxID is how long the name of a certificate may be, in bytes: a file name holds
// 255, and what stands around the ID in that of a product, or of the temporary
// file before it, is up to 40.
const maxID = 200

// checkID refuses a first name that no file can be named after, before anything
// is ordered.
func checkID(first acmecore.Name) error {
	if len(first.ID()) <= maxID {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Subject: string(first),
		Cause: fmt.Errorf("the first name names files, and its %d bytes are too long for that", len(first)),
		Hint:  fmt.Sprintf("put a name of at most %d bytes first", maxID)}
}

// recordOf returns the record of the certificate that the name names; an empty
// one where there is none. It refuses a name whose files are those of another
// name, as of wildcard.example.org and *.example.org.
func (m *Manager) recordOf(first acmecore.Name) (*config.Certificate, error) {
	path, text, err := m.root.Record(first.ID())
	if acmecore.KindOf(err) == acmecore.NotFound {
		return new(config.Certificate), nil
	}
	if err != nil {
		return nil, err
	}
	record, err := config.ParseCertificate(path, text)
	if err != nil {
		return nil, err
	}
	if other := record.Names[0].Name; other != first {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Subject: string(first),
			Cause: fmt.Errorf("its files would be those of %s, which is managed already", other),
			Hint:  "put another of the names first"}
	}
	return record, nil
}

// serves returns the certificate that is there, and whether nothing speaks for
// another one.
func (m *Manager) serves(p *plan) (acmecore.Certificate, bool) {
	current := m.facts(p.id)
	same := slices.Equal(current.Names, p.names) && current.Key == p.key && current.CA == p.ca &&
		p.before.Profile == p.record.Profile
	return current, same && current.State(m.now()) == acmecore.Valid
}

// obtain orders the certificate and keeps it. An account that the CA has forgotten
// is registered again, once, with the key that it had.
func (m *Manager) obtain(ctx context.Context, p *plan, report acmecore.Progress) error {
	defer func() { // an order that was gone on with may have left challenges of before a kill
		if err := m.sweep(); err != nil {
			m.log.Warn("challenges not swept", "error", err)
		}
	}()
	m.ordering.RLock()
	defer m.ordering.RUnlock()
	if err := m.root.CanWrite(); err != nil {
		return err
	}
	account, key, err := m.account(p.authority)
	if err != nil {
		return err
	}
	takeBack, err := m.announce(p)
	if err != nil {
		return err
	}
	if err = m.orderTwice(ctx, p, account, key, report); err == nil {
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
	_, before, err := m.root.Record(p.id)
	isNew := acmecore.KindOf(err) == acmecore.NotFound
	if err != nil && !isNew {
		return nil, err
	}
	written, err := m.record(p)
	return func() error {
		_, now, err := m.root.Record(p.id)
		switch {
		case err != nil, written == nil, !bytes.Equal(now, written):
			return nil
		case isNew:
			return m.root.DropRecord(p.id)
		}
		return m.root.PutRecord(p.id, before)
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
	journal, err := m.root.OpenJournal(p.id, store.Order{Directory: account.Directory, Account: account.URL,
		Names: p.names, Key: p.key, Profile: p.record.Profile, Began: m.now().UTC()})
	if err != nil {
		return err
	}
	wanted := order.Wanted{Names: p.names, Key: journal.Key(), Profile: p.record.Profile}
	chain, err := m.prove(ctx, client, wanted, journal)
	if err != nil {
		if journal.URL() == "" {
			err = errors.Join(err, journal.Close())
		}
		return err
	}
	return m.keep(p, journal, chain, report)
}

// prove takes the order to its chain while its challenges can be answered.
func (m *Manager) prove(ctx context.Context, client *order.Client, wanted order.Wanted, journal *store.Journal) ([][]byte, error) {
	challenges, release, err := m.answerable()
	if err != nil {
		return nil, err
	}
	defer release()
	return client.Obtain(ctx, wanted, journal, challenges)
}

// keep makes the new certificate the current one.
func (m *Manager) keep(p *plan, journal *store.Journal, chain [][]byte, report acmecore.Progress) error {
	version, err := m.root.KeepVersion(p.id, journal.Key(), chain)
	if err != nil {
		return err
	}
	m.step(report, "store", string(p.id), "kept as version "+version)
	closed := journal.Close() // whatever becomes of the products, there is nothing to go on with
	changed, err := m.root.PublishProducts(p.id)
	if err != nil {
		return errors.Join(err, closed)
	}
	m.step(report, "store", strings.Join(changed, " "), "published")
	return errors.Join(closed, m.root.Prune(p.id))
}

// record writes the record, and returns what it wrote: nothing where the record that is
// there says the same, which may be somebody's own, with comments.
func (m *Manager) record(p *plan) (written []byte, err error) {
	text, err := p.record.Text()
	if err != nil || m.says(p.id, text) {
		return nil, err
	}
	return text, m.root.PutRecord(p.id, text)
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
	meant, err := record.With(names, record.CA, record.Key.KeyType, record.Profile).Text()
	return err == nil && bytes.Equal(meant, text)
}

// settle finishes what a killed run had kept but not published, and drops the
// journal of an order whose certificate is the current one. A current version
// that is damaged is not published over what may still be whole.
func (m *Manager) settle(id acmecore.ID) error {
	if m.root.Settled(id) {
		return nil
	}
	_, _, err := m.current(id)
	if acmecore.KindOf(err) == acmecore.NotFound {
		return nil
	}
	if err != nil {
		return &damagedError{fmt.Errorf("certificate %s: %w", id, err)}
	}
	if _, err := m.root.PublishProducts(id); err != nil {
		return err
	}
	key, err := m.root.Key(id)
	if err != nil {
		return err
	}
	return m.root.DropFinished(id, key)
}

// damagedError says that the current version of a certificate cannot be used:
// obtaining another one mends it.
type damagedError struct{ error }

func (e *damagedError) Unwrap() error { return e.error }

func (m *Manager) step(report acmecore.Progress, stage, subject, text string) {
	report(acmecore.Step{Time: m.now(), Stage: stage, Subject: subject, Text: text})
}
