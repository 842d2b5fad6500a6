package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"wcme/acmecore"
)

// standingVersion is the version of the form of a standing.
const standingVersion = 1

// standingFile is the form of priv/standing/ID.json.
type standingFile struct {
	Version int `json:"version"`
	acmecore.Standing
}

// Standing returns what is remembered of a certificate: the zero value when that is
// nothing. A damaged file is set aside and gives the zero value with an ErrDamaged,
// which is to be told and not to stop anything; one of a newer wCME gives an
// ErrNewer.
func (r *Root) Standing(id acmecore.ID) (acmecore.Standing, error) {
	file, _, err := r.readStanding(id)
	if err != nil {
		return acmecore.Standing{}, fmt.Errorf("read standing of %s: %w", id, err)
	}
	return file.Standing, nil
}

// PutStanding keeps what is to be remembered of a certificate; when it returns
// without an error, that is on disk. Nothing is written where that very standing is
// there. Fields that the file has and this wCME does not know stay; a file of a
// newer wCME is left as it is, with an ErrNewer.
func (r *Root) PutStanding(id acmecore.ID, standing acmecore.Standing) error {
	_, kept, err := r.readStanding(id)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("keep standing of %s: %w", id, err)
	}
	text, err := encodeStanding(standing, kept)
	if err != nil {
		return fmt.Errorf("keep standing of %s: %w", id, err)
	}
	if bytes.Equal(text, kept) {
		return nil
	}
	if err := r.writeOpaque(r.standing(id), text, maxRecord, 0o600); err != nil {
		return fmt.Errorf("keep standing of %s: %w", id, err)
	}
	return nil
}

// readStanding reads a standing, and its text; neither when there is none.
func (r *Root) readStanding(id acmecore.ID) (file standingFile, text []byte, err error) {
	path := r.standing(id)
	err = readOwn(path, maxRecord, func(found []byte) error {
		text = found
		return parseStanding(path, found, &file)
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return standingFile{}, nil, nil
	case err != nil:
		return standingFile{}, nil, err
	}
	return file, text, nil
}

// parseStanding looks at the version alone where the whole cannot be read: the rest
// may have another form.
func parseStanding(path string, text []byte, file *standingFile) error {
	problem := json.Unmarshal(text, file)
	version := file.Version
	if problem != nil {
		var form struct {
			Version int `json:"version"`
		}
		if err := json.Unmarshal(text, &form); err != nil {
			return damaged(path, err)
		}
		version = form.Version
	}
	switch {
	case version > standingVersion:
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "use", Subject: path, Cause: fmt.Errorf("it %w", ErrNewer),
			Hint: "go back to that version of wCME, or remove the file: what it remembers of failures and windows is lost then"}
	case version < 1:
		return fmt.Errorf("read %s: %w: it has no version", path, ErrDamaged)
	}
	return damaged(path, problem)
}

// encodeStanding writes a standing over the text that was there, of which only the
// fields that are not known here stay.
func encodeStanding(standing acmecore.Standing, kept []byte) ([]byte, error) {
	fields := map[string]json.RawMessage{}
	if kept != nil {
		if err := json.Unmarshal(kept, &fields); err != nil {
			return nil, err
		}
	}
	for _, name := range standingFields() {
		delete(fields, name)
	}
	text, err := json.Marshal(standingFile{standingVersion, standing})
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	text, err = json.MarshalIndent(fields, "", "  ")
	return append(text, '\n'), err
}

// standingFields lists the fields of a standing as the file has them.
func standingFields() (names []string) {
	for field := range reflect.TypeFor[acmecore.Standing]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func (r *Root) standing(id acmecore.ID) string {
	return r.path("priv", "standing", string(id)+".json")
}
