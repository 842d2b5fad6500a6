//go:build linux || darwin || freebsd || dragonfly

package manager

import (
	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

// measure asks the file system (statfs(2)) what users without privileges have left.
func measure(path string, disk *acmecore.Disk) error {
	var found unix.Statfs_t
	if err := unix.Statfs(path, &found); err != nil {
		return err
	}
	block := uint64(found.Bsize)
	disk.Free, disk.Size = uint64(max(int64(found.Bavail), 0))*block, uint64(found.Blocks)*block // what root alone may have can make Bavail negative
	disk.FreeFiles, disk.Files = uint64(max(int64(found.Ffree), 0)), uint64(found.Files)
	return nil
}
