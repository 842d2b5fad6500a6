package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// NoteTXT keeps a note of a record that is about to be written for a challenge, so that
// what a kill leaves of it can be found and removed. It is on disk when this returns.
func (r *Root) NoteTXT(token acmecore.Token, note []byte) error {
	path, err := r.txtNote(token)
	if err == nil {
		err = r.writeOpaque(path, note, maxRecord, 0o600)
	}
	if err != nil {
		return fmt.Errorf("note record of challenge: %w", err)
	}
	return nil
}

// TXTNoted returns the note; nil when there is none. A damaged file is set aside, with an
// ErrDamaged.
func (r *Root) TXTNoted(token acmecore.Token) ([]byte, error) {
	path, err := r.txtNote(token)
	if err != nil {
		return nil, err
	}
	note, err := readOpaque(path, maxRecord)
	if err != nil {
		return nil, fmt.Errorf("read note of a record: %w", err)
	}
	return note, nil
}

// TXTsNoted lists the challenges of which there are notes.
func (r *Root) TXTsNoted() (tokens []acmecore.Token, err error) {
	paths, err := filepath.Glob(r.path("priv", "dns", "*"+noteSuffix))
	for _, path := range paths {
		if token, err := acmecore.ParseToken(strings.TrimSuffix(filepath.Base(path), noteSuffix)); err == nil {
			tokens = append(tokens, token)
		}
	}
	return tokens, err
}

// ForgetTXT removes the note; that there is none is no error.
func (r *Root) ForgetTXT(token acmecore.Token) error {
	path, err := r.txtNote(token)
	if err == nil {
		err = durable.Remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget note of a record: %w", err)
	}
	return nil
}

func (r *Root) txtNote(token acmecore.Token) (path string, err error) {
	token, err = acmecore.ParseToken(string(token))
	return r.path("priv", "dns", string(token)+noteSuffix), err
}
