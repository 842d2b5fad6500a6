package manager

import (
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
	"wcme/acmecore/store"
)

// checkWishes refuses what says of the key what a request made elsewhere says itself.
func checkWishes(request control.CertifyRequest) error {
	if request.CSR == nil {
		return nil
	}
	for what, given := range map[string]bool{"kinds of key": request.Keys != nil, "a private key": request.PrivateKey != nil,
		"what becomes of the key": request.ReuseKey != nil, "must-staple": request.MustStaple != nil} {
		if given {
			return &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Cause: fmt.Errorf("a request that was made elsewhere does not go together with %s: it says that itself", what),
				Hint: "give one of the two"}
		}
	}
	return nil
}

// namesRequested are the names of a request made elsewhere, in the order that is asked
// for.
func namesRequested(request control.CertifyRequest) ([]acmecore.Name, error) {
	parsed, err := keys.ParseRequest(request.CSR)
	if err != nil {
		return nil, err
	}
	if len(request.Names) == 0 {
		return parsed.Names, nil
	}
	return request.Names, sameAsIn(parsed, request.Names)
}

// sameAsIn refuses names that are not those of a request.
func sameAsIn(parsed *keys.Request, names []acmecore.Name) error {
	for _, lists := range []struct {
		what     string
		of, from []acmecore.Name
	}{{"lacks", names, parsed.Names}, {"has", parsed.Names, names}} {
		for _, name := range lists.of {
			if !slices.Contains(lists.from, name) {
				return &acmecore.Error{Kind: acmecore.Invalid, Op: "certificate signing request", Cause: fmt.Errorf("it %s the name %s", lists.what, name),
					Hint: "a request has all names of its certificate, and no others: make another one, or give its own names"}
			}
		}
	}
	return nil
}

// elsewhere fills in what follows from a request made elsewhere: one that comes with the
// order, or else that of the record.
func (m *Manager) elsewhere(p *plan, request control.CertifyRequest) (err error) {
	if request.CSR == nil && p.record.CSR.String() == "" {
		return nil
	}
	if p.isNew = request.CSR != nil; p.isNew {
		p.csr, err = keys.ParseRequest(request.CSR)
	} else {
		p.csr, err = m.root.Request(p.record.CSR.String())
	}
	if err == nil {
		err = sameAsIn(p.csr, p.names)
	}
	if err != nil {
		return err
	}
	if why := m.unfit(p.csr.Public); why != nil {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "certificate signing request", Subject: string(p.id), Cause: why,
			Hint: "give another request, by another key: wcme certify --csr FILE"}
	}
	p.key = p.csr.Kind
	return m.needsNoKey(p)
}

// needsNoKey refuses a certificate whose key is elsewhere where one of its targets needs
// that.
func (m *Manager) needsNoKey(p *plan) error {
	targets, _ := m.targets(p.id, p.record) // one that cannot be used is told when it is installed in
	for _, target := range targets {
		if err := target.CheckWithoutKey(); err != nil {
			return err
		}
	}
	return nil
}

// requestPath is where a request made elsewhere will be, which the record shall name; ""
// for none, and for one that cannot be read, which `elsewhere` refuses.
func requestPath(id acmecore.ID, request control.CertifyRequest) string {
	if request.CSR == nil {
		return ""
	}
	parsed, err := keys.ParseRequest(request.CSR)
	if err != nil {
		return ""
	}
	return store.RequestPath(id, parsed.DER)
}

// announceRequest keeps a new request beside the record, before that names it.
func (m *Manager) announceRequest(p *plan) error {
	if !p.isNew {
		return nil
	}
	return m.root.PutRequest(p.recorded, p.csr)
}

// forgetRequests removes what a record no longer names: the request of before, or a new
// one that has come to nothing. What cannot be removed is in nobody's way.
func (m *Manager) forgetRequests(p *plan) {
	if !p.isNew {
		return
	}
	if err := m.root.SweepRequests(p.recorded); err != nil {
		m.log.Warn("requests not swept", "certificate", p.recorded, "error", err)
	}
}

// misses says why the current version does not have the key that its record wants: the
// request was changed, or the key came here or went.
func (m *Manager) misses(read reading) error {
	file := read.record.CSR.String()
	switch {
	case file == "" && read.pair.Keyless:
		return errors.New("the key of its current version is elsewhere; obtain it again: wcme certify")
	case file == "" || len(read.pair.Chain) == 0:
		return nil
	}
	request, err := m.root.Request(file)
	if err != nil {
		return nil // it is told when it is needed, and the certificate serves until then
	}
	if !keys.Equal(request.Public, read.pair.Chain[0].PublicKey) {
		return errors.New("its request was changed; obtain it again: wcme certify")
	}
	return nil
}

// needsRequest tells whether a certificate can only be replaced by another request: others
// may have the key of the one that its record names.
func (m *Manager) needsRequest(id acmecore.ID) bool {
	record, err := m.recordFor(m.Config(), id)
	if err != nil || record.CSR.String() == "" {
		return false
	}
	request, err := m.root.Request(record.CSR.String())
	return err == nil && m.root.IsCompromised(request.Public)
}

// kindOf is the kind of key that a record wants; "" where its request cannot be read.
func (m *Manager) kindOf(c *config.Config, record *config.Certificate) acmecore.KeyType {
	file := record.CSR.String()
	if file == "" {
		return c.KeysFor(record)[0]
	}
	request, err := m.root.Request(file)
	if err != nil {
		return ""
	}
	return request.Kind
}
