package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// Begin implements control.Administration.
func (m *Manager) Begin(ctx context.Context, task control.Task, key string) (acmecore.Job, error) {
	return acmecore.Job{}, errors.ErrUnsupported
}

// Job implements control.Administration.
func (m *Manager) Job(ctx context.Context, id string, after int) (acmecore.Job, error) {
	return acmecore.Job{}, errors.ErrUnsupported
}
