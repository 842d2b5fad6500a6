package control

import (
	"errors"
	"net"
)

// peerUID returns the user id of the process at the other end of a Unix socket,
// as the kernel noted it when that process connected.
func peerUID(conn net.Conn) (uid int, err error) {
	socket, ok := conn.(*net.UnixConn)
	if held, isHeld := conn.(*held); isHeld {
		socket, ok = held.UnixConn, true
	}
	if !ok {
		return -1, errors.New("not a Unix socket")
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return -1, err
	}
	var asked error
	err = raw.Control(func(fd uintptr) { uid, asked = uidOf(int(fd)) })
	return uid, errors.Join(err, asked)
}
