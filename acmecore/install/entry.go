package install

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

// Rights are a file's owner, group and permissions.
type Rights struct {
	UID  int    `json:"uid"` // -1 is whoever makes the file
	GID  int    `json:"gid"` // -1 is the group that the system gives it
	Mode uint32 `json:"mode"`
}

// kind is what stands under a name.
type kind string

const (
	absent   kind = "absent"
	file     kind = "file"
	ownLinks kind = "version" // a link of wCME's to the current version
	link     kind = "link"    // any other
	obstacle kind = "obstacle"
)

// entry is what stands under a name.
type entry struct {
	kind    kind
	content []byte // of the file, or of the one in the current version
	target  string // of a link
	rights  Rights
	problem error // why the content could not be read
}

// whole tells whether there is a file whose content is known.
func (e entry) whole() bool { return (e.kind == file || e.kind == ownLinks) && e.problem == nil }

// see looks at what stands under a name.
func (d *directory) see(name string) (entry, error) {
	info, err := d.stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return entry{kind: absent}, nil
	}
	if err != nil {
		return entry{}, err
	}
	found := entry{kind: obstacle, rights: rightsOf(info)}
	switch uint32(info.Mode) & unix.S_IFMT {
	case unix.S_IFLNK:
		found.kind = link
		found.target, err = d.readlink(name)
	case unix.S_IFREG:
		found.kind = file
		found.content, found.problem = d.read(name)
	}
	return found, err
}

func rightsOf(info unix.Stat_t) Rights {
	return Rights{UID: int(info.Uid), GID: int(info.Gid), Mode: uint32(info.Mode) & 0o7777}
}

// read reads a regular file, of at most maxFile bytes.
func (d *directory) read(name string) ([]byte, error) {
	opened, err := d.openFile(name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, d.problem("read", name, errors.New("that is no regular file")))
	}
	content := bytes.NewBuffer(make([]byte, 0, min(info.Size(), maxFile)+bytes.MinRead)) // read at once
	_, err = content.ReadFrom(io.LimitReader(opened, maxFile+1))
	text := content.Bytes()
	if err == nil && len(text) > maxFile {
		err = &acmecore.Error{Kind: acmecore.Invalid, Cause: d.problem("read", name, fmt.Errorf("it has more than %d bytes", maxFile)),
			Hint: "that is no certificate: move it away, or choose another name with `file`"}
	}
	return text, err
}

// tempSuffix ends the name of a temporary file, so that durable.IsHalfMade knows it.
const tempSuffix = ".wcme-0"

// temp is the name of the temporary file for a name. There is one for each, so
// that what a kill has left is found without a search.
func temp(name string) string { return "." + name + tempSuffix }

// draft writes the temporary file for a name, on disk when it returns.
func (d *directory) draft(name string, content []byte, rights Rights) error {
	if err := d.remove(temp(name)); err != nil {
		return err
	}
	return d.create(temp(name), content, rights)
}

// create makes a file. It has its rights before it has its content.
func (d *directory) create(name string, content []byte, rights Rights) error {
	made, err := d.openFile(name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL) // 0600
	if err != nil {
		return err
	}
	err = give(int(made.Fd()), d.join(name), rights)
	if err == nil {
		_, err = made.Write(content)
	}
	if err == nil {
		err = made.Sync()
	}
	if err = errors.Join(err, made.Close()); err != nil {
		return errors.Join(err, d.remove(name))
	}
	return nil
}

// give sets the rights of an open file.
func give(fd int, path string, rights Rights) error {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	is := rightsOf(info)
	if rights.UID == is.UID {
		rights.UID = -1
	}
	if rights.GID == is.GID {
		rights.GID = -1
	}
	if rights.UID != -1 || rights.GID != -1 {
		if err := unix.Fchown(fd, rights.UID, rights.GID); err != nil {
			return denied(fmt.Errorf("give it %s: %w", rights.owner(), err))
		}
	}
	if err := unix.Fchmod(fd, rights.Mode); err != nil {
		return &fs.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}

// owner names the owner and the group that are set.
func (r Rights) owner() string {
	switch {
	case r.GID == -1:
		return fmt.Sprintf("to user %d", r.UID)
	case r.UID == -1:
		return fmt.Sprintf("to group %d", r.GID)
	}
	return fmt.Sprintf("to user %d and group %d", r.UID, r.GID)
}

func denied(cause error) error {
	return &acmecore.Error{Kind: acmecore.Denied, Cause: cause,
		Hint: "run the overseer as root, or give as `owner` its own user, and a group that this user is a member of"}
}

// noLinks adds a hint for where links cannot be: FAT, and some file servers.
func noLinks(err error) error {
	for _, errno := range []error{unix.EPERM, unix.ENOTSUP, unix.ENOSYS, unix.EMLINK} {
		if errors.Is(err, errno) {
			return &acmecore.Error{Kind: acmecore.Invalid, Cause: err, Hint: "set `links = false` where there can be no symbolic links"}
		}
	}
	return err
}

// draftLink makes the temporary link for a name.
func (d *directory) draftLink(target, name string, owner Rights) error {
	if err := d.remove(temp(name)); err != nil {
		return err
	}
	if err := unix.Symlinkat(target, d.fd(), temp(name)); err != nil {
		return noLinks(d.problem("link", name, err))
	}
	if owner.UID == -1 {
		return nil
	}
	err := unix.Fchownat(d.fd(), temp(name), owner.UID, owner.GID, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return denied(d.problem("chown", name, err))
	}
	return nil
}
