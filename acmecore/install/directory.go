package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

// directory is an open directory. All that is done in it is done by plain names, and
// never through a link, so that it is done in this directory whatever becomes of
// the path that led here.
type directory struct {
	file *os.File
	path string // for errors
	uid  int    // its owner
	mode uint32 // its permissions, and the sticky bit
}

// groupAndOthersWrite is the permissions by which others than the owner may write.
const groupAndOthersWrite = 0o022

// openAt opens a directory within another, nil for none; its name is no link.
func openAt(parent *directory, name string, flags int) (*directory, error) {
	at, path := unix.AT_FDCWD, name
	if parent != nil {
		at, path = parent.fd(), parent.join(name)
	}
	fd, err := again(func() (int, error) {
		return unix.Openat(at, name, flags|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	d := &directory{file: os.NewFile(uintptr(fd), path), path: path}
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "stat", Path: path, Err: err}, d.close())
	}
	d.uid, d.mode = int(info.Uid), uint32(info.Mode)&0o7777
	return d, nil
}

// again repeats a system call that a signal has interrupted.
func again(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

func (d *directory) fd() int                 { return int(d.file.Fd()) }
func (d *directory) close() error            { return d.file.Close() }
func (d *directory) join(name string) string { return filepath.Join(d.path, name) }

// sync makes the entries durable. On a file system that syncs no directories (EINVAL,
// fsync(2)), there is nothing to be done.
func (d *directory) sync() error {
	if err := d.file.Sync(); !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}

// problem is an error about an entry; nil when err is.
func (d *directory) problem(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: d.join(name), Err: err}
}

// stat looks at an entry, at a link itself.
func (d *directory) stat(name string) (info unix.Stat_t, err error) {
	_, err = again(func() (int, error) {
		return 0, unix.Fstatat(d.fd(), name, &info, unix.AT_SYMLINK_NOFOLLOW)
	})
	return info, d.problem("stat", name, err)
}

func (d *directory) readlink(name string) (string, error) {
	text := make([]byte, 4096) // PATH_MAX
	n, err := again(func() (int, error) { return unix.Readlinkat(d.fd(), name, text) })
	if err != nil {
		return "", d.problem("readlink", name, err)
	}
	return string(text[:n]), nil
}

// openFile opens an entry that is no link, and does not block.
func (d *directory) openFile(name string, flags int) (*os.File, error) {
	fd, err := again(func() (int, error) {
		return unix.Openat(d.fd(), name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	})
	if err != nil {
		return nil, d.problem("open", name, err)
	}
	return os.NewFile(uintptr(fd), d.join(name)), nil
}

func (d *directory) rename(from, to string) error {
	return d.problem("rename to", to, unix.Renameat(d.fd(), from, d.fd(), to))
}

// remove removes an entry that is no directory. That there is none is no error.
func (d *directory) remove(name string) error {
	err := unix.Unlinkat(d.fd(), name, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return d.problem("remove", name, err)
}

// names lists the entries.
func (d *directory) names() ([]string, error) {
	copied, err := openAt(d, ".", unix.O_RDONLY) // with a position of its own
	if err != nil {
		return nil, err
	}
	names, err := copied.file.Readdirnames(-1)
	return names, errors.Join(err, copied.close())
}

// enter opens a directory in this one that belongs to root, to this process's
// user, or to this one's owner; make makes it when it is not there.
func (d *directory) enter(name string, make bool) (*directory, error) {
	inner, err := openAt(d, name, unix.O_RDONLY)
	if make && errors.Is(err, fs.ErrNotExist) {
		if err := d.mkdir(name); err != nil {
			return nil, err
		}
		inner, err = openAt(d, name, unix.O_RDONLY)
		err = errors.Join(err, d.sync())
	}
	if err != nil {
		return nil, err
	}
	if !ours(inner.uid) && inner.uid != d.uid {
		return nil, errors.Join(inner.close(), &acmecore.Error{Kind: acmecore.Denied,
			Cause: fmt.Errorf("%s belongs to user %d, who could read and change what is put there", inner.path, inner.uid),
			Hint:  "remove it: wCME makes its own"})
	}
	return inner, nil
}

// mkdir makes a directory that everybody may pass through, whatever the umask: what
// is in it has modes of its own.
func (d *directory) mkdir(name string) error {
	if err := unix.Mkdirat(d.fd(), name, 0o700); err != nil {
		return d.problem("make", name, err)
	}
	made, err := openAt(d, name, unix.O_RDONLY)
	if err != nil {
		return err
	}
	return errors.Join(made.file.Chmod(0o755), made.close())
}

// removeTree removes a directory with all that is in it. That there is none is no error.
func (d *directory) removeTree(name string) error {
	inner, err := openAt(d, name, unix.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return d.remove(name) // no directory
	}
	names, err := inner.names()
	for _, entry := range names {
		err = errors.Join(err, inner.removeTree(entry))
	}
	err = errors.Join(err, inner.close())
	if err == nil {
		err = d.problem("remove", name, unix.Unlinkat(d.fd(), name, unix.AT_REMOVEDIR))
	}
	return err
}
