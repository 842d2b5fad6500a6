// Package web answers wCME's addresses: the challenge page, which is open to
// everyone and shows nothing but pending challenges, wherever the administrator
// has said that there are some, and the admin pages, which show what the overseer
// says to a user whom it has admitted: whom the web server has authenticated, or who
// has logged in to wCME itself, as the configuration has it.
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
	"wcme/acmecore/control"
)

// Site is what the pages are made from.
type Site struct {
	Challenges Challenges
	// Elsewhere is asked for what is not pending here; nil is nobody.
	Elsewhere Elsewhere
	Overseer  Overseer
	// Clock tells the time that "days left" is counted from.
	Clock func() time.Time
	// Stays says that the program answers other requests while one is open: it runs as
	// a FastCGI server, say, and not once for each request.
	Stays bool
	// Gateway is how the web server runs this program: "CGI", "FastCGI", "HTTP".
	Gateway string
	// Alive is the overseer's sign of life; nil shows none.
	Alive Alive
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

// Alive is what the overseer leaves where the script can read it.
type Alive interface {
	// LastAlive returns when the overseer last said that it lives, and when it was
	// started.
	LastAlive() (at, since time.Time, err error)
}

// Overseer is asked for whoever looks at a page: see control.WithClaim.
type Overseer interface {
	control.Administration
	// Admit says whom the claim of the context is taken for.
	Admit(ctx context.Context) (acmecore.Admission, error)
	// Account serves wCME's own log-in.
	Account(ctx context.Context, request acmecore.AccountRequest) (acmecore.AccountAnswer, error)
}

// New returns the handler of the site. It is a chi.Routes as well. Making one
// costs microseconds and asks nobody anything.
func New(site Site) http.Handler {
	return site.routes()
}
