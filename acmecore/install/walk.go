package install

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

// walk goes down a path, from one open directory to the next.
type walk struct {
	at    *directory
	parts []string // still to go
	links int      // followed so far
}

// maxLinks is how many symbolic links a path may lead through: the kernel's limit.
const maxLinks = 40

// openPath opens the directory at an absolute path, and follows those links that
// the package's comment says.
func openPath(path string) (*directory, error) {
	top, err := openAt(nil, "/", searching)
	if err != nil {
		return nil, err
	}
	w := walk{at: top, parts: split(path)}
	for len(w.parts) > 0 {
		if err := w.step(); err != nil {
			return nil, errors.Join(err, w.at.close())
		}
	}
	opened, err := openAt(w.at, ".", unix.O_RDONLY)
	return opened, errors.Join(err, w.at.close())
}

// split returns the names in a path.
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

// step enters the next directory, or puts what a link says in its place.
func (w *walk) step() error {
	name := w.parts[0]
	next, err := openAt(w.at, name, searching)
	if err == nil {
		w.parts = w.parts[1:]
		return w.move(next)
	}
	target, linkErr := w.at.ownLink(name)
	switch {
	case errors.Is(linkErr, errNoLink):
		return err
	case linkErr != nil:
		return linkErr
	case w.links == maxLinks:
		return w.at.problem("open", name, unix.ELOOP)
	}
	w.links++
	w.parts = append(split(target), w.parts[1:]...)
	if !filepath.IsAbs(target) {
		return nil
	}
	top, err := openAt(nil, "/", searching)
	if err != nil {
		return err
	}
	return w.move(top)
}

func (w *walk) move(next *directory) error {
	before := w.at
	w.at = next
	return before.close()
}

var errNoLink = errors.New("that is no link")

// ownLink returns where a link leads that root or this process's user has made, and
// nobody else can have put there.
func (d *directory) ownLink(name string) (string, error) {
	info, err := d.stat(name)
	if err != nil || uint32(info.Mode)&unix.S_IFMT != unix.S_IFLNK {
		return "", errNoLink
	}
	sticky := d.mode&unix.S_ISVTX != 0
	if !ours(int(info.Uid)) || !ours(d.uid) || d.mode&groupAndOthersWrite != 0 && !sticky {
		return "", &acmecore.Error{Kind: acmecore.Denied,
			Cause: fmt.Errorf("%s is a symbolic link that user %d may have made, to lead elsewhere", d.join(name), d.other(int(info.Uid))),
			Hint:  "give the path that it leads to as `dir`"}
	}
	return d.readlink(name)
}

// other names who is not trusted with a link: its owner, or the directory's.
func (d *directory) other(uid int) int {
	if ours(uid) {
		return d.uid
	}
	return uid
}

// ours tells whether a user is root or this process's own: whom it trusts.
func ours(uid int) bool { return uid == 0 || uid == os.Geteuid() }
