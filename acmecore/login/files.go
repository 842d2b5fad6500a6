package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Files keeps what the log-in knows, in a few small files that nobody else can read.
type Files interface {
	// Read gives the content of a file to parse, and nothing where there is none. One
	// that parse refuses is kept aside, and counts as missing from then on; the error
	// says so.
	Read(name string, parse func([]byte) error) error
	// Write replaces a file, at once and for good.
	Write(name string, content []byte) error
	// Stamp is another one whenever the file is; "" where there is none. It costs next to
	// nothing.
	Stamp(name string) (string, error)
	// Lock keeps other processes from changing the users until it is released.
	Lock(ctx context.Context) (release func() error, err error)
}

// The names of the files. Administrators' programs change the users; the rest is the
// overseer's alone.
const (
	usersFile    = "users"
	sessionsFile = "sessions"
	keysFile     = "keys"
	triesFile    = "tries"
)

// version is the version of the form of each file.
const version = 1

// versioned is what each file has in it.
type versioned[T any] struct {
	Version int `json:"version"`
	Content T   `json:"content"`
}

// errNewer says that a file was written by a newer wCME, whose it stays.
var errNewer = errors.New("it was written by a newer wCME")

// read reads a file; the zero value where there is none.
func read[T any](files Files, name string) (T, error) {
	var file versioned[T]
	err := files.Read(name, func(text []byte) error {
		file = versioned[T]{}
		if err := json.Unmarshal(text, &file); err != nil {
			return err
		}
		if file.Version < version {
			return errors.New("it has no version")
		}
		return nil
	})
	var none T
	switch {
	case err != nil:
		return none, fmt.Errorf("read %s of the log-in: %w", name, err)
	case file.Version > version:
		return none, fmt.Errorf("read %s of the log-in: %w", name, errNewer)
	}
	return file.Content, nil
}

// write replaces a file.
func write[T any](files Files, name string, content T) error {
	text, err := json.Marshal(versioned[T]{version, content})
	if err == nil {
		err = files.Write(name, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep %s of the log-in: %w", name, err)
	}
	return nil
}
