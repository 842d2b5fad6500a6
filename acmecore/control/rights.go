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

// right is what an operation asks of its caller: the least role of whoever looks at a
// page. Root and the overseer's own user need none on the command line.
type right acmecore.Role

// onlyOwn is the right of no page.
const onlyOwn right = ""

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

// name is the user, where a page asks.
func (a asked) name() string {
	if a.admission.User == "" {
		return a.claim.User
	}
	return a.admission.User
}

// allow finds out who asks, and whether that is enough for the operation. Beside an
// error is what was known until then.
func (s *Server) allow(r *http.Request, wanted right) (who asked, err error) {
	who.caller = peerFrom(r.Context())
	who.claim, who.forPage, err = readClaim(r)
	if err != nil {
		return who, &acmecore.Error{Kind: acmecore.Invalid, Op: "read who asks", Cause: err}
	}
	if err := s.mayConnect(who.caller, who.forPage); err != nil || !who.forPage {
		return who, err
	}
	if s.Access == nil || wanted == onlyOwn {
		return who, denied("the pages may not do this")
	}
	if who.admission, err = s.Access.Admit(r.Context(), who.claim); err != nil {
		return who, err
	}
	return who, allows(who.admission, acmecore.Role(wanted))
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
