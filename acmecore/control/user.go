package control

import (
	"context"
	"fmt"
	"os"

	"wcme/acmecore"
)

type userKey struct{}

type callerKey struct{}

// withCaller notes who asks, for the audit: the kernel's word, and beside it the
// user on whose behalf that is, whoever says so.
func withCaller(ctx context.Context, caller peer, user string) context.Context {
	text := fmt.Sprintf("uid %d", caller.uid)
	if !caller.known {
		text = "unknown uid"
	}
	if user != "" {
		text = fmt.Sprintf("user %s (%s)", acmecore.Inert(user), text)
	}
	return context.WithValue(ctx, callerKey{}, text)
}

// CallerFrom says who asked for an operation: "uid 0", or "user alice (uid 33)" for
// one who signed in. In process it is this process's own user.
func CallerFrom(ctx context.Context) string {
	if text, found := ctx.Value(callerKey{}).(string); found {
		return text
	}
	return fmt.Sprintf("uid %d", os.Geteuid())
}

// WithUser returns a context whose requests a Client makes on behalf of the
// user whom the web server or wCME itself has authenticated. The command line
// needs none: there, the kernel says who asks.
func WithUser(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

// UserFrom returns the user of WithUser, "" where there is none.
func UserFrom(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}
