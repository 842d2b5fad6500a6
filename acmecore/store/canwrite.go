package store

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"wcme/acmecore"
)

// CanWrite tells whether the state directory takes what an order leads to, by
// writing as much and removing it: an order that cannot be kept is better not begun.
func (r *Root) CanWrite() error {
	err := probeWrite(r.path("priv"))
	if err == nil {
		return nil
	}
	problem := &acmecore.Error{Kind: acmecore.Internal, Op: "write in", Subject: r.path("priv"), Cause: err}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		problem.Hint = "there is no space left on its file system, or no inode: make room (df, df -i)"
	case errors.Is(err, syscall.EDQUOT):
		problem.Hint = "the quota of its owner is used up: make room, or raise it"
	case errors.Is(err, syscall.EROFS):
		problem.Hint = "its file system is mounted read-only: is the disk well?"
	case errors.Is(err, fs.ErrPermission):
		problem.Hint = "it must belong to the user that wCME runs as: wcme setup --owner gives it"
	}
	return problem
}

// probeSize is more than a key, a chain, a journal and the products need.
const probeSize = 64 << 10

func probeWrite(dir string) error {
	file, err := os.CreateTemp(dir, ".probe-*") // as durable.IsHalfMade knows it
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, rand.Reader, probeSize) // nothing that a file system could compress
	err = errors.Join(err, file.Sync(), file.Close())
	return errors.Join(err, os.Remove(file.Name()))
}
