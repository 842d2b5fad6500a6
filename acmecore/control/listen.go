package control

import (
	"errors"
	"net"

	"wcme/acmecore"
	"wcme/acmecore/socket"
)

// Listen opens the overseer's socket with mode 0660 and the group gid (-1 keeps
// the overseer's own), as socket.Listen does. A socket that another overseer
// answers on is an error of kind Busy.
func Listen(path string, gid int) (net.Listener, error) {
	listener, err := socket.Listen(path, socket.Access{Mode: 0o660, UID: -1, GID: gid})
	if acmecore.KindOf(err) == acmecore.Busy {
		return nil, &acmecore.Error{Kind: acmecore.Busy, Op: "listen on", Subject: path,
			Cause: errors.New("another overseer answers there"), Hint: "stop that one first, or give another --root"}
	}
	return listener, err
}
