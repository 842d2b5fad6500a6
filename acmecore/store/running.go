package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"wcme/acmecore/durable"
)

// MarkRunning notes that an overseer runs from now on, and tells whether the one
// before did not come to an end of its own: it was killed, or the host was. since is
// when that one began, as far as is known. Call it with the lock held.
func (r *Root) MarkRunning() (crashed bool, since time.Time, err error) {
	path := r.path("priv", "running")
	crashed, since, err = readRunning(path)
	if err != nil {
		return crashed, since, fmt.Errorf("look for a mark of a running overseer: %w", err)
	}
	mark := time.Now().UTC().Format(time.RFC3339) + "\n"
	if err := durable.WriteFile(path, []byte(mark), 0o600); err != nil {
		return crashed, since, fmt.Errorf("mark that an overseer runs: %w", err)
	}
	return crashed, since, nil
}

// UnmarkRunning notes that the overseer ends by itself.
func (r *Root) UnmarkRunning() error {
	if err := durable.Remove(r.path("priv", "running")); err != nil {
		return fmt.Errorf("mark that no overseer runs: %w", err)
	}
	return nil
}

// readRunning reads the mark that an overseer left. Any is one, whatever it holds.
func readRunning(path string) (found bool, since time.Time, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, since, nil
	}
	if err != nil {
		return false, since, err
	}
	since = info.ModTime()
	err = readOwn(path, maxRecord, func(text []byte) error {
		if began, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text))); err == nil {
			since = began
		}
		return nil
	})
	if errors.Is(err, ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return true, since, err
}

// NoteLoad keeps a note of a load action's command that is about to run or runs, so
// that what a kill leaves of it can be found and ended. It is on disk when this
// returns.
func (r *Root) NoteLoad(note []byte) error {
	if err := r.writeOpaque(r.load(), note, maxRecord, 0o600); err != nil {
		return fmt.Errorf("note load: %w", err)
	}
	return nil
}

// LoadNoted returns the note; nil when there is none. A damaged file is set aside,
// with an ErrDamaged.
func (r *Root) LoadNoted() ([]byte, error) {
	note, err := readOpaque(r.load(), maxRecord)
	if err != nil {
		return nil, fmt.Errorf("read note of load: %w", err)
	}
	return note, nil
}

// ForgetLoad removes the note; that there is none is no error.
func (r *Root) ForgetLoad() error {
	if err := durable.Remove(r.load()); err != nil {
		return fmt.Errorf("forget note of load: %w", err)
	}
	return nil
}

func (r *Root) load() string { return r.path("priv", "load.json") }
