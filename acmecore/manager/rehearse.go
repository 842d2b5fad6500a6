package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// Rehearse implements control.Operations.
func (m *Manager) Rehearse(ctx context.Context, request control.CertifyRequest, progress acmecore.Progress) (acmecore.Rehearsal, error) {
	return acmecore.Rehearsal{}, errors.ErrUnsupported
}

// Choices implements control.Administration.
func (m *Manager) Choices(ctx context.Context) (acmecore.Choices, error) {
	return acmecore.Choices{}, errors.ErrUnsupported
}
