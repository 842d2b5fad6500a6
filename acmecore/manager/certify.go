package manager

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
	"wcme/acmecore/limits"
	"wcme/acmecore/order"
	"wcme/acmecore/renew"
)

// plan is a request with everything filled in that it leaves open.
type plan struct {
	id        acmecore.ID
	recorded  acmecore.ID // of the record: another one where the certificate stands beside one
	names     []acmecore.Name
	record    *config.Certificate // as it will be for this certificate
	whole     *config.Certificate // as it will be on disk, for all kinds of key
	before    *config.Certificate // as it is; empty where there is none
	key       acmecore.KeyType
	imported  crypto.Signer // the key that was brought; nil for none
	csr       *keys.Request // made elsewhere, and the key with it; nil for none
	isNew     bool          // the request was brought just now
	refused   bool          // the CA does not take the key before
	ca        string
	authority config.Authority
	scheduled bool             // nobody asked for it
	exempt    limits.Exemption // from limits of the CA
}

// Certify implements control.Operations. A certificate that was ordered in the
// same way, and that is neither due nor damaged, is kept unless the request
// forces another one: CAs count those of the same names.
func (m *Manager) Certify(ctx context.Context, request control.CertifyRequest, progress acmecore.Progress) (certified acmecore.Certificate, err error) {
	err = m.audited(ctx, "certify", askedFor(request), func(entry *audit.Entry) error {
		names, err := m.namesWanted(request)
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
	release, err := m.busy.Hold(ctx, string(names[0].ID()))
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
	plans, err := m.kinds(plan)
	if err != nil {
		return acmecore.Certificate{}, err
	}
	m.tellDropped(plan, progress)
	err = offerWithout(m.bringAll(ctx, plans, request.Force, progress), plan.names, plan.record.CSR.String() != "")
	entry.After = described(m.facts(plan.id))
	if err != nil {
		return acmecore.Certificate{}, acmecore.InterruptedOr(err, "certify", string(plan.id))
	}
	return m.listed(plan.id), m.sweep(ctx)
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
		return m.obtain(ctx, plan, m.stepsOf(plan.id, report))
	}
	if kept, serves := m.serves(plan); serves && !force {
		m.step(m.stepsOf(plan.id, progress), "certificate", string(plan.id), fmt.Sprintf("kept: it is valid for %d more days", kept.DaysLeft(m.now())))
		if err := m.announceRequest(plan); err != nil {
			return err
		}
		if _, err := m.record(plan); err != nil {
			return err
		}
		m.forgetRequests(plan)
		obtain = nil
	}
	_, err := m.pipeline.One(ctx, renew.Request{Trigger: "certify", By: control.CallerFrom(ctx)}, plan.id, obtain, progress)
	return err
}

// namesOf checks the names, which a caller may have sent in any form. Those of a request
// that was made elsewhere are its own.
func namesOf(request control.CertifyRequest) ([]acmecore.Name, error) {
	if err := checkWishes(request); err != nil {
		return nil, err
	}
	if request.CSR != nil {
		names, err := namesRequested(request)
		if err != nil {
			return nil, err
		}
		request.Names = names
	}
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
	imported, err := m.imported(&request, before)
	if err != nil {
		return nil, err
	}
	record, err := before.With(wishes(names, request))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(record.CheckWishes(), m.Config().CheckRecord(record)); err != nil {
		return nil, err
	}
	if err := m.prover.Ways(record, acmecore.Standing{}).Check(names); err != nil {
		return nil, err
	}
	ca, authority, err := m.Config().Find(m.firstCA(record))
	if err != nil {
		return nil, err
	}
	if err := order.CheckProfile(authority.Directory.String(), record.Profile, names); err != nil {
		return nil, err
	}
	p := &plan{id: names[0].ID(), recorded: names[0].ID(), names: names, record: record, whole: record, before: before,
		key: m.Config().KeysFor(record)[0], imported: imported, ca: ca, authority: authority}
	return p, m.elsewhere(p, request)
}

// kinds are the plan and those of the certificates beside its own. It refuses files that
// would be those of another certificate.
func (m *Manager) kinds(p *plan) ([]*plan, error) {
	twins, err := m.beside(p)
	if err != nil {
		return nil, err
	}
	plans := append([]*plan{p}, twins...)
	return plans, m.fitsAll(plans)
}

// wishes are what a request asks of the record.
func wishes(names []acmecore.Name, request control.CertifyRequest) config.Wishes {
	w := config.Wishes{Names: names, Keys: request.Keys, ReuseKey: request.ReuseKey, Profile: request.Profile, Challenge: request.Challenge,
		Chain: request.Chain, Validity: request.Validity, MustStaple: request.MustStaple, Install: request.Install, Load: request.Load}
	if request.CA != "" {
		w.CA = strings.Split(request.CA, ",")
	}
	w.CSR = requestPath(names[0].ID(), request)
	return w
}

// firstCA is the CA that is asked first.
func (m *Manager) firstCA(record *config.Certificate) string {
	return m.Config().AuthoritiesFor(record)[0]
}

// firstOf returns the first of a list, and the zero value where there is none.
func firstOf[V any](list []V) (first V) {
	if len(list) > 0 {
		first = list[0]
	}
	return first
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
	record, err := m.recordFor(m.Config(), first.ID())
	if acmecore.KindOf(err) == acmecore.NotFound {
		return new(config.Certificate), nil
	}
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
	read := m.reading(p.id)
	current := read.Certificate
	same := slices.Equal(current.Names, p.names) && current.Key == p.key && current.CA == p.ca && p.hasKey(read) &&
		p.before.Profile == p.record.Profile && p.before.Chain == p.record.Chain &&
		p.before.Validity == p.record.Validity && p.before.MustStaple == p.record.MustStaple
	return current, same && current.State(m.now()) == acmecore.Valid
}

// hasKey tells whether the current version has the key that was brought, or that of the
// request; true where neither is there.
func (p *plan) hasKey(read reading) bool {
	leaf := leafOf(read.pair)
	switch {
	case leaf == nil:
		return false
	case p.csr != nil:
		return read.pair.Keyless && keys.Equal(p.csr.Public, leaf.PublicKey)
	case p.imported != nil:
		return keys.Equal(p.imported.Public(), leaf.PublicKey)
	}
	return true
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
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // it may be elsewhere
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
