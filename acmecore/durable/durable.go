// Package durable changes files so that a crash at any moment leaves the old
// content or the new one, and so that what has returned without an error
// outlives a power failure: write a temporary file in the same directory,
// fsync it, rename it, fsync the directory.
//
// The atomic replacement is github.com/google/renameio's, which leaves the
// directory to its caller.
//
// Each function passes points where package crash can kill a test's program, in this
// order: "create" (before a temporary file is made), "written" (and before it is
// synced), "rename", "renamed" (and before the directory is synced), "synced";
// "remove" and "removed". Their subject is the path that the function is about.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"

	"wcme/acmecore/crash"
)

// WriteFile replaces or creates the file. Its mode is perm whatever the umask
// and the mode of the file that was there, and never wider, not even for a
// moment. (renameio.WriteFile would keep the mode that was there.) When it fails, the
// file is what it was, unless the error is of the directory's fsync: then nobody
// knows which one a power failure would leave.
func WriteFile(path string, content []byte, perm fs.FileMode) error {
	crash.At("create", path)
	file, err := renameio.NewPendingFile(path,
		renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(perm), renameio.IgnoreUmask())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer file.Cleanup()
	if _, err := file.Write(content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	crash.At("written", path)
	crash.At("rename", path) // to a kill it is all the same whether there was an fsync
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return settle(path)
}

// settle makes what was just renamed durable.
func settle(path string) error {
	crash.At("renamed", path)
	if err := Sync(filepath.Dir(path)); err != nil {
		return err
	}
	crash.At("synced", path)
	return nil
}

// Symlink makes path a symbolic link to target, replacing the one that may be
// there by a rename.
func Symlink(target, path string) error {
	crash.At("create", path)
	crash.At("rename", path)
	if err := renameio.Symlink(target, path); err != nil {
		return fmt.Errorf("link %s: %w", path, err)
	}
	return settle(path)
}

// Rename moves a file or directory within one directory.
func Rename(from, to string) error {
	crash.At("rename", to)
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return settle(to)
}

// Remove removes a file or a whole directory, which is out of sight by one rename
// before anything in it is. That there is none is no error.
func Remove(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	crash.At("remove", path)
	if info.IsDir() {
		err = removeDirectory(path)
	} else {
		err = os.Remove(path)
	}
	crash.At("removed", path)
	return errors.Join(err, Sync(filepath.Dir(path)))
}

func removeDirectory(path string) error {
	aside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+goneSuffix)
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	if err := Rename(path, aside); err != nil {
		return err
	}
	return os.RemoveAll(aside)
}

// goneSuffix is the end of the name of a directory on its way out.
const goneSuffix = ".gone"

// IsHalfMade recognises the names that the functions of this package give to what
// is not finished: a leading dot, and a number or ".gone" at the end. What has
// such a name while nobody is at work was left by a kill.
func IsHalfMade(name string) bool {
	if !strings.HasPrefix(name, ".") || len(name) < 2 {
		return false
	}
	last := name[len(name)-1]
	return '0' <= last && last <= '9' || strings.HasSuffix(name, goneSuffix)
}

// Sync makes the entries of a directory durable. On a file system that syncs no
// directories (EINVAL, fsync(2)), there is nothing to be done.
func Sync(dir string) error {
	handle, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	err = handle.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	if err := errors.Join(err, handle.Close()); err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}
