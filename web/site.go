// Package web answers wCME's addresses: the challenge page, which is open to
// everyone and shows nothing but pending challenges, wherever the administrator
// has said that there are some, and the admin pages, which show what the overseer
// says to a user whom the web server has authenticated.
//
// New makes the handler. It expects requests whose URL.Path stands below wCME's
// mount point, and a Visitor in their context, which says where that mount
// point is and who asks: see WithVisitor. All addresses are in routes.go.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

// Site is what the pages are made from.
type Site struct {
	Challenges Challenges
	// Elsewhere is asked for what is not pending here; nil is nobody.
	Elsewhere Elsewhere
	Overseer  Overseer
	// Clock tells the time that "days left" is counted from.
	Clock func() time.Time
	// Log gets a line for what a visitor is not told.
	Log *slog.Logger
}

// Challenges are the pending challenges.
type Challenges interface {
	// Lookup returns the key authorization for what a visitor asked for, an
	// error that wraps challenge.ErrUnknown when there is none, and another
	// one when that cannot be known.
	Lookup(asked string) ([]byte, error)
}

// Elsewhere are the challenges that other ACME clients and other hosts answer.
type Elsewhere interface {
	// Find returns the answer, which has no text when there is none, and problems
	// that an administrator can mend.
	Find(ctx context.Context, question challenge.Question) (challenge.Answer, []error)
}

// Overseer is asked on behalf of the user in the context, see control.WithUser.
type Overseer interface {
	// List returns all managed certificates, ordered by ID.
	List(ctx context.Context) ([]acmecore.Certificate, error)
}

// New returns the handler of the site. It is a chi.Routes as well. Making one
// costs microseconds and asks nobody anything.
func New(site Site) http.Handler {
	return site.routes()
}
