//go:build unix && !linux

package install

import "golang.org/x/sys/unix"

// searching opens a directory on the way, which has to be readable here.
const searching = unix.O_RDONLY
