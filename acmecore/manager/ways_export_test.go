package manager

import (
	"context"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/order"
)

// Provable prepares to prove the names of a certificate, and returns what an order gets.
func (m *Manager) Provable(ctx context.Context, record string, names ...acmecore.Name) (order.Challenges, func(), error) {
	parsed, err := config.ParseCertificate("record", []byte(record))
	if err != nil {
		return nil, nil, err
	}
	return m.provable(ctx, &plan{id: names[0].ID(), names: names, record: parsed}, func(acmecore.Step) {})
}

// Remember keeps the standing as the pipeline does.
func (m *Manager) Remember(id acmecore.ID, standing acmecore.Standing) error {
	return stages{m}.Remember(id, standing)
}

// Failure is what is noted of a failed attempt.
func (m *Manager) Failure(err error) acmecore.Failure { return stages{m}.Failure(err) }

// MethodsOf are those of a name in the order in which they are tried, before anything is
// prepared.
func (m *Manager) MethodsOf(record string, name acmecore.Name, standing acmecore.Standing) ([]acmecore.Method, error) {
	parsed, err := config.ParseCertificate("record", []byte(record))
	if err != nil {
		return nil, err
	}
	return m.ways(parsed, experience{proved: standing.Proved, balked: balked(standing.Failures)}).Methods(name)
}
