package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/order"
	"wcme/acmecore/store"
)

// plan is a request with everything that the configuration decides filled in.
type plan struct {
	id        acmecore.ID
	record    *config.Certificate
	names     []acmecore.Name
	key       acmecore.KeyType
	ca        string
	authority config.Authority
}

// Certify implements control.Operations. A certificate that was ordered in the
// same way, and that is neither due nor damaged, is kept unless the request
// forces another one: CAs count those of the same names.
func (m *Manager) Certify(ctx context.Context, request control.CertifyRequest, progress acmecore.Progress) (acmecore.Certificate, error) {
	plan, err := m.plan(request)
	if err != nil {
		return acmecore.Certificate{}, err
	}
	release, err := m.busy.hold(ctx, string(plan.id))
	if err != nil {
		return acmecore.Certificate{}, err
	}
	defer release()
	report := m.reporter(string(plan.id), progress)
	if err := m.checkCollision(plan); err != nil {
		return acmecore.Certificate{}, err
	}
	if err := m.settle(plan.id); err != nil && !errors.As(err, new(*damagedError)) {
		return acmecore.Certificate{}, err
	}
	if kept, serves := m.serves(plan); serves && !request.Force {
		m.step(report, "certificate", string(plan.id), fmt.Sprintf("kept: it is valid for %d more days", kept.DaysLeft(m.now())))
		return kept, m.record(plan)
	}
	if err := m.obtain(ctx, plan, report); err != nil {
		err = interruptedOr(err, "certify", string(plan.id))
		m.log.Error("certificate not obtained", "run", plan.id, "error", err, "hint", acmecore.HintOf(err))
		return acmecore.Certificate{}, err
	}
	return m.facts(plan.id), m.sweep()
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

func (m *Manager) plan(request control.CertifyRequest) (*plan, error) {
	texts := make([]string, len(request.Names))
	for i, name := range request.Names {
		texts[i] = string(name)
	}
	names, _, err := acmecore.ParseNames(texts...)
	if err != nil {
		return nil, err
	}
	if err := checkID(names[0]); err != nil {
		return nil, err
	}
	ca, authority, err := m.Config().Find(request.CA)
	if err != nil {
		return nil, err
	}
	key := request.Key
	if key == "" {
		key = m.Config().Key.KeyType
	}
	return &plan{
		id: names[0].ID(), names: names, key: key, ca: ca, authority: authority,
		record: config.NewCertificate(names, request.CA, request.Key, request.Profile),
	}, nil
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

// checkCollision refuses a name whose files are those of another name, as of
// wildcard.example.org and *.example.org.
func (m *Manager) checkCollision(p *plan) error {
	path, text, err := m.root.Record(p.id)
	if acmecore.KindOf(err) == acmecore.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	there, err := config.ParseCertificate(path, text)
	if err != nil {
		return err
	}
	if first := there.Names[0].Name; first != p.names[0] {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Subject: string(p.names[0]),
			Cause: fmt.Errorf("its files would be those of %s, which is managed already", first),
			Hint:  "put another of the names first"}
	}
	return nil
}

// serves returns the certificate that is there, and whether nothing speaks for
// another one.
func (m *Manager) serves(p *plan) (acmecore.Certificate, bool) {
	current := m.facts(p.id)
	same := slices.Equal(current.Names, p.names) && current.Key == p.key && current.CA == p.ca
	return current, same && current.State(m.now()) == acmecore.Valid
}

// obtain orders the certificate and keeps it. Nothing that another run could
// need is lost on the way, and an attempt that left nothing worth going on with
// leaves no trace.
func (m *Manager) obtain(ctx context.Context, p *plan, report acmecore.Progress) error {
	m.ordering.RLock()
	defer m.ordering.RUnlock()
	account, key, err := m.account(p.authority)
	if err != nil {
		return err
	}
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
	chain, err := client.Obtain(ctx, wanted, journal, m.challenges())
	if err != nil {
		if journal.URL() == "" {
			err = joinErr(err, journal.Close())
		}
		return err
	}
	return m.keep(p, journal, chain, report)
}

// keep makes the new certificate the current one. The record goes first: when
// the run ends in between, the record and the journal say what is still to do.
func (m *Manager) keep(p *plan, journal *store.Journal, chain [][]byte, report acmecore.Progress) error {
	if err := m.record(p); err != nil {
		return err
	}
	version, err := m.root.KeepVersion(p.id, journal.Key(), chain)
	if err != nil {
		return err
	}
	m.step(report, "store", string(p.id), "kept as version "+version)
	changed, err := m.root.PublishProducts(p.id)
	if err != nil {
		return err
	}
	m.step(report, "store", strings.Join(changed, " "), "published")
	return errors.Join(journal.Close(), m.root.Prune(p.id))
}

func (m *Manager) record(p *plan) error {
	text, err := p.record.Text()
	if err != nil {
		return err
	}
	return m.root.PutRecord(p.id, text)
}

// settle finishes what a killed run had kept but not published, and drops the
// journal of an order whose certificate is the current one. A current version
// that is damaged is not published over what may still be whole.
func (m *Manager) settle(id acmecore.ID) error {
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

// joinErr adds what went wrong while tidying up behind an error, which keeps its
// kind and its hint.
func joinErr(err, tidying error) error {
	if tidying == nil {
		return err
	}
	return errors.Join(err, tidying)
}
