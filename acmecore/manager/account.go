package manager

import (
	"context"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// AccountAtCA implements control.Operations.
func (m *Manager) AccountAtCA(_ context.Context, request control.AccountAtCARequest, _ acmecore.Progress) (acmecore.Account, error) {
	return acmecore.Account{}, &acmecore.Error{Kind: acmecore.Internal, Op: string(request.Deed), Cause: errors.New("not there yet")}
}
