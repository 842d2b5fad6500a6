package manager

import (
	"context"

	"wcme/acmecore"
)

// Log implements control.Administration.
func (m *Manager) Log(ctx context.Context, query acmecore.LogQuery) (acmecore.LogPage, error) {
	return m.records.Log(ctx, query)
}

// Run implements control.Administration.
func (m *Manager) Run(ctx context.Context, id string) (acmecore.Run, error) {
	return m.records.Run(ctx, id)
}

// Runs implements control.Administration.
func (m *Manager) Runs(ctx context.Context, query acmecore.RunQuery) (acmecore.RunList, error) {
	return m.records.Runs(ctx, query)
}

// Audit implements control.Administration.
func (m *Manager) Audit(ctx context.Context, query acmecore.AuditQuery) (acmecore.AuditPage, error) {
	return m.records.Audit(ctx, query)
}
