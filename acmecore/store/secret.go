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
func (r *Root) Secret(file string) (string, error) { return r.SecretText(file, maxSecret) }

// SecretText is Secret for a file of at most so many bytes, which holds several.
func (r *Root) SecretText(file string, most int) (string, error) {
	path := r.secretPath(file)
	text, err := readSecret(path, most)
	return text, explainSecret(file, path, err)
}

// ReadSecret is Secret for a file of whoever calls the command line: a path, as it is.
func ReadSecret(file string) (string, error) {
	text, err := readSecret(file, maxSecret)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "read secret", Subject: file, Cause: err, Hint: "is the path right, as seen from the working directory?"}
	}
	return text, explainSecret(file, file, err)
}

// explainSecret explains why a secret was not read; name is what it was asked for by.
func explainSecret(name, path string, err error) error {
	if err == nil {
		return nil
	}
	problem := &acmecore.Error{Kind: acmecore.Invalid, Op: "read secret", Subject: name, Cause: err}
	if errors.Is(err, fs.ErrNotExist) {
		problem.Hint = "is the path right, as seen from the state directory? a credential of systemd is there for the overseer alone: start it (systemctl start wcme-overseer), and say it again"
	}
	if errors.Is(err, errOpen) {
		problem.Hint = fmt.Sprintf("chmod o= %s, and have another one made if it was not so from the beginning", path)
	}
	return problem
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
func readSecret(path string, most int) (string, error) {
	file, err := openFollowed(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", errOpen
	}
	text, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("it is longer than %d bytes", most)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(text)), nil
}
