package manager

import (
	"context"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// CheckDNS implements control.Operations.
func (m *Manager) CheckDNS(ctx context.Context, request control.DNSRequest, progress acmecore.Progress) ([]acmecore.Trace, error) {
	names, err := m.prover.Traceable(request.Names)
	if err != nil {
		return nil, err
	}
	m.ordering.RLock() // nobody sweeps meanwhile
	defer m.ordering.RUnlock()
	tracer := m.prover.Tracer(m.steps("check dns", progress))
	traces := make([]acmecore.Trace, 0, len(names))
	for _, name := range names {
		traces = append(traces, tracer.Trace(ctx, name))
		if ctx.Err() != nil {
			return nil, acmecore.InterruptedOr(ctx.Err(), "check dns of", string(name))
		}
	}
	return traces, nil
}
