package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// removedSuffix is the end of the name of a record that was put aside.
const removedSuffix = ".removed"

// PutRecordAside ends the management of a certificate: its record stays beside the
// others as ID.toml.removed, so that its name without that end brings it back. One
// that was put aside earlier gets a number more. The error is of kind NotFound when
// there is no record.
func (r *Root) PutRecordAside(id acmecore.ID) (path string, err error) {
	if _, err := os.Lstat(r.record(id)); err != nil {
		_, _, problem := r.Record(id) // which says it in words
		return "", errors.Join(problem, unlessAbsent(err))
	}
	path = r.RecordAside(id)
	if err := makeRoom(path); err != nil {
		return "", fmt.Errorf("put record aside: %w", err)
	}
	if err := durable.Rename(r.record(id), path); err != nil {
		return "", fmt.Errorf("put record aside: %w", err)
	}
	return path, nil
}

// RecordAside is where PutRecordAside puts the record of a certificate.
func (r *Root) RecordAside(id acmecore.ID) string { return r.record(id) + removedSuffix }

// makeRoom renames what stands at the path to the next name with a number that is free.
func makeRoom(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return unlessAbsent(err)
	}
	for number := 2; ; number++ {
		older := fmt.Sprintf("%s-%d", path, number)
		if _, err := os.Lstat(older); errors.Is(err, fs.ErrNotExist) {
			return durable.Rename(path, older)
		} else if err != nil {
			return err
		}
	}
}

// unlessAbsent is the error, unless it says that there is no such file.
func unlessAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
