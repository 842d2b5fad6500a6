// Package login is wCME's own log-in.
package login

import (
	"context"
	"errors"

	"wcme/acmecore"
)

// Desk implements access.Sessions.
type Desk struct{}

// Session implements access.Sessions.
func (d *Desk) Session(claim acmecore.Claim) (user string, role acmecore.Role, key string) {
	return "", "", ""
}

// Account implements access.Sessions.
func (d *Desk) Account(ctx context.Context, claim acmecore.Claim, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	return acmecore.AccountAnswer{}, errors.ErrUnsupported
}
