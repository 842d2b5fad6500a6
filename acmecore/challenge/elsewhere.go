package challenge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"wcme/acmecore"
)

// Question is what a visitor asks for.
type Question struct {
	Asked   string // what stands where the token stands
	Host    string // as the visitor named it, with a port or without one
	Relayed bool   // another wCME passes it on, so that it is not passed on again
}

// Answer is what is known of it.
type Answer struct {
	Text     []byte // the key authorization; nil where nobody knows one
	Received string // what the server that a probe was relayed to says of it, printable ASCII
}

// Relayer fetches an answer from the server that gives it.
type Relayer interface {
	// Fetch asks the URL `to`, with the token behind it. The text is the token's
	// key authorization, nil without an error where that server does not know the
	// token; the error says in one line why there is none.
	Fetch(ctx context.Context, to string, token acmecore.Token) (text []byte, received string, err error)
}

// Elsewhere knows of the challenges that are not pending here: those of other ACME
// clients on this host, and then those of the hosts behind it. What the overseer
// has published is read for each question, so that a process which answers many
// follows the configuration.
type Elsewhere struct {
	// Directory has the settings.
	Directory Directory
	// Relay reaches other servers; nil relays nothing.
	Relay Relayer
}

// Find answers a question that Directory.Lookup has no answer to. The problems,
// one line each, are for an administrator; there may be some beside an answer.
func (e Elsewhere) Find(ctx context.Context, q Question) (Answer, []error) {
	token, err := parseAsked(q.Asked)
	if err != nil {
		return Answer{}, nil
	}
	settings, err := e.Directory.Settings()
	if err != nil {
		return Answer{}, []error{err}
	}
	text, problems := settings.lookup(token)
	host, to := settings.target(q.Host)
	if text != nil || to == "" || q.Relayed || e.Relay == nil {
		return Answer{Text: text}, problems
	}
	text, received, err := e.Relay.Fetch(ctx, to, token)
	if err != nil {
		return Answer{}, append(problems, relayError(host, to, err))
	}
	return Answer{Text: text, Received: received}, problems
}

// lookup looks in the fallback directories.
func (s Settings) lookup(token acmecore.Token) (text []byte, problems []error) {
	for _, dir := range s.Fallback {
		text, err := Directory(dir).Lookup(string(token))
		switch {
		case err == nil:
			return text, problems
		case errors.Is(err, ErrUnknown):
		case errors.Is(err, fs.ErrNotExist): // other clients make theirs when they need it; the overseer warns once
		default:
			problems = append(problems, &acmecore.Error{Op: "look for other clients' challenges in", Subject: dir, Cause: bare(err),
				Hint: "let the web server's user read that directory and what is in it, or correct `fallback` in wcme.toml"})
		}
	}
	return nil, problems
}

func relayError(host acmecore.Name, to string, err error) error {
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "relay a challenge of", Subject: string(host), Cause: err,
		Hint: fmt.Sprintf("ask %s for it from this host, as with curl -i, and see [[relay]] in wcme.toml", acmecore.Inert(to))}
}

// IsToken tells whether a visitor has asked for what a token could be. All else is
// known nowhere.
func IsToken(asked string) bool {
	_, err := parseAsked(asked)
	return err == nil
}

// parseAsked takes the token from what was asked for: what is behind the first dot
// is the thumbprint, which some servers and tests append.
func parseAsked(asked string) (acmecore.Token, error) {
	text, _, _ := strings.Cut(asked, ".")
	return acmecore.ParseToken(text)
}
