package manager

import (
	"context"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/metrics"
	"wcme/acmecore/overview"
	"wcme/acmecore/spread"
)

// Metrics implements control.Administration, as Status does.
func (m *Manager) Metrics(ctx context.Context) (string, error) {
	status, err := m.Status(ctx, false)
	if err != nil {
		return "", err
	}
	list, err := m.measured(ctx, new(measurements))
	if err != nil {
		return "", err
	}
	return metrics.Text(metrics.Facts{Status: status, Certificates: list})
}

// measurements are what was told of each certificate, so that its standing is read
// again only when the list has another entry for it: that has one whenever a file of
// the certificate has changed.
type measurements map[*overview.Entry]metrics.Certificate

// measured returns what is told of each certificate, and keeps it for the next time.
func (m *Manager) measured(ctx context.Context, before *measurements) ([]metrics.Certificate, error) {
	entries, err := m.listing.Entries(ctx)
	if err != nil {
		return nil, acmecore.InterruptedOr(err, "measure", "certificates")
	}
	list := make([]metrics.Certificate, len(entries))
	err = spread.Over(len(entries), func(i int) error {
		if known, found := (*before)[entries[i]]; found {
			list[i] = known
		} else if ctx.Err() == nil {
			list[i] = m.measure(entries[i].Certificate)
		}
		return nil
	})
	if err == nil {
		err = acmecore.InterruptedOr(ctx.Err(), "measure", "certificates")
	}
	if err != nil {
		return nil, err
	}
	fresh := make(measurements, len(entries))
	for i, entry := range entries {
		fresh[entry] = list[i]
		list[i].State = entry.State(m.now()) // which passes by itself
	}
	*before = fresh
	return list, nil
}

// measure reads what is remembered of a certificate.
func (m *Manager) measure(c acmecore.Certificate) metrics.Certificate {
	standing, err := m.root.Standing(c.ID)
	if err != nil {
		m.log.Warn("standing not read", "certificate", c.ID, "error", err)
	}
	told := metrics.Certificate{ID: c.ID, NotAfter: c.NotAfter, Served: servedUntil(standing.Served), Success: c.NotBefore, Failures: len(standing.Failures)}
	if len(standing.Failures) == 0 && standing.Attempted.After(c.NotBefore) {
		told.Success = standing.Attempted
	}
	return told
}

// servedUntil is the first end of the certificates that visitors were shown; zero where
// they were shown none.
func servedUntil(proofs []acmecore.Proof) (first time.Time) {
	for _, proof := range proofs {
		if end := proof.NotAfter; !end.IsZero() && (first.IsZero() || end.Before(first)) {
			first = end
		}
	}
	return first
}
