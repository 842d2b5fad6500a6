package manager

import (
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/limits"
)

// budget is how much of what a CA allows is used up, as its ledger has it. What a CA does
// not publish, nobody knows: it has no limit there.
func (m *Manager) budget(authority config.Authority, names []acmecore.Name) acmecore.Budget {
	directory, now := authority.Directory.String(), m.now()
	rules := limits.Published(directory)
	m.ledgers.mu.Lock()
	defer m.ledgers.mu.Unlock()
	l := m.ledger(directory)
	return acmecore.Budget{FailuresHour: l.CountRefusals(names, now.Add(-time.Hour)), FailuresLimit: rules.Refusals.Count,
		Issued7Days: l.CountIssued(names, now.Add(-7*24*time.Hour)), Issued7Limit: rules.Same.Count}
}

// allowance is the budget of a certificate at the CA that is asked first.
func (m *Manager) allowance(read reading) acmecore.Budget {
	_, authority, err := m.Config().Find(m.firstCA(read.record))
	if err != nil {
		return acmecore.Budget{}
	}
	return m.budget(authority, read.Names)
}
