package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// HookNote names the note of a challenge that a hook was told to answer.
type HookNote struct {
	Hook  string // its name in the configuration
	Token acmecore.Token
}

// NoteHook keeps a note of a challenge that a hook is about to be told to answer, so that
// what a kill leaves of it can be found and ended. It is on disk when this returns.
func (r *Root) NoteHook(of HookNote, note []byte) error {
	path, err := r.hookNote(of)
	if err == nil {
		err = r.writeOpaque(path, note, maxRecord, 0o600)
	}
	if err != nil {
		return fmt.Errorf("note call of hook %s: %w", of.Hook, err)
	}
	return nil
}

// HookNoted returns the note; nil when there is none. A damaged file is set aside, with an
// ErrDamaged.
func (r *Root) HookNoted(of HookNote) ([]byte, error) {
	path, err := r.hookNote(of)
	if err != nil {
		return nil, err
	}
	note, err := readOpaque(path, maxRecord)
	if err != nil {
		return nil, fmt.Errorf("read note of hook %s: %w", of.Hook, err)
	}
	return note, nil
}

// HooksNoted lists the notes that there are.
func (r *Root) HooksNoted() (notes []HookNote, err error) {
	paths, err := filepath.Glob(r.path("priv", "hooks", "*", "*"+noteSuffix))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		token, err := acmecore.ParseToken(strings.TrimSuffix(filepath.Base(path), noteSuffix))
		if err == nil {
			notes = append(notes, HookNote{filepath.Base(filepath.Dir(path)), token})
		}
	}
	return notes, nil
}

// ForgetHook removes the note; that there is none is no error.
func (r *Root) ForgetHook(of HookNote) error {
	path, err := r.hookNote(of)
	if err == nil {
		err = durable.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("forget note of hook %s: %w", of.Hook, err)
	}
	return nil
}

// HookSettings returns the path of the file in which a hook may keep settings, and makes
// the directory that it is in. The file is the hook's own.
func (r *Root) HookSettings(hook string) (path string, err error) {
	dir, err := r.hookDirectory(hook)
	if err != nil {
		return "", err
	}
	if err := r.makeDirectories(dir); err != nil {
		return "", fmt.Errorf("make room for settings of hook %s: %w", hook, err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", err
	}
	return filepath.Join(dir, "settings"), nil
}

const noteSuffix = ".json"

func (r *Root) hookNote(of HookNote) (path string, err error) {
	dir, err := r.hookDirectory(of.Hook)
	if err != nil {
		return "", err
	}
	token, err := acmecore.ParseToken(string(of.Token))
	return filepath.Join(dir, string(token)+noteSuffix), err
}

// hookDirectory refuses a name that is none of the configuration's: it becomes that of a
// directory.
func (r *Root) hookDirectory(name string) (string, error) {
	if name == "" || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "hook", Subject: fmt.Sprintf("%q", acmecore.Inert(name)),
			Cause: errors.New("is no name of a hook"), Hint: "a name is small letters, digits, \"-\" and \"_\", at most 64"}
	}
	return r.path("priv", "hooks", name), nil
}
