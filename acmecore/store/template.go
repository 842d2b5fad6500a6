package store

import (
	"path/filepath"

	"wcme/acmecore"
)

// maxTemplate is how long a target's template may be, in bytes.
const maxTemplate = 64 << 10

// Template returns the text of a target's template; a relative path is relative to
// the state directory.
func (r *Root) Template(file string) (string, error) {
	if !filepath.IsAbs(file) {
		file = r.path(file)
	}
	text, err := readFollowed(file, maxTemplate)
	if err != nil {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "read template", Subject: file, Cause: err,
			Hint: "`template` names a text file, relative to the state directory"}
	}
	return string(text), nil
}
