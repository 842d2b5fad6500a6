package install

import "golang.org/x/sys/unix"

// searching opens a directory on the way, which need not be readable.
const searching = unix.O_PATH
