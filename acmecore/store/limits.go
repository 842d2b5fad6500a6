package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"wcme/acmecore/durable"
)

// maxLimits is how long the ledger of one CA may be, in bytes.
const maxLimits = 32 << 20

// maxEntry is how long one line of it is at most: of a certificate for a hundred names.
const maxEntry = 64 << 10

// Limits reads what has counted against the limits of the CA with the directory URL, one
// event a line: parse is given whole lines, and says whether they can be used. A line
// that a kill has left unfinished is left out. A damaged file is set aside, with an
// ErrDamaged. found is false where there is none, or none any more.
func (r *Root) Limits(directory string, parse func(lines []byte) error) (found bool, err error) {
	path := r.limits(directory)
	err = readOwn(path, maxLimits, func(text []byte) error {
		if err := parse(text[:bytes.LastIndexByte(text, '\n')+1]); err != nil {
			return fmt.Errorf("read %s: %w: %w", path, ErrDamaged, err)
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read what counts at %s: %w", directory, err)
	}
	return true, nil
}

// AddLimits adds whole lines to it; they are on disk when this returns. What is no file
// is set aside.
func (r *Root) AddLimits(directory string, lines []byte) error {
	if err := r.addLimits(r.limits(directory), lines); err != nil {
		return fmt.Errorf("note what counts at %s: %w", directory, err)
	}
	return nil
}

func (r *Root) addLimits(path string, lines []byte) error {
	if err := r.makeDirectories(filepath.Dir(path)); err != nil {
		return err
	}
	before, statErr := os.Lstat(path)
	file, err := openPrivate(path)
	if errors.Is(err, ErrDamaged) && statErr == nil {
		if _, err := setAside(path, before, time.Now()); err != nil {
			return err
		}
		file, err = openPrivate(path)
	}
	if err != nil {
		return err
	}
	err = appendWhole(file, lines)
	if statErr != nil && err == nil { // it is new
		err = durable.Sync(filepath.Dir(path))
	}
	return errors.Join(err, file.Close())
}

// openPrivate opens a file to add to, which nobody else can read.
func openPrivate(path string) (*os.File, error) {
	file, err := openRegular(path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if err := file.Chmod(0o600); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// appendWhole writes lines by one write, and none of them when they cannot be written
// whole. A line that a kill has left unfinished goes first.
func appendWhole(file *os.File, lines []byte) error {
	end, size, err := readEnd(file, maxEntry)
	if err != nil {
		return err
	}
	if whole := bytes.LastIndexByte(end, '\n') + 1; whole < len(end) {
		size -= int64(len(end) - whole)
		if err := file.Truncate(size); err != nil {
			return err
		}
	}
	if _, err := file.Write(lines); err != nil {
		return errors.Join(err, file.Truncate(size))
	}
	return file.Sync()
}

// PutLimits writes the ledger anew; it is on disk when this returns.
func (r *Root) PutLimits(directory string, lines []byte) error {
	path := r.limits(directory)
	err := r.makeDirectories(filepath.Dir(path))
	if err == nil {
		err = durable.WriteFile(path, lines, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep what counts at %s: %w", directory, err)
	}
	return nil
}

func (r *Root) limits(directory string) string {
	return r.path("priv", "limits", directoryName(directory)+".jsonl")
}
