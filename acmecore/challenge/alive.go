package challenge

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"wcme/acmecore"
)

// aliveName is where the overseer's sign of life is. Like the settings, it is no token
// and begins with a dot.
const aliveName = ".wcme-alive.json"

// maxAlive bounds the file, in bytes.
const maxAlive = 4 << 10

// Alive is the overseer's sign of life, for whoever cannot reach its socket.
type Alive struct {
	At    time.Time `json:"at"`            // when it was given
	Since time.Time `json:"since"`         // the overseer's start
	Pass  time.Time `json:"pass,omitzero"` // when its last pass ended; zero before that
}

// ShowAlive gives a sign of life, which replaces the one before at once. It is not made
// durable: after a power failure there is no overseer, and nothing to wait for a disk
// for once a minute.
func (d Directory) ShowAlive(sign Alive) error {
	text, err := json.Marshal(sign)
	if err != nil {
		return err
	}
	path := d.alivePath()
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("give a sign of life: %w", err)
	}
	if err := os.WriteFile(fresh, text, 0o644); err != nil {
		return fmt.Errorf("give a sign of life: %w", errors.Join(err, os.Remove(fresh)))
	}
	if err := errors.Join(os.Chmod(fresh, 0o644), os.Rename(fresh, path)); err != nil { // whatever the umask
		return fmt.Errorf("give a sign of life: %w", err)
	}
	return nil
}

// Alive returns the last sign of life: an error that wraps fs.ErrNotExist when there is
// none, of kind Invalid when it cannot be read.
func (d Directory) Alive() (sign Alive, err error) {
	text, err := readRegular(d.alivePath(), maxAlive)
	if err != nil {
		return Alive{}, fmt.Errorf("look for a sign of life: %w", bare(err))
	}
	if err := json.Unmarshal(text, &sign); err != nil || sign.At.IsZero() {
		return Alive{}, &acmecore.Error{Kind: acmecore.Invalid, Op: "read the sign of life in", Subject: string(d),
			Cause: errors.New("it is none"), Hint: "the overseer gives another one within a minute of its start"}
	}
	return sign, nil
}

// LastAlive returns when the overseer last said that it lives, and when it was started.
func (d Directory) LastAlive() (at, since time.Time, err error) {
	sign, err := d.Alive()
	return sign.At, sign.Since, err
}

func (d Directory) alivePath() string { return filepath.Join(string(d), aliveName) }
