package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"wcme/acmecore/durable"
)

// keepVersions is how many versions of a certificate stay, the current one
// included.
const keepVersions = 5

// versions is a directory of numbered versions, each a directory that is
// written once, and of a link that says which one is current. Whoever follows
// the link once sees files that belong together.
type versions string

const currentLink = "current"

// current returns the directory of the current version and its name; the error
// is fs.ErrNotExist when there is none.
func (v versions) current() (dir, version string, err error) {
	dir, version, err = v.follow()
	if err != nil {
		return "", "", err
	}
	if _, err := os.Stat(dir); err != nil {
		return "", "", fmt.Errorf("%s/%s: %w", v, currentLink, err)
	}
	return dir, version, nil
}

// follow is current for whoever opens a file in the directory next: that shows whether
// it is there.
func (v versions) follow() (dir, version string, err error) {
	version, err = os.Readlink(filepath.Join(string(v), currentLink))
	if err != nil {
		return "", "", err
	}
	if !isVersion(version) {
		return "", "", fmt.Errorf("%s/%s leads to %q, which is no version", v, currentLink, version)
	}
	return filepath.Join(string(v), version), version, nil
}

// list returns the names of all versions, the oldest first.
func (v versions) list() ([]string, error) {
	entries, err := os.ReadDir(string(v))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && isVersion(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	sort.Strings(names)
	return names, nil
}

// add writes the files, mode 0600, as a new version and makes it the current
// one by one rename of the link.
func (v versions) add(files map[string][]byte) (version string, err error) {
	version, err = v.write(files)
	if err != nil {
		return "", err
	}
	return version, durable.Symlink(version, filepath.Join(string(v), currentLink))
}

// write writes the files as a new version that is not yet the current one.
func (v versions) write(files map[string][]byte) (version string, err error) {
	if err := makeDirectory(string(v)); err != nil {
		return "", err
	}
	version, err = v.next()
	if err != nil {
		return "", err
	}
	draft, err := os.MkdirTemp(string(v), ".draft-") // 0700
	if err != nil {
		return "", err
	}
	for name, content := range files {
		if err := durable.WriteFile(filepath.Join(draft, name), content, 0o600); err != nil {
			return "", errors.Join(err, os.RemoveAll(draft))
		}
	}
	if err := durable.Rename(draft, filepath.Join(string(v), version)); err != nil {
		return "", errors.Join(err, os.RemoveAll(draft))
	}
	return version, nil
}

// next names the version after the newest one.
func (v versions) next() (string, error) {
	names, err := v.list()
	if err != nil || len(names) == 0 {
		return versionName(1), err
	}
	newest, err := strconv.Atoi(names[len(names)-1])
	return versionName(newest + 1), err
}

// prune removes drafts that a killed run left, and all but the newest keep
// versions; the current one and the one before it always stay.
func (v versions) prune(keep int) error {
	err := sweep(string(v))
	names, listErr := v.list()
	_, current, currentErr := v.current()
	if err := errors.Join(err, listErr, currentErr); err != nil {
		return err
	}
	for i, name := range names {
		recent := i >= len(names)-keep
		guarded := name == current || i+1 < len(names) && names[i+1] == current
		if !recent && !guarded {
			err = errors.Join(err, durable.Remove(filepath.Join(string(v), name)))
		}
	}
	return err
}

func versionName(number int) string { return fmt.Sprintf("%06d", number) }

func isVersion(name string) bool {
	return len(name) == 6 && strings.Trim(name, "0123456789") == ""
}

// makeDirectory makes a 0700 directory, and says nothing when it is there.
func makeDirectory(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return durable.Sync(filepath.Dir(path))
}
