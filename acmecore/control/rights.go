package control

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"

	"wcme/acmecore"
)

// right is what an operation asks of its caller.
type right int

const (
	mayRead right = iota // see what is managed
	mayAct               // order, register, ask a CA
)

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

// allow decides: root and the overseer's own user may do everything; the
// script's user may read what a user whom the web server authenticated asks
// for; nobody else may do anything.
func (s *Server) allow(caller peer, wanted right, user string) error {
	switch {
	case !caller.known:
		return denied("the kernel does not say who asks")
	case caller.mayAll():
		return nil
	case s.Script < 0 || caller.uid != s.Script:
		return denied("this user is neither root nor the one of [script] user in wcme.toml")
	case user == "":
		return denied("the web server authenticated nobody")
	case wanted != mayRead:
		return denied("the script may not do this")
	}
	return nil
}

// mayAll tells whether it is root or the overseer's own user.
func (p peer) mayAll() bool { return p.known && (p.uid == 0 || p.uid == os.Geteuid()) }

// allowCheck keeps the script from sending the overseer's requests wherever it
// likes: it may have challenges checked of managed names only, as the host finds
// them.
func (s *Server) allowCheck(ctx context.Context, request ChallengeRequest) error {
	if peerFrom(ctx).mayAll() {
		return nil
	}
	if request.DNS != "" || request.Port != 0 {
		return denied("the script may choose neither a name server nor a port")
	}
	if len(request.Names) == 0 {
		return nil
	}
	certificates, err := s.Operations.List(ctx)
	if err != nil {
		return err
	}
	for _, name := range request.Names {
		if !slices.ContainsFunc(certificates, func(c acmecore.Certificate) bool { return slices.Contains(c.Names, name) }) {
			return denied("the script may have managed names checked only")
		}
	}
	return nil
}

func denied(why string) error {
	return &acmecore.Error{Kind: acmecore.Denied, Op: "ask the overseer", Cause: errors.New(why)}
}
