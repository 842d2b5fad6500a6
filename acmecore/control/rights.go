package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"wcme/acmecore"
)

// right finds out who asks, and whether that is enough. Beside an error is what was
// known until then.
type right func(r *http.Request) (asked, error)

// peer is the process at the other end of a connection, as the kernel tells.
type peer struct {
	uid   int
	known bool
}

type peerKey struct{}

// withPeer asks the kernel once a connection.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	uid, err := peerUID(conn)
	return context.WithValue(ctx, peerKey{}, peer{uid: uid, known: err == nil})
}

func peerFrom(ctx context.Context) peer {
	caller, _ := ctx.Value(peerKey{}).(peer)
	return caller
}

// mayAll tells whether it is root or the overseer's own user.
func (p peer) mayAll() bool { return p.known && (p.uid == 0 || p.uid == os.Geteuid()) }

// mayConnect decides by the kernel's word alone: root and the overseer's own user may
// do everything; the script's user may ask for whoever looks at a page; nobody else may
// do anything.
func (s *Server) mayConnect(caller peer, forPage bool) error {
	switch {
	case !caller.known:
		return denied("the kernel does not say who asks")
	case caller.mayAll():
		return nil
	case s.Script < 0 || caller.uid != s.Script:
		return denied("this user is neither root nor the one of [script] user in wcme.toml")
	case !forPage:
		return denied("the script asks for nobody")
	}
	return nil
}

// asked is who asks, as far as it is known.
type asked struct {
	caller    peer
	forPage   bool
	claim     acmecore.Claim
	admission acmecore.Admission // of a page
}

// identify finds out who asks.
func (s *Server) identify(r *http.Request) (who asked, err error) {
	who.caller = peerFrom(r.Context())
	if who.claim, who.forPage, err = readClaim(r); err != nil {
		return who, &acmecore.Error{Kind: acmecore.Invalid, Op: "read who asks", Cause: err}
	}
	return who, s.mayConnect(who.caller, who.forPage)
}

// ofOwn is the right of root and the overseer's own user, and of no page.
func (s *Server) ofOwn(r *http.Request) (asked, error) {
	who, err := s.identify(r)
	if err == nil && who.forPage {
		err = denied("the pages may not do this")
	}
	return who, err
}

// ofRole is the right of those too who look at a page and have the role.
func (s *Server) ofRole(role acmecore.Role) right {
	return func(r *http.Request) (asked, error) {
		who, err := s.identify(r)
		if err != nil || !who.forPage {
			return who, err
		}
		if s.Access == nil {
			return who, denied("the pages may not do this")
		}
		if who.admission, err = s.Access.Admit(r.Context(), who.claim); err != nil {
			return who, err
		}
		return who, allows(who.admission, role)
	}
}

// ofVisitor is the right of whoever looks at a page: Access decides itself.
func (s *Server) ofVisitor(r *http.Request) (asked, error) {
	who, err := s.identify(r)
	if err == nil && (s.Access == nil || !who.forPage) {
		err = denied("this is for the pages")
	}
	return who, err
}

// allows tells whether whoever was admitted has the role.
func allows(admission acmecore.Admission, wanted acmecore.Role) error {
	switch {
	case admission.Refusal == acmecore.RefusedNobody:
		return denied("nobody is signed in")
	case admission.Refusal != "":
		return denied("the page was refused: " + string(admission.Refusal))
	case !admission.Role.May(wanted):
		return &acmecore.Error{Kind: acmecore.Denied, Op: "ask the overseer",
			Cause: fmt.Errorf("%s has the role %q, and this needs %q", admission.User, admission.Role, wanted),
			Hint:  "[admin] in wcme.toml, or `wcme admin`, says who has which role"}
	}
	return nil
}

func denied(why string) error {
	return &acmecore.Error{Kind: acmecore.Denied, Op: "ask the overseer", Cause: errors.New(why)}
}
