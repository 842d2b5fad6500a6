package manager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/limits"
	"wcme/acmecore/order"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
)

// obtain makes one attempt to obtain the certificate, at the CA in turn: unless that
// would refuse, by our own account of its limits. What comes of it is counted.
func (m *Manager) obtain(ctx context.Context, p *plan, report acmecore.Progress) error {
	if err := m.takeTurn(ctx, p, report); err != nil {
		return err
	}
	if err := m.untroubled(p.authority); err != nil && p.scheduled {
		return &atCAError{ca: p.ca, account: true, error: err}
	}
	if err := m.findRoom(p); err != nil {
		return err
	}
	p.exempt = m.exempt(p)
	err := m.tally(ctx, p, m.obtainAt(ctx, p, report))
	if err != nil {
		return &atCAError{ca: p.ca, error: err}
	}
	return m.root.DropAside(p.id)
}

// atCAError says which CA was asked, or would have been.
type atCAError struct {
	ca      string
	account bool // it waits for somebody before it does anything for the account
	error
}

func (e *atCAError) Unwrap() error { return e.error }

// blamed adds to a failure which CA it was at, and whether another one may fare better.
// That the CA could not validate names it has no fault in, unless CAA records keep it
// from issuing: these may permit another one.
func blamed(failure acmecore.Failure, err error) acmecore.Failure {
	at := new(atCAError)
	if !errors.As(err, &at) {
		return failure
	}
	failure.CA, failure.AtFault = at.ca, at.account
	switch failure.Kind {
	case acmecore.Unreachable:
		failure.AtFault = true
	case acmecore.Refused:
		failure.AtFault = at.account || hasProblem(err, "caa", "userActionRequired", "accountDoesNotExist", "externalAccountRequired") ||
			len(failure.Refused) == 0 && hasProblem(err, "unauthorized")
	}
	return failure
}

// hasProblem tells whether the CA told of a problem of one of these types (RFC 8555
// section 6.7).
func hasProblem(err error, types ...string) (has bool) {
	each(err, func(err error) {
		if problem, is := err.(*order.Problem); is {
			has = has || slices.Contains(types, strings.TrimPrefix(problem.Type, acmecore.ProblemPrefix))
		}
	})
	return has
}

// source says which CA a certificate comes from: the one in turn for the next order, and
// the one that has issued the current version.
func (m *Manager) source(situation *renew.Situation, record *config.Certificate) {
	c, cas := &situation.Certificate, m.Config().AuthoritiesFor(record)
	_, first, err := m.Config().Find(cas[0])
	if err == nil {
		situation.Authority = first.Directory.String()
	}
	if c.Version != "" {
		issue, err := m.root.Issue(c.ID, c.Version)
		if err != nil {
			m.log.Warn("it is not known which CA has issued a certificate", "certificate", c.ID, "error", err)
		}
		if situation.Issuer = cmp.Or(issue.Directory, situation.Authority); situation.Issuer != situation.Authority {
			c.IssuedBy = issue.CA
		}
	}
	if len(cas) < 2 {
		return
	}
	situation.Choice = m.choice(c.ID, c.Names, cas)
	if _, turn, err := m.Config().Find(cas[situation.Turn()]); err == nil {
		situation.Authority = turn.Directory.String()
	}
}

// listedWhole is listed, with how far the limits of the CA are used up, and with the CAs
// that may take its place.
func (m *Manager) listedWhole(id acmecore.ID) acmecore.Certificate {
	situation := stages{m}.Look(id)
	c := m.told(situation)
	if len(c.Names) == 0 {
		return c
	}
	used, sentence := m.limitsOf(situation)
	c.Limits = used
	if len(situation.Choice.CAs) > 0 {
		c.Alternatives = m.alternatives(id, c.Names, situation.Choice.CAs, situation.Turn())
	}
	last, blocked := limits.Blocked(used)
	if now := m.now(); blocked && !c.Renewal.At.After(now) && !c.Next.After(last.Until) {
		full := fullOf(last, sentence)
		c.Trouble, c.Hint, c.Next = full.Problem, full.Hint, full.Until
	}
	return c
}

// replacedBy has a certificate replaced that was revoked, and says who does so.
func (m *Manager) replacedBy(id acmecore.ID) string {
	if m.needsRequest(id) {
		return "takes another request, by another key: wcme certify --csr FILE"
	}
	if !m.keeps.Load() {
		return "the next daily pass does, or wcme manage at once"
	}
	m.pipeline.Wake(id)
	return "the overseer does now"
}

// choice is between the CAs of a certificate, as far as is known of them.
func (m *Manager) choice(id acmecore.ID, names []acmecore.Name, cas []string) renew.Choice {
	return renew.Choice{CAs: cas, After: m.Config().Renew.Failover, May: func(ca string) bool {
		return m.alternative(id, names, ca).Why == ""
	}}
}

// takeTurn finds the CA in turn for the plan, which is of the first one. Another one is
// looked at before it is asked, and passed over where it may not issue.
func (m *Manager) takeTurn(ctx context.Context, p *plan, report acmecore.Progress) error {
	cas := m.Config().AuthoritiesFor(p.record)
	if len(cas) < 2 {
		return nil
	}
	standing, err := m.root.Standing(p.id)
	if err != nil {
		m.log.Warn("standing not read", "certificate", p.id, "error", err)
	}
	choice := m.choice(p.id, p.names, cas)
	survey, passed := m.survey(), make(map[string]string)
	may := func(ca string) bool { return passed[ca] == "" && choice.May(ca) }
	for range cas {
		turn := schedule.Turn(cas, standing.Failures, m.facts(p.id), choice.After, may)
		if turn == 0 {
			return nil
		}
		why := survey.lookAt(ctx, p.id, p.names, p.record.Profile, cas[turn]).Why
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if why == "" || passed[cas[turn]] != "" { // there is no other
			return m.turnTo(p, cas[turn], report)
		}
		passed[cas[turn]] = why
		m.step(report, "order", cas[turn], "passed over: "+why)
	}
	return nil
}

// turnTo makes the plan one of another CA.
func (m *Manager) turnTo(p *plan, ca string, report acmecore.Progress) (err error) {
	first := p.ca
	if p.ca, p.authority, err = m.Config().Find(ca); err != nil {
		return err
	}
	m.step(report, "order", p.ca, fmt.Sprintf("in the place of %s, which has failed again and again", first))
	return order.CheckProfile(p.authority.Directory.String(), p.record.Profile, p.names)
}
