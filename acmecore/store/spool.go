package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"wcme/acmecore/durable"
)

// Spool keeps messages until they are delivered, and what was told when, in
// priv/spool.
type Spool struct {
	root *Root
}

// Spool returns the spool of the state directory.
func (r *Root) Spool() *Spool { return &Spool{r} }

// Put keeps a message of at most 1 MiB, in place of an earlier one of that name. It
// is on disk when this returns. A name is 1 to 80 letters, digits and hyphens.
func (s *Spool) Put(name string, message []byte) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if err := s.root.writeOpaque(path, message, maxRecord, 0o600); err != nil {
		return fmt.Errorf("spool message: %w", err)
	}
	return nil
}

// List returns the names of the messages in their order.
func (s *Spool) List() (names []string, err error) {
	entries, err := os.ReadDir(s.root.path("priv", "spool"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list spool: %w", err)
	}
	for _, entry := range entries {
		if isSpoolName(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Get returns a message. One that is gone is an fs.ErrNotExist; a damaged one is set
// aside, and no longer listed, with an ErrDamaged.
func (s *Spool) Get(name string) ([]byte, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	message, err := readOpaque(path, maxRecord)
	if err == nil && message == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("read spooled message %s: %w", name, err)
	}
	return message, nil
}

// Remove removes a message; that there is none is no error.
func (s *Spool) Remove(name string) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	return durable.Remove(path)
}

// Told returns what SetTold kept last; nil when that is nothing. A damaged file is
// set aside, with an ErrDamaged.
func (s *Spool) Told() ([]byte, error) { return readOpaque(s.told(), maxTold) }

// SetTold keeps what has been told, which is on disk when this returns.
func (s *Spool) SetTold(told []byte) error {
	return s.root.writeOpaque(s.told(), told, maxTold, 0o600)
}

// maxTold is how long the memory of what was told may be, in bytes: ten thousand
// troubles and more.
const maxTold = 16 << 20

// told is no name of a message: it has a dot.
func (s *Spool) told() string { return s.root.path("priv", "spool", "told.json") }

func (s *Spool) path(name string) (string, error) {
	if !isSpoolName(name) {
		return "", fmt.Errorf("%q is no name of a message", name)
	}
	return s.root.path("priv", "spool", name), nil
}

func isSpoolName(name string) bool {
	for _, c := range []byte(name) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '-') {
			return false
		}
	}
	return 1 <= len(name) && len(name) <= 80
}
