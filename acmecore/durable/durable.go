// Package durable changes files so that a crash at any moment leaves the old
// content or the new one, and so that what has returned without an error
// outlives a power failure: write a temporary file in the same directory,
// fsync it, rename it, fsync the directory.
//
// The atomic replacement is github.com/google/renameio's, which leaves the
// directory to its caller.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// WriteFile replaces or creates the file. Its mode is perm whatever the umask
// and the mode of the file that was there, and never wider, not even for a
// moment. (renameio.WriteFile would keep the mode that was there.)
func WriteFile(path string, content []byte, perm fs.FileMode) error {
	dir := filepath.Dir(path)
	file, err := renameio.NewPendingFile(path,
		renameio.WithTempDir(dir), renameio.WithPermissions(perm), renameio.IgnoreUmask())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer file.Cleanup()
	if _, err := file.Write(content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return Sync(dir)
}

// Symlink makes path a symbolic link to target, replacing the one that may be
// there by a rename.
func Symlink(target, path string) error {
	if err := renameio.Symlink(target, path); err != nil {
		return fmt.Errorf("link %s: %w", path, err)
	}
	return Sync(filepath.Dir(path))
}

// Rename moves a file or directory within one directory.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return Sync(filepath.Dir(to))
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
	if !info.IsDir() {
		return errors.Join(os.Remove(path), Sync(filepath.Dir(path)))
	}
	aside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+goneSuffix)
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	if err := Rename(path, aside); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(aside), Sync(filepath.Dir(path)))
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

// Sync makes the entries of a directory durable.
func Sync(dir string) error {
	handle, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	if err := errors.Join(handle.Sync(), handle.Close()); err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}
