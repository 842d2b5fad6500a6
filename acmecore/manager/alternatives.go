package manager

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/caa"
	"wcme/acmecore/config"
)

// The words of acmecore.Alternative.CAA.
const (
	caaYes     = "yes"
	caaNo      = "no"
	caaUnknown = "unknown"
)

// permits are what was last looked up of CAs that may take the place of others, as
// priv/alternatives.json has it. It is read when it is first needed.
type permits struct {
	mu   sync.Mutex
	read bool
	permitted
}

// permitted is that file.
type permitted struct {
	Looked time.Time                         `json:"looked,omitzero"` // when all was last looked up, and revocation lists with it
	Of     map[acmecore.ID]map[string]permit `json:"of"`              // by the CA's name
}

// permit is what was looked up of one CA for the names of a certificate.
type permit struct {
	Names   string    `json:"names"` // that it is about
	CAA     string    `json:"caa"`
	Looked  time.Time `json:"looked"`
	Why     string    `json:"why,omitempty"`     // CAA records do not permit it, inert
	Profile string    `json:"profile,omitempty"` // that the CA has not; "" for none
}

// known returns what is remembered.
func (m *Manager) known(id acmecore.ID, ca string) permit {
	m.permits.mu.Lock()
	defer m.permits.mu.Unlock()
	m.readPermits()
	return m.permits.Of[id][ca]
}

// readPermits is called with the lock held.
func (m *Manager) readPermits() {
	if m.permits.read {
		return
	}
	m.permits.read = true
	text, err := m.root.Alternatives()
	if err == nil && text != nil {
		err = json.Unmarshal(text, &m.permits.permitted)
	}
	if err != nil {
		m.log.Warn("it is not known any more which CAs may be asked in the place of others; they are looked at again", "error", err)
	}
	if m.permits.Of == nil || err != nil {
		m.permits.permitted = permitted{Of: make(map[acmecore.ID]map[string]permit)}
	}
}

// rememberPermit keeps what was looked up, in memory; keepPermits writes it.
func (m *Manager) rememberPermit(id acmecore.ID, ca string, p permit) {
	m.permits.mu.Lock()
	defer m.permits.mu.Unlock()
	m.readPermits()
	if m.permits.Of[id] == nil {
		m.permits.Of[id] = make(map[string]permit)
	}
	m.permits.Of[id][ca] = p
}

// keepPermits writes what is known of the certificates that are managed.
func (m *Manager) keepPermits(managed []acmecore.ID) error {
	m.permits.mu.Lock()
	defer m.permits.mu.Unlock()
	m.readPermits()
	maps.DeleteFunc(m.permits.Of, func(id acmecore.ID, _ map[string]permit) bool {
		_, found := slices.BinarySearch(managed, id)
		return !found
	})
	text, err := json.Marshal(m.permits.permitted)
	if err != nil {
		return err
	}
	return m.root.PutAlternatives(append(text, '\n'))
}

// alternative says what is known of a CA, without asking anybody.
func (m *Manager) alternative(id acmecore.ID, names []acmecore.Name, ca string) acmecore.Alternative {
	known := m.known(id, ca)
	if known.Names != inOneLine(names) {
		known = permit{}
	}
	found := acmecore.Alternative{CA: ca, CAA: caaUnknown, Looked: known.Looked}
	if known.CAA != "" {
		found.CAA = known.CAA
	}
	_, authority, err := m.Config().Find(ca)
	if err == nil {
		found.Account = m.root.HasAccount(authority.Directory.String())
	}
	switch {
	case err != nil:
		found.Why = "there is no such CA"
	case !found.Account:
		found.Why = "there is no account at it"
	case found.CAA == caaNo:
		found.Why = known.Why
	case known.Profile != "":
		found.Why = "it has no profile " + known.Profile
	}
	return found
}

// alternatives are the CAs of a certificate beside the one in turn, in their order.
func (m *Manager) alternatives(id acmecore.ID, names []acmecore.Name, cas []string, turn int) (list []acmecore.Alternative) {
	if len(cas) < 2 {
		return nil
	}
	for i, ca := range cas {
		found := m.alternative(id, names, ca)
		found.InTurn = i == turn
		list = append(list, found)
	}
	return list
}

// survey looks at CAs that may take the place of others: each is asked once what it says
// of itself, for all certificates.
type survey struct {
	*Manager
	resolver *caa.Resolver
	found    map[string]surveyed
}

// surveyed is what a CA has answered.
type surveyed struct {
	answer acmecore.Authority
	err    error
}

// survey begins one. Without m.errands.dns the name servers of this host are asked.
func (m *Manager) survey() *survey {
	var servers []string
	if m.errands.dns != "" {
		servers = []string{m.errands.dns}
	}
	return &survey{Manager: m, resolver: caa.New(servers...), found: make(map[string]surveyed)}
}

// lookAt asks whether a CA may issue a certificate in the place of another: the CA for
// its profiles and for what it is called in CAA records, and the DNS for these.
func (s *survey) lookAt(ctx context.Context, id acmecore.ID, names []acmecore.Name, profile, ca string) acmecore.Alternative {
	limited, cancel := context.WithTimeout(ctx, caaTime)
	defer cancel()
	found := permit{Names: inOneLine(names), CAA: caaUnknown, Looked: s.now().UTC()}
	name, authority, err := s.Config().Find(ca)
	if err == nil && s.root.HasAccount(authority.Directory.String()) {
		asked, known := s.found[name]
		if !known {
			asked.answer, asked.err = s.CheckCA(limited, name)
			s.found[name] = asked
		}
		if asked.err == nil {
			found.CAA, found.Why = s.judgeCAA(limited, id, names, authority, asked.answer)
			if profile != "" && !slices.Contains(asked.answer.Profiles, profile) {
				found.Profile = acmecore.Inert(profile)
			}
		}
	}
	if ctx.Err() == nil {
		s.rememberPermit(id, ca, found)
	}
	return s.alternative(id, names, ca)
}

// judgeCAA tells what the CAA records of all names say of the CA, and why it may not
// issue.
func (s *survey) judgeCAA(ctx context.Context, id acmecore.ID, names []acmecore.Name, authority config.Authority, answer acmecore.Authority) (word, why string) {
	account, _, _ := s.account(authority) // none has no URL
	_, record := s.read(id)
	findings := make([]acmecore.Rehearsed, len(names))
	free := make(chan struct{}, maxLookups)
	var all sync.WaitGroup
	for i, name := range names {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			findings[i] = s.resolver.Check(ctx, caa.Question{Name: name, Identities: answer.CAA, Account: account.URL,
				Method: s.methodFor(record, name)})
		})
	}
	all.Wait()
	return summed(findings)
}

// methodFor is the method by which a name would be proved, as far as can be said.
func (m *Manager) methodFor(record *config.Certificate, name acmecore.Name) acmecore.Method {
	if methods, err := m.prover.Ways(record, acmecore.Standing{}).Methods(name); err == nil && len(methods) > 0 {
		return methods[0]
	}
	return acmecore.HTTP01
}

// summed is what the findings of all names come to.
func summed(findings []acmecore.Rehearsed) (word, why string) {
	word = caaYes
	for _, finding := range findings {
		switch {
		case finding.Wrong:
			return caaNo, finding.Text
		case finding.Unknown:
			word = caaUnknown
		}
	}
	return word, ""
}

// inOneLine are names as they are compared.
func inOneLine(names []acmecore.Name) string {
	var texts []string
	for _, name := range names {
		texts = append(texts, string(name))
	}
	return strings.Join(texts, " ")
}
