package web_test

import (
	"context"
	"net/http"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/web"
)

// claims notes the tokens that the log-in is asked with.
type claims struct {
	web.Overseer
	forms []string
}

// Account implements web.Overseer.
func (c *claims) Account(ctx context.Context, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	claim, _ := control.ClaimFrom(ctx)
	c.forms = append(c.forms, claim.Form)
	return c.Overseer.Account(ctx, request)
}

// discard is a browser that reads nothing.
type discard struct{}

func (discard) Header() http.Header         { return make(http.Header) }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
