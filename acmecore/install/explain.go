package install

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

// explanations say who must act on what a system call answers, and how.
func explain(err error) (acmecore.Kind, string) {
	for _, known := range []struct {
		errno error
		kind  acmecore.Kind
		hint  string
	}{
		{unix.ENOSPC, acmecore.Internal, "there is no space left on its file system, or no inode: make room (df, df -i)"},
		{unix.EDQUOT, acmecore.Internal, "the quota of its owner is used up: make room, or raise it"},
		{unix.EFBIG, acmecore.Internal, "files may not become as long there: raise the limit (ulimit -f)"},
		{unix.EIO, acmecore.Internal, "the disk may be failing: look at the kernel's log"},
		{unix.ESTALE, acmecore.Internal, "the file server has lost the directory: mount it again"},
		{unix.EROFS, acmecore.Denied, "its file system is mounted read-only; under systemd, ReadWritePaths= opens a directory"},
		{unix.EPERM, acmecore.Denied, "the file or its directory may be immutable: lsattr shows it, and chattr -i undoes it"},
		{fs.ErrPermission, acmecore.Denied, "let the user that wcme runs as write in that directory: by its owner and mode, and under systemd by ReadWritePaths="},
		{unix.ENOENT, acmecore.Invalid, "make that directory, or correct `dir`"},
		{unix.ENOTDIR, acmecore.Invalid, "give a directory as `dir`"},
		{unix.ELOOP, acmecore.Invalid, "symbolic links lead in a circle: give the real path as `dir`"},
		{unix.ENAMETOOLONG, acmecore.Invalid, "choose a shorter name with `file`"},
		{unix.EMFILE, acmecore.Internal, "raise the limit of open files (ulimit -n, LimitNOFILE=)"},
	} {
		if errors.Is(err, known.errno) {
			return known.kind, known.hint
		}
	}
	return acmecore.Internal, ""
}

// bare is the cause without the path, which the sentence names already.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
