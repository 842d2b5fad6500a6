package store

import (
	"time"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

// Stamp is what the file system says of a file without opening it. Two of them are
// equal while nobody has changed the file, its rights, or what its name leads to: the
// time of the last change (st_ctime) is the kernel's own, which no program sets back.
type Stamp struct {
	device, inode uint64 // of nothing, the error's number and 0
	size, changed int64  // bytes; nanoseconds since 1970
}

// IsAbsent tells that there was no such file, or none that could be looked at.
func (s Stamp) IsAbsent() bool { return s.inode == 0 }

// ChangedAt is when the file, or what is said of it, was last changed.
func (s Stamp) ChangedAt() time.Time { return time.Unix(0, s.changed) }

// StampOf looks at what the path leads to.
func StampOf(path string) Stamp { return stampOf(path, 0) }

func stampOf(path string, flags int) Stamp {
	var info unix.Stat_t
	if err := unix.Fstatat(unix.AT_FDCWD, path, &info, flags); err != nil {
		number, _ := err.(unix.Errno)
		return Stamp{device: uint64(number)}
	}
	return Stamp{uint64(info.Dev), info.Ino, info.Size, info.Ctim.Nano()}
}

// StampOfPlace is that of a directory, whose own changes are those of the files in it:
// which one it is, and who may do what there.
func StampOfPlace(dir string) Stamp {
	var info unix.Stat_t
	if err := unix.Stat(dir, &info); err != nil {
		number, _ := err.(unix.Errno)
		return Stamp{device: uint64(number)}
	}
	return Stamp{uint64(info.Dev), info.Ino, int64(info.Mode), int64(info.Uid)<<32 | int64(info.Gid)}
}

// RecordsStamp is that of the directory of the records, which changes with each record
// that comes, goes or is replaced.
func (r *Root) RecordsStamp() Stamp { return StampOf(r.path("etc", "certificates")) }

// RecordStamp is that of a certificate's record.
func (r *Root) RecordStamp(id acmecore.ID) Stamp {
	return stampOf(r.dir+"/etc/certificates/"+string(id)+".toml", 0)
}

// OwnStamps is how many stamps Stamps adds.
const OwnStamps = 6

// Stamps adds to the list those of the files that tell how a certificate stands.
func (r *Root) Stamps(list []Stamp, id acmecore.ID) []Stamp {
	current := r.dir + "/priv/certificates/" + string(id) + "/" + currentLink // no filepath.Join: this is done ten thousand times a look
	return append(list,
		stampOf(r.dir+"/etc/certificates/"+string(id)+".toml", 0),
		stampOf(r.dir+"/priv/standing/"+string(id)+".json", 0),
		stampOf(current, unix.AT_SYMLINK_NOFOLLOW),
		stampOf(current+"/fullchain.pem", 0),
		stampOf(current+"/key.pem", 0),
		stampOf(current+"/revoked.json", 0))
}
