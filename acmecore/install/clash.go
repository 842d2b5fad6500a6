package install

import (
	"errors"
	"fmt"
	"path/filepath"

	"wcme/acmecore"
)

// Use is a certificate that goes to a target.
type Use struct {
	Target Target
	ID     acmecore.ID
	Names  []acmecore.Name
	Key    acmecore.KeyType
}

// Clashes tells which files would be written for two certificates, or for two
// targets: two certificates whose target has the file "server.pem", say. The
// errors, joined, are of kind Invalid and name both. A use whose names cannot be
// made is an error, too.
func Clashes(uses []Use) error {
	var problems error
	first := make(map[string]Use)
	dirs := make(map[string]string)
	for _, use := range uses {
		dir, known := dirs[use.Target.Dir]
		if !known {
			dir = realPath(use.Target.Dir)
			dirs[use.Target.Dir] = dir
		}
		target := use.Target
		target.algorithm = algorithmOf(use.Key)
		files, err := target.files(use.ID, use.Names)
		problems = errors.Join(problems, err)
		for _, file := range files {
			path := filepath.Join(dir, file)
			if other, taken := first[path]; taken {
				problems = errors.Join(problems, clash(other, use, path))
				break
			}
			first[path] = use
		}
	}
	return problems
}

// realPath is a directory's path without links, as far as it is there.
func realPath(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return filepath.Clean(dir)
}

func clash(a, b Use, path string) error {
	if a.ID == b.ID {
		return b.Target.invalid(fmt.Errorf("%s of %s would also be written by target %s", path, b.ID, a.Target.Name),
			"give the two targets different names of files, or directories")
	}
	word := "{name}"
	if one, other := algorithmOf(a.Key), algorithmOf(b.Key); one != other && one != "" && other != "" {
		word = "{name}, or {host} and {key},"
	}
	return b.Target.invalid(fmt.Errorf("the certificates %s and %s would both be %s", a.ID, b.ID, path),
		fmt.Sprintf("use %s in `file`, or let one of the two certificates go elsewhere with `install`", word))
}
