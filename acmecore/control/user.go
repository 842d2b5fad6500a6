package control

import "context"

type userKey struct{}

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
