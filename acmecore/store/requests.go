package store

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/keys"
)

// requestDigits is how many digits of a request's SHA-256 its file is named by.
const requestDigits = 16

// RequestPath is where certify keeps the certificate signing request of a certificate
// whose key is elsewhere: beside its record, relative to the state directory. The name has
// the beginning of the SHA-256 of the DER, so that another request is another file, and
// the record, which names it, changes over to it at once with everything else.
func RequestPath(id acmecore.ID, der []byte) string {
	digest := sha256.Sum256(der)
	return filepath.Join("etc", "certificates", string(id)+"-"+hex.EncodeToString(digest[:])[:requestDigits]+".csr")
}

// Request reads a certificate signing request, PEM or DER; a relative path is relative to
// the state directory. The error is of kind Invalid.
func (r *Root) Request(file string) (*keys.Request, error) {
	path := r.RequestFile(file)
	request, err := r.request(path)
	if err == nil {
		return request, nil
	}
	hint := acmecore.HintOf(err)
	if errors.Is(err, fs.ErrNotExist) || hint == "" {
		hint = "`csr` of the record names a certificate signing request; put one there, or give it anew: wcme certify --csr FILE"
	}
	return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "read", Subject: path, Cause: err, Hint: hint}
}

// RequestFile is the path of a request that a record names.
func (r *Root) RequestFile(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return r.path(file)
}

func (r *Root) request(path string) (*keys.Request, error) {
	text, err := readFollowed(path, maxRecord)
	if err != nil {
		return nil, err
	}
	return keys.ParseRequest(text)
}

// PutRequest keeps a request where RequestPath says.
func (r *Root) PutRequest(id acmecore.ID, request *keys.Request) error {
	path := r.path(RequestPath(id, request.DER))
	if kept, err := readFollowed(path, maxRecord); err == nil && bytes.Equal(kept, request.PEM()) {
		return nil
	}
	return durable.WriteFile(path, request.PEM(), 0o644)
}

// SweepRequests removes the requests that PutRequest has kept for a certificate and that
// no record names, those that were put aside among them. Call it while nobody is about to
// write the certificate's record.
func (r *Root) SweepRequests(id acmecore.ID) error {
	return r.sweepRequests(func(of acmecore.ID) bool { return of == id })
}

// sweepRequests removes the requests that no record names, of those certificates that
// isOf tells.
func (r *Root) sweepRequests(isOf func(acmecore.ID) bool) error {
	entries, err := os.ReadDir(r.path("etc", "certificates"))
	if err != nil {
		return unlessAbsent(err)
	}
	var kept []string
	for _, entry := range entries {
		if id, found := requestOf(entry.Name()); found && isOf(id) && r.isAsKept(id, entry.Name()) {
			kept = append(kept, entry.Name())
		}
	}
	if len(kept) == 0 {
		return nil
	}
	named, err := r.namedRequests(entries)
	if err != nil {
		return err
	}
	for _, name := range kept {
		if !named[name[len(name)-requestDigits-len(".csr"):]] {
			err = errors.Join(err, durable.Remove(r.path("etc", "certificates", name)))
		}
	}
	return err
}

// requestOf is the ID of the certificate that a file may be the request of, by its name.
func requestOf(name string) (id acmecore.ID, found bool) {
	name, found = strings.CutSuffix(name, ".csr")
	dash := len(name) - requestDigits - 1
	if !found || dash < 1 || name[dash] != '-' {
		return "", false
	}
	return acmecore.ID(name[:dash]), true
}

// isAsKept tells whether a file holds the request that its name says: one that somebody
// else has put there, or changed, is theirs.
func (r *Root) isAsKept(id acmecore.ID, name string) bool {
	request, err := r.request(r.path("etc", "certificates", name))
	return err == nil && name == filepath.Base(RequestPath(id, request.DER))
}

// namedRequests are the ends of the names of all requests that records name. It looks at
// their texts, so that a record that cannot be parsed keeps its request.
func (r *Root) namedRequests(entries []fs.DirEntry) (map[string]bool, error) {
	named := make(map[string]bool)
	for _, entry := range entries {
		if !strings.Contains(entry.Name(), ".toml") {
			continue
		}
		text, err := readFollowed(r.path("etc", "certificates", entry.Name()), maxRecord)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("sweep requests: %w", err)
		}
		parts := strings.Split(string(text), ".csr")
		for _, before := range parts[:len(parts)-1] {
			named[before[max(0, len(before)-requestDigits):]+".csr"] = true
		}
	}
	return named, nil
}

// IsAccountKey tells whether a public key is that of an account at any CA, of now or of
// before: CAs refuse such a key in a certificate (RFC 8555 section 11.1). Accounts that
// cannot be read do not count.
func (r *Root) IsAccountKey(public crypto.PublicKey) bool {
	found := false
	_ = filepath.WalkDir(r.path("priv", "accounts"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != keyFile {
			return nil
		}
		if key, err := readKey(path); err == nil && keys.Equal(public, key.Public()) {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}
