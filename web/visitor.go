package web

import (
	"context"
	"net/url"
)

// Visitor is who asks, and where wCME is mounted for that request, as the web
// server says; nothing of it is taken from what the visitor sent.
type Visitor struct {
	Base    string // the path that wCME is mounted at, decoded, without a slash at its end; "" at the root
	User    string // whom the web server authenticated; "" for nobody
	Address string // IP address; "" when it is not known
	HTTPS   bool   // the connection to the web server is encrypted
	Server  string // what the web server calls itself, inert; "" when it does not say
}

type visitorKey struct{}

// WithVisitor returns a context for a request of the visitor.
func WithVisitor(ctx context.Context, visitor Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, visitor)
}

// VisitorFrom returns the visitor of WithVisitor, and without one somebody
// unknown at the root.
func VisitorFrom(ctx context.Context) Visitor {
	visitor, _ := ctx.Value(visitorKey{}).(Visitor)
	return visitor
}

// link returns the address of one of our paths in links and redirects: the one
// place that adds the base.
func (v Visitor) link(path string) string {
	return (&url.URL{Path: v.Base + path}).EscapedPath()
}
