package store

import (
	"crypto"
	"errors"
	"io/fs"
	"path/filepath"

	"wcme/acmecore"
)

// VersionKey returns the key of a version; an error of kind NotFound where it is
// elsewhere.
func (r *Root) VersionKey(id acmecore.ID, version string) (crypto.Signer, error) {
	if !isVersion(version) {
		return nil, &acmecore.Error{Kind: acmecore.NotFound, Op: "read key of " + string(id) + " version", Subject: acmecore.Inert(version), Cause: errors.New("there is none")}
	}
	key, err := readKey(filepath.Join(string(r.versions(id)), version, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &acmecore.Error{Kind: acmecore.NotFound, Op: "read key of " + string(id) + " version", Subject: version,
			Cause: errors.New("it is not kept here"), Hint: "where the key is: wcme revoke --cert-file FILE --key-file FILE"}
	}
	return key, err
}
