package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
)

// Runs implements control.Administration.
func (m *Manager) Runs(ctx context.Context, query acmecore.RunQuery) (acmecore.RunList, error) {
	return acmecore.RunList{}, errors.ErrUnsupported
}

// Run implements control.Administration.
func (m *Manager) Run(ctx context.Context, id string) (acmecore.Run, error) {
	return acmecore.Run{}, errors.ErrUnsupported
}

// Log implements control.Administration.
func (m *Manager) Log(ctx context.Context, query acmecore.LogQuery) (acmecore.LogPage, error) {
	return acmecore.LogPage{}, errors.ErrUnsupported
}

// Audit implements control.Administration.
func (m *Manager) Audit(ctx context.Context, query acmecore.AuditQuery) (acmecore.AuditPage, error) {
	return acmecore.AuditPage{}, errors.ErrUnsupported
}
