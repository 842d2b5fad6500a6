package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"wcme/acmecore/durable"
)

// part is a directory of the state directory.
type part struct {
	name string
	mode fs.FileMode
}

// parts lists them, parents first. What holds keys is 0700; the web server's
// user must be able to reach www and no more.
func parts() []part {
	return []part{
		{"etc", 0o755},
		{"etc/certificates", 0o755},
		{"log", 0o750},
		{"priv", 0o700},
		{"priv/accounts", 0o700},
		{"priv/certificates", 0o700},
		{"priv/orders", 0o700},
		{"ssl", 0o755},
		{"www", 0o755},
	}
}

// publicParts are those that the web server's user needs.
func publicParts() []part { return []part{{"www", 0o755}} }

// Setup makes what is missing of a state directory, mends the modes of what is
// there, and writes the configuration, 0600 because it may come to hold
// secrets, unless there is one. It returns a line for each thing that it did;
// none when everything was in place.
func Setup(dir string, configuration []byte) (done []string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("set up: %w", err)
	}
	for _, part := range append([]part{{".", 0o755}}, parts()...) {
		line, err := setupDirectory(filepath.Join(dir, part.name), part.mode)
		if err != nil {
			return done, fmt.Errorf("set up: %w", err)
		}
		done = append(done, line...)
	}
	path := filepath.Join(dir, "etc", "wcme.toml")
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return done, err
	}
	if err := durable.WriteFile(path, configuration, 0o600); err != nil {
		return done, fmt.Errorf("set up: %w", err)
	}
	return append(done, fmt.Sprintf("wrote %s", path)), nil
}

func setupDirectory(path string, mode fs.FileMode) (done []string, err error) {
	err = os.Mkdir(path, mode)
	switch {
	case err == nil:
		done = append(done, fmt.Sprintf("made %s (%04o)", path, mode))
	case !errors.Is(err, fs.ErrExist):
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return done, err
	}
	if !info.IsDir() {
		return done, fmt.Errorf("%s is no directory", path)
	}
	if info.Mode().Perm() == mode {
		return done, nil
	}
	if len(done) == 0 { // a umask that narrowed what was just made is nobody's news
		done = append(done, fmt.Sprintf("changed the mode of %s from %04o to %04o", path, info.Mode().Perm(), mode))
	}
	return done, os.Chmod(path, mode)
}
