package hook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// maxSettings is how long a file of settings may be, in bytes.
const maxSettings = 1 << 20

// What stands around a value in base64 (acmesh.sh).
const (
	base64Begin = "__ACME_BASE64__START_"
	base64End   = "__ACME_BASE64__END_"
)

// settings are the values that the hook has saved, as they may look in an output: they
// are keys of an API and what it has given for them.
func (h Hook) settings() (secrets []string, err error) {
	if h.Settings == "" {
		return nil, nil
	}
	text, err := readSettings(h.Settings)
	for line := range strings.SplitSeq(text, "\n") {
		if _, value, is := strings.Cut(strings.TrimSpace(line), "="); is {
			secrets = append(secrets, settingLooks(unquoted(strings.TrimSpace(value)))...)
		}
	}
	return secrets, err
}

// learnt are those that there are when the hook has ended. It may have taken the file
// away: what was there before is known.
func (h Hook) learnt() []string {
	secrets, _ := h.settings()
	return secrets
}

func settingLooks(value string) []string {
	encoded, begins := strings.CutPrefix(value, base64Begin)
	encoded, ends := strings.CutSuffix(encoded, base64End)
	if begins && ends {
		if plain, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return looks(string(plain))
		}
	}
	return looks(value)
}

// readSettings returns as much as can be read; that there is no file is no error.
func readSettings(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(err, invalid("move it away", "%s is no file", path))
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSettings+1))
	if err == nil && len(text) > maxSettings {
		err = invalid("remove what is of no use any more", "%s is longer than %d bytes", path, maxSettings)
	}
	if err != nil {
		err = fmt.Errorf("what must not be shown is not known: %w", err)
	}
	return string(text), err
}
