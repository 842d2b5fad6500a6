package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// Revoke implements control.Operations.
func (m *Manager) Revoke(ctx context.Context, request control.RevokeRequest, progress acmecore.Progress) (acmecore.Certificate, error) {
	return acmecore.Certificate{}, errors.ErrUnsupported
}
