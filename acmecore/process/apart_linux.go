package process

import (
	"math"

	"golang.org/x/sys/unix"
)

// setApart gives the calling thread, and what it starts, a umask of its own: that of
// the process is in force for files that are written meanwhile. It also sees to it
// that what it starts gets no file that whoever started us left open; kernels before
// 5.11 cannot do that. It fails where unshare(2) is forbidden, as in Docker's
// containers.
func setApart(mask int) error {
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	unix.Umask(mask)
	return nil
}
