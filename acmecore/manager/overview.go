package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
)

// Overview implements control.Administration.
func (m *Manager) Overview(ctx context.Context, query acmecore.Query) (acmecore.Overview, error) {
	return acmecore.Overview{}, errors.ErrUnsupported
}
