package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Owner is who the state directory belongs to.
type Owner struct {
	UID int // the overseer's user
	GID int // the group of ROOT and of www; -1 leaves it as it is
}

// Give makes everything in the state directory the owner's, and returns how many
// entries changed hands. Modes stay: what the owner alone may read, it alone may
// read afterwards. Only root can do this.
//
// The group gets ROOT and www. It could do without: www stays open to every user,
// because challenges are public and other web servers may serve them from there.
// But a group says whose they are, and systemd takes a ROOT that has not the
// service's group for one that it must give away whole. No other directory is the
// group's, so that its members, the web server's user among them, do not get to
// read the log.
func (r *Root) Give(owner Owner) (changed int, err error) {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			var given bool
			given, err = give(root, path, entry, owner)
			if given {
				changed++
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a run has just ended
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("give the state directory to user %d: %w", owner.UID, err)
	}
	return changed, err
}

// OwnerID returns the user that the state directory belongs to: that of priv.
func (r *Root) OwnerID() (uid int, err error) {
	info, err := os.Stat(r.path("priv"))
	if err != nil {
		return 0, err
	}
	return int(info.Sys().(*syscall.Stat_t).Uid), nil
}

// Adopt gives what root has made in the state directory to its owner, the one of
// priv: otherwise an overseer that runs as that user could not read it. It does
// nothing for anybody but root.
func (r *Root) Adopt() error {
	owner, err := r.OwnerID()
	if err != nil || owner == 0 || os.Geteuid() != 0 {
		return err
	}
	_, err = r.Give(Owner{UID: owner, GID: -1})
	return err
}

// give changes one entry, where that is needed. Whoever owns the directory already
// may put anything in it while root is at work here: so what is opened is what is
// looked at and changed, it lies in the state directory, and a file that has a
// second name, which may be anywhere, is refused.
func give(root *os.Root, path string, entry fs.DirEntry, owner Owner) (given bool, err error) {
	switch entry.Type() {
	case fs.ModeSymlink:
		info, err := root.Lstat(path)
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) == owner.UID {
			return false, err
		}
		return true, root.Lchown(path, owner.UID, -1)
	case 0, fs.ModeDir:
	default: // a socket is its listener's
		return false, nil
	}
	file, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	found := info.Sys().(*syscall.Stat_t)
	gid := groupFor(path, int(found.Gid), owner)
	if int(found.Uid) == owner.UID && int(found.Gid) == gid {
		return false, nil
	}
	if !info.IsDir() && found.Nlink > 1 {
		return false, fmt.Errorf("%s has another name somewhere (a hard link); remove one of them", path)
	}
	return true, file.Chown(owner.UID, gid)
}

// groupFor returns the group that a path is to have.
func groupFor(path string, gid int, owner Owner) int {
	switch {
	case owner.GID < 0:
		return gid
	case path == ".", path == "www", strings.HasPrefix(path, "www/"):
		return owner.GID
	case path == "log" && gid == owner.GID: // systemd gives all of ROOT when it gives any
		return 0
	}
	return gid
}
