package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// revokedFile is the note beside the files of a version that its CA has revoked. It
// goes with the version.
const revokedFile = "revoked.json"

// VersionChain returns the chain of a version, DER with the leaf first, and the
// version's name: "" means the current one. The error is of kind NotFound when there
// is no such version.
func (r *Root) VersionChain(id acmecore.ID, version string) (chain [][]byte, name string, err error) {
	if version == "" {
		return r.Chain(id)
	}
	names, err := r.versions(id).list()
	if err != nil {
		return nil, "", fmt.Errorf("read certificate %s: %w", id, err)
	}
	if !slices.Contains(names, version) {
		return nil, "", &acmecore.Error{Kind: acmecore.NotFound, Op: "read certificate " + string(id) + " version", Subject: fmt.Sprintf("%q", acmecore.Inert(version)),
			Cause: errors.New("there is none"), Hint: hintVersions(id, names)}
	}
	text, err := readRegular(filepath.Join(string(r.versions(id)), version, chainFile), maxRecord)
	if err != nil {
		return nil, version, fmt.Errorf("read certificate %s: %w", id, err)
	}
	return decodeChain(text), version, nil
}

// NoteRevoked remembers that the CA has revoked a version; when it returns without an
// error, that is on disk.
func (r *Root) NoteRevoked(id acmecore.ID, version string, revocation acmecore.Revocation) error {
	if !isVersion(version) {
		return fmt.Errorf("note that %s is revoked: %q is no version", id, acmecore.Inert(version))
	}
	text, err := json.MarshalIndent(revocation, "", "  ")
	if err == nil {
		err = durable.WriteFile(r.revoked(id, version), append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("note that version %s of %s is revoked: %w", version, id, err)
	}
	return nil
}

// Revoked returns what is remembered of a version's revocation; found is false where
// that is nothing. Any note is one, whatever it holds: of a damaged one only the time
// of the file is known.
func (r *Root) Revoked(id acmecore.ID, version string) (revocation acmecore.Revocation, found bool, err error) {
	if !isVersion(version) {
		return revocation, false, nil
	}
	path := r.revoked(id, version)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return revocation, false, nil
	}
	if err != nil {
		return revocation, false, fmt.Errorf("read whether version %s of %s is revoked: %w", version, id, err)
	}
	text, err := readRegular(path, maxRecord)
	if err != nil || json.Unmarshal(text, &revocation) != nil || revocation.At.IsZero() {
		revocation = acmecore.Revocation{At: info.ModTime()}
	}
	revocation.At = revocation.At.UTC()
	return revocation, true, nil
}

func (r *Root) revoked(id acmecore.ID, version string) string {
	return filepath.Join(string(r.versions(id)), version, revokedFile)
}
