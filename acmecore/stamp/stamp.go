// Package stamp tells whether a file has changed, without opening it.
//
// Of looks at a path, and two Stamps of it are equal while nobody has changed the file,
// its rights, or what its name leads to. Whoever keeps what it has read from a file
// keeps the stamp from before that beside it, and reads the file again when it has
// another one, or when the first was not settled yet.
package stamp

import (
	"time"

	"golang.org/x/sys/unix"
)

// Stamp is what the file system says of a file. The time of the last change (st_ctime)
// is the kernel's own, which no program sets back.
type Stamp struct {
	Device, Inode uint64 // of nothing, the error's number and 0
	Size, Changed int64  // bytes; nanoseconds since 1970
}

// settled is how old a change must have been when the file was read: within the same
// moment a file can change twice, and the file system's moments are up to two seconds
// long (FAT).
const settled = 2 * time.Second

// Of looks at what the path leads to.
func Of(path string) Stamp { return of(path, 0) }

// OfLink looks at the symbolic link itself.
func OfLink(path string) Stamp { return of(path, unix.AT_SYMLINK_NOFOLLOW) }

func of(path string, flags int) Stamp {
	var info unix.Stat_t
	if err := unix.Fstatat(unix.AT_FDCWD, path, &info, flags); err != nil {
		return absent(err)
	}
	return Stamp{uint64(info.Dev), info.Ino, info.Size, info.Ctim.Nano()}
}

// OfPlace is that of a directory, whose own changes are those of the files in it: which
// one it is, and who may do what there.
func OfPlace(dir string) Stamp {
	var info unix.Stat_t
	if err := unix.Stat(dir, &info); err != nil {
		return absent(err)
	}
	return Stamp{uint64(info.Dev), info.Ino, int64(info.Mode), int64(info.Uid)<<32 | int64(info.Gid)}
}

func absent(err error) Stamp {
	number, _ := err.(unix.Errno)
	return Stamp{Device: uint64(number)}
}

// IsAbsent tells that there was no such file, or none that could be looked at.
func (s Stamp) IsAbsent() bool { return s.Inode == 0 }

// IsSettled tells whether a file that was read at that time cannot have changed since
// without getting another stamp.
func (s Stamp) IsSettled(read time.Time) bool {
	return read.Sub(time.Unix(0, s.Changed)) >= settled
}
