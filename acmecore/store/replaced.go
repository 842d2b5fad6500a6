package store

import (
	"errors"
	"fmt"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// maxReplaced is how long a snapshot may be, in bytes.
const maxReplaced = 8 << 20

// PutReplaced keeps what stood in a target before a certificate was installed there,
// until the load that follows has come well to its end: whatever bytes the caller
// will need to put it back, keys among them. It is on disk when this returns.
func (r *Root) PutReplaced(id acmecore.ID, target string, snapshot []byte) error {
	path, err := r.replaced(id, target)
	if err != nil {
		return err
	}
	if err := r.writeOpaque(path, snapshot, maxReplaced, 0o600); err != nil {
		return fmt.Errorf("keep what %s replaces in %s: %w", id, target, err)
	}
	return nil
}

// Replaced returns what PutReplaced kept; nil when there is nothing. A damaged file
// is set aside, with an ErrDamaged.
func (r *Root) Replaced(id acmecore.ID, target string) ([]byte, error) {
	path, err := r.replaced(id, target)
	if err != nil {
		return nil, err
	}
	snapshot, err := readOpaque(path, maxReplaced)
	if err != nil {
		return nil, fmt.Errorf("read what %s replaced in %s: %w", id, target, err)
	}
	return snapshot, nil
}

// ForgetReplaced forgets what the certificate has replaced in all targets; that there
// is nothing is no error.
func (r *Root) ForgetReplaced(id acmecore.ID) error {
	if err := durable.Remove(r.path("priv", "replaced", string(id))); err != nil {
		return fmt.Errorf("forget what %s replaced: %w", id, err)
	}
	return nil
}

func (r *Root) replaced(id acmecore.ID, target string) (path string, err error) {
	if target == "" || len(target) > 64 || strings.Trim(target, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "name target", Subject: fmt.Sprintf("%q", acmecore.Inert(target)),
			Cause: errors.New("it is no name of a target"), Hint: "use up to 64 small letters, digits, '-' and '_'"}
	}
	return r.path("priv", "replaced", string(id), target+".json"), nil
}
