package report_test

import "golang.org/x/sys/unix"

// waits tells whether a socket has something to read.
func waits(fd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return err != nil || n > 0
}
