package manager

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
	"wcme/acmecore/order"
)

// aboutOrder is what the findings of an order at a test side are about.
const aboutOrder = "order at the test side"

// testSide is where a dry run orders.
type testSide struct {
	name      string
	authority config.Authority
}

// testSideOf returns the test side of the CA that is asked first; an error of kind
// Invalid where none is known.
func (m *Manager) testSideOf(p *plan) (side testSide, err error) {
	name, found := m.Config().StagingFor(p.ca)
	if !found {
		return side, &acmecore.Error{Kind: acmecore.Invalid, Op: "certify --dry-run", Subject: p.ca,
			Cause: errors.New("no test side of this CA is known"),
			Hint:  "name one by `staging` of its [authority.NAME] in wcme.toml, or look without a CA: wcme certify --dry-run --local"}
	}
	side.name, side.authority, err = m.Config().Find(name)
	return side, err
}

// order orders the certificate at the test side, with a key and for a certificate that
// nobody keeps. The names are proved in the same way as they would be for the CA itself.
func (r *rehearsal) order(ctx context.Context) {
	if r.testSide.name == "" {
		return
	}
	leaf, err := r.orderThere(ctx)
	if err == nil {
		r.add(acmecore.Rehearsed{Subject: r.testSide.name, What: aboutOrder,
			Text: fmt.Sprintf("every name was proved, and a certificate was issued for %.0f days, which was not kept", leaf.NotAfter.Sub(leaf.NotBefore).Hours()/24)})
		return
	}
	refusals := refusalsOf(err, r.plan.names)
	for _, refused := range refusals {
		r.add(acmecore.Rehearsed{Subject: refused.name, What: aboutOrder, Wrong: true, Text: refused.reason.Error(), Try: r.tryWithout(refused.name, refused.hint)})
	}
	if len(refusals) == 0 {
		r.add(acmecore.Rehearsed{Subject: r.testSide.name, What: aboutOrder, Wrong: true, Text: err.Error(), Try: acmecore.HintOf(err)})
	}
}

// tryWithout says what to try about a name that was refused, which is not the only one.
func (r *rehearsal) tryWithout(name, hint string) string {
	switch {
	case len(r.plan.names) == 1 || name == string(r.plan.names[0]):
		return hint
	case r.plan.record.CSR.String() != "":
		return "mend that, or make a request without it"
	}
	return "mend that, or go on without it: wcme certify … --without " + name
}

// orderThere makes one attempt.
func (r *rehearsal) orderThere(ctx context.Context) (*x509.Certificate, error) {
	r.ordering.RLock() // nobody sweeps meanwhile
	defer r.ordering.RUnlock()
	account, err := r.Register(ctx, control.RegisterRequest{CA: r.testSide.name}, r.report) // or find the one there is
	if err != nil {
		return nil, err
	}
	_, accountKey, err := r.account(r.testSide.authority)
	if err != nil {
		return nil, err
	}
	client, err := r.client(r.testSide.authority, order.Options{Key: accountKey, Account: account.URL, Progress: r.report})
	if err != nil {
		return nil, err
	}
	challenges, release, err := r.provable(ctx, r.plan, r.report)
	if err != nil {
		return nil, err
	}
	defer release()
	wanted, err := wantedThere(r.plan)
	if err != nil {
		return nil, err
	}
	obtained, err := client.Obtain(ctx, wanted, new(forgetful), challenges)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(obtained.Chain[0])
}

// wantedThere is what would be ordered, for a key that nobody keeps unless the request
// was made elsewhere.
func wantedThere(p *plan) (wanted order.Wanted, err error) {
	wanted = order.Wanted{Names: p.names, Profile: p.record.Profile, MustStaple: p.record.MustStaple, Validity: p.record.Validity.Duration}
	if p.csr != nil {
		wanted.Request = p.csr.DER
		return wanted, nil
	}
	wanted.Key, err = keys.Generate(p.key)
	return wanted, err
}

// forgetful is the journal of an order that nobody goes on with.
type forgetful struct{ url string }

// URL implements order.Journal.
func (f *forgetful) URL() string { return f.url }

// SetURL implements order.Journal.
func (f *forgetful) SetURL(url string) error {
	f.url = url
	return nil
}
