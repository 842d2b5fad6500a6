package control

import "golang.org/x/sys/unix"

// uidOf asks by SO_PEERCRED (unix(7)).
func uidOf(fd int) (int, error) {
	credentials, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(credentials.Uid), nil
}
