package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
)

// Details implements control.Administration.
func (m *Manager) Details(ctx context.Context, id acmecore.ID) (acmecore.Details, error) {
	return acmecore.Details{}, errors.ErrUnsupported
}
