//go:build darwin || freebsd

package control

import "golang.org/x/sys/unix"

// uidOf asks by LOCAL_PEERCRED (unix(4)).
func uidOf(fd int) (int, error) {
	credentials, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(credentials.Uid), nil
}
