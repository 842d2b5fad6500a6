package challenge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// Webroot is a directory of a web server that challenges are copied to, beside
// ROOT/www. Others have files there too, such as the challenges of other ACME
// clients, and a token is what a CA says: so nothing that is there is ever
// replaced, and only what has the very content that was published is removed.
type Webroot string

// Check tells whether challenges can be written there: it is a directory that
// this process may change. The error is of kind Invalid or Denied.
func (w Webroot) Check() error {
	const write, search = 2, 1 // of access(2)
	info, err := os.Stat(string(w))
	if err == nil && !info.IsDir() {
		err = errors.New("that is no directory")
	}
	if err == nil {
		err = syscall.Access(string(w), write|search)
	}
	if err == nil {
		return nil
	}
	problem := &acmecore.Error{Kind: acmecore.Invalid, Op: "use webroot", Subject: string(w), Cause: bare(err),
		Hint: "make that directory, or correct `webroot` of [challenge] in wcme.toml"}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		problem.Kind = acmecore.Denied
		problem.Hint = "let the user that wcme runs as write there: by its owner and mode, and under systemd by ReadWritePaths="
	}
	return problem
}

// bare is the cause without the path, which the error names already.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Publish puts a copy there; when it returns, it is on disk and readable by
// everybody.
func (w Webroot) Publish(token acmecore.Token, authorization string) error {
	path, err := w.path(token)
	if err != nil {
		return err
	}
	found, ours, err := look(path, authorization)
	switch {
	case ours:
		return nil
	case found:
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "publish challenge in", Subject: string(w),
			Cause: fmt.Errorf("there is a %s already that is not wCME's", token),
			Hint:  "move it away: the certification authority looks for its challenge under that name"}
	case err == nil:
		err = durable.WriteFile(path, []byte(authorization), 0o644)
	}
	if err != nil {
		return fmt.Errorf("publish challenge: %w", err)
	}
	return nil
}

// Withdraw removes the copy, and what a killed Publish of it has left. That there
// is none, or no such directory any more, is no error.
func (w Webroot) Withdraw(token acmecore.Token, authorization string) error {
	path, err := w.path(token)
	if err != nil {
		return err
	}
	_, ours, err := look(path, authorization)
	if ours {
		err = durable.Remove(path)
	}
	if err = errors.Join(err, w.sweep(token)); err != nil {
		return fmt.Errorf("withdraw challenge: %w", err)
	}
	return nil
}

// sweep removes half-made copies.
func (w Webroot) sweep(token acmecore.Token) error {
	entries, err := os.ReadDir(string(w))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, "."+string(token)) && durable.IsHalfMade(name) && entry.Type().IsRegular() {
			err = errors.Join(err, os.Remove(filepath.Join(string(w), name)))
		}
	}
	return err
}

func (w Webroot) path(token acmecore.Token) (string, error) {
	token, err := acmecore.ParseToken(string(token))
	return filepath.Join(string(w), string(token)), err
}

// look tells whether anything is there, and whether it is a file with that content.
func look(path, authorization string) (found, ours bool, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return err == nil, false, err
	}
	text, err := readRegular(path, maxAuthorization+1)
	return true, err == nil && string(text) == authorization, err
}

// Pending returns the pending challenges: the key authorization of each token.
func (d Directory) Pending() (map[acmecore.Token]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, fmt.Errorf("list challenges: %w", err)
	}
	pending := make(map[acmecore.Token]string)
	for _, entry := range entries {
		token, err := acmecore.ParseToken(entry.Name())
		if err != nil {
			continue
		}
		if text, err := d.read(token); err == nil {
			pending[token] = string(text)
		}
	}
	return pending, nil
}
