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

// Remove removes a file or a whole directory. That there is none is no error.
func Remove(path string) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	err := Sync(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
