package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
)

// Status implements control.Administration.
func (m *Manager) Status(ctx context.Context, configuration bool) (acmecore.Status, error) {
	return acmecore.Status{}, errors.ErrUnsupported
}

// Metrics implements control.Administration.
func (m *Manager) Metrics(ctx context.Context) (string, error) {
	return "", errors.ErrUnsupported
}
