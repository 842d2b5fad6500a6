package control

import (
	"context"
	"fmt"
	"os"

	"wcme/acmecore"
)

type callerKey struct{}

// withCaller notes who asks, for the audit: the kernel's word, and beside it the
// user on whose behalf that is, whom Access has admitted.
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
