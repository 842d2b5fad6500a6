package store

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"wcme/acmecore"
)

// maxRoots is how long a file of roots may be, in bytes: a bundle of all there are has
// a quarter of a megabyte.
const maxRoots = 8 << 20

// Roots joins the roots that TLS is verified with: the system's, those of etc/cacert.pem
// where it exists, and those of the given file, relative to the state directory, unless
// it is "". nil means the system's alone.
func (r *Root) Roots(file string) (*x509.CertPool, error) {
	extra, err := r.extraRoots(file)
	if err != nil || len(extra) == 0 {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if slices.ContainsFunc(extra, func(text []byte) bool { return !pool.AppendCertsFromPEM(text) }) {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "read roots", Subject: file,
			Cause: errors.New("a file has no certificate in it"),
			Hint:  "etc/cacert.pem, and the file that `roots` names, are PEM files with at least one certificate"}
	}
	return pool, nil
}

// extraRoots are the PEM texts of those that are not the system's.
func (r *Root) extraRoots(file string) (texts [][]byte, err error) {
	text, err := readFollowed(r.path("etc", "cacert.pem"), maxRoots)
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
	text, err = readFollowed(file, maxRoots)
	if err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "read roots", Cause: err,
			Hint: "`roots` names a PEM file, relative to the state directory"}
	}
	return append(texts, text), nil
}
