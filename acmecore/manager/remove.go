package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// Remove implements control.Operations.
func (m *Manager) Remove(ctx context.Context, request control.RemoveRequest, progress acmecore.Progress) error {
	return errors.ErrUnsupported
}
