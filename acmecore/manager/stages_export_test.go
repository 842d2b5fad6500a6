package manager

import "wcme/acmecore"

// Remember keeps the standing as the pipeline does.
func (m *Manager) Remember(id acmecore.ID, standing acmecore.Standing) error {
	return stages{m}.Remember(id, standing)
}

// Failure is what is noted of a failed attempt.
func (m *Manager) Failure(err error) acmecore.Failure { return stages{m}.Failure(err) }
