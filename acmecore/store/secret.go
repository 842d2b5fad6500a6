package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
)

// maxSecret is how long a secret may be, in bytes.
const maxSecret = 4 << 10

// Secret returns the text of a file that holds one secret, without the white space
// around it. A relative path is the name of a credential, where systemd gives one
// of that name (systemd.exec(5), LoadCredential=), and otherwise relative to the
// state directory. A file that every user can read is no secret, and is refused;
// its group may read it, which systemd and administrators let a daemon's user by.
func (r *Root) Secret(file string) (string, error) {
	path, file := file, r.secretPath(file)
	text, err := readSecret(file)
	if err == nil {
		return text, nil
	}
	problem := &acmecore.Error{Kind: acmecore.Invalid, Op: "read secret", Subject: path, Cause: err}
	if errors.Is(err, fs.ErrNotExist) {
		problem.Hint = "a credential of systemd is there for the overseer alone: start it (systemctl start wcme-overseer), and say it again"
	}
	if errors.Is(err, errOpen) {
		problem.Hint = fmt.Sprintf("chmod o= %s, and ask the CA for another key if it was not so from the beginning", file)
	}
	return "", problem
}

// secretPath prefers the credential.
func (r *Root) secretPath(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	if credentials := os.Getenv("CREDENTIALS_DIRECTORY"); credentials != "" && filepath.IsLocal(file) {
		path := filepath.Join(credentials, file)
		if _, err := os.Lstat(path); err == nil {
			return path
		}
	}
	return r.path(file)
}

// errOpen says that others can read a secret.
var errOpen = errors.New("every user of this host can read it")

// readSecret looks at the very file that it reads.
func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("it is no file")
	case info.Mode().Perm()&0o007 != 0:
		return "", errOpen
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err == nil && len(text) > maxSecret {
		err = fmt.Errorf("it is longer than %d bytes", maxSecret)
	}
	return strings.TrimSpace(string(text)), err
}
