package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// Records lists the managed certificates, those that have a record in
// etc/certificates, ordered by ID. Files of other names are left out.
func (r *Root) Records() ([]acmecore.ID, error) {
	entries, err := os.ReadDir(r.path("etc", "certificates"))
	if err != nil {
		return nil, fmt.Errorf("list certificates: %w", err)
	}
	ids := make([]acmecore.ID, 0, len(entries))
	for _, entry := range entries {
		name, found := strings.CutSuffix(entry.Name(), ".toml")
		if id, err := acmecore.ParseID(name); err == nil && found {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Record returns the path and the content of a certificate's record; an error
// of kind NotFound when it is not managed, of kind Invalid when what is there is no
// file, or longer than 1 MiB.
func (r *Root) Record(id acmecore.ID) (path string, text []byte, err error) {
	path = r.record(id)
	text, err = readFollowed(path, maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		err = &acmecore.Error{Kind: acmecore.NotFound, Op: "read record", Subject: path,
			Cause: errors.New("there is none"), Hint: "`wcme list` shows what is managed"}
	}
	if errors.Is(err, ErrDamaged) {
		err = &acmecore.Error{Kind: acmecore.Invalid, Op: "read record", Subject: path, Cause: err,
			Hint: "move it away, and write it anew: wcme certify"}
	}
	return path, text, err
}

// PutRecord writes a certificate's record, unless that very text is there.
func (r *Root) PutRecord(id acmecore.ID, text []byte) error {
	if _, kept, err := r.Record(id); err == nil && string(kept) == string(text) {
		return nil
	}
	return durable.WriteFile(r.record(id), text, 0o644)
}

// DropRecord ends the management of a certificate. That there is no record is no
// error.
func (r *Root) DropRecord(id acmecore.ID) error {
	if err := durable.Remove(r.record(id)); err != nil {
		return fmt.Errorf("remove record: %w", err)
	}
	return nil
}

// RecordPath is where the record of a certificate is, or would be.
func (r *Root) RecordPath(id acmecore.ID) string { return r.record(id) }

func (r *Root) record(id acmecore.ID) string {
	return r.path("etc", "certificates", string(id)+".toml")
}
