package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
// of kind NotFound when it is not managed.
func (r *Root) Record(id acmecore.ID) (path string, text []byte, err error) {
	path = r.record(id)
	text, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = &acmecore.Error{Kind: acmecore.NotFound, Op: "read record", Subject: path,
			Cause: errors.New("there is none"), Hint: "`wcme list` shows what is managed"}
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

func (r *Root) record(id acmecore.ID) string {
	return r.path("etc", "certificates", string(id)+".toml")
}

// Roots returns the PEM texts of the extra roots that the CA's own TLS is
// verified with: etc/cacert.pem where it exists, and the given file, relative
// to the state directory, unless it is "".
func (r *Root) Roots(file string) (texts [][]byte, err error) {
	text, err := os.ReadFile(r.path("etc", "cacert.pem"))
	if err == nil {
		texts = append(texts, text)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read roots: %w", err)
	}
	if file == "" {
		return texts, nil
	}
	if !filepath.IsAbs(file) {
		file = r.path(file)
	}
	text, err = os.ReadFile(file)
	if err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "read roots", Cause: err,
			Hint: "`roots` names a PEM file, relative to the state directory"}
	}
	return append(texts, text), nil
}
