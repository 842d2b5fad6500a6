package control

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"wcme/acmecore"
)

type callerKey struct{}

// withCaller notes who asks, for the audit: the kernel's word, and beside it whom
// Access has admitted, or whom a page names that was not.
func withCaller(ctx context.Context, who asked) context.Context {
	text := fmt.Sprintf("uid %d", who.caller.uid)
	if !who.caller.known {
		text = "unknown uid"
	}
	switch {
	case who.admission.Refusal == "" && who.admission.User != "":
		text = fmt.Sprintf("user %s (%s)", called(who.admission.User), text)
	case who.claim.User != "":
		text = fmt.Sprintf("a visitor named %s (%s)", called(who.claim.User), text)
	case who.forPage:
		text = fmt.Sprintf("a visitor (%s)", text)
	}
	return context.WithValue(ctx, callerKey{}, text)
}

// called is a name that says no more than one: in quotes where it has anything in it
// that names of users do not have.
func called(user string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-"
	if strings.Trim(user, plain) == "" {
		return user
	}
	return strconv.Quote(acmecore.Inert(user))
}

// CallerFrom says who asked for an operation: "uid 0", or "user alice (uid 33)" for
// one who signed in. In process it is this process's own user.
func CallerFrom(ctx context.Context) string {
	if text, found := ctx.Value(callerKey{}).(string); found {
		return text
	}
	return fmt.Sprintf("uid %d", os.Geteuid())
}
