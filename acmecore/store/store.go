// Package store keeps the state directory: accounts, certificates with their
// versions, orders in flight, the records in etc, and the products in ssl.
//
// Open a Root, take its Lock before anything that changes it, and rely on this:
// whatever a function has returned without an error is on disk; every change is
// one rename, so that a kill at any moment leaves the old state or the new one;
// a private key is never in a file wider than 0600.
//
//	ROOT/etc/wcme.toml                              the configuration
//	ROOT/etc/certificates/ID.toml                   what is managed
//	ROOT/etc/certificates/ID-DIGITS.csr             a request that was made elsewhere, by its SHA-256
//	ROOT/etc/certificates/ID.toml.removed           what was managed; -2 and so on for further ones
//	ROOT/log/runs/RUN.json                          the record of each run
//	ROOT/log/audit.log                              who asked for what (package audit)
//	ROOT/log/overseer.log                           what happened (package logging)
//	ROOT/priv/lock                                  held by flock(2), whatever its content
//	ROOT/priv/accounts/CA/pending/key.pem           an account key not yet registered
//	ROOT/priv/accounts/CA/VERSION/…                 account.json, key.pem
//	ROOT/priv/accounts/CA/current                   → VERSION
//	ROOT/priv/certificates/ID/VERSION/…             key.pem (request.pem where that is elsewhere), fullchain.pem; revoked.json where it was
//	ROOT/priv/certificates/ID/current               → VERSION
//	ROOT/priv/orders/ID/…                           key.pem, order.json: the order in flight
//	ROOT/priv/refused/ID/…                          chain.txt, reason.json: the latest that was delivered and refused
//	ROOT/priv/standing/ID.json                      what is remembered of a certificate
//	ROOT/priv/dns/TOKEN.json                        a record that was written for a challenge
//	ROOT/priv/hooks/NAME/…                          settings: a hook's own; TOKEN.json: what it was told to answer
//	ROOT/priv/replaced/ID/TARGET.json               what a load may yet send back
//	ROOT/priv/pace/CA.json                          how fast a CA was asked
//	ROOT/priv/limits/CA.jsonl                       what counts against its limits
//	ROOT/priv/alternatives.json                     which CAs may be asked in the place of others
//	ROOT/priv/spool/MESSAGE                         what is not yet delivered; told.json: what was told
//	ROOT/priv/running, load.json                    there while an overseer, a load runs
//	ROOT/priv/login/NAME.json                       users, sessions, keys and tries of wCME's own log-in
//	ROOT/priv/audit-head                            the newest line of the audit log
//	ROOT/ssl/                                       fullchain_ID.pem, cert_ID.pem, chain_ID.pem
//	ROOT/www/                                       pending challenges (package challenge)
//
// A damaged file of wCME's own (runs, standing, replaced, pace, spool, the notes)
// stops nothing: it is set aside as NAME.bad-TIME, counts as missing, and its reader
// gets an ErrDamaged to tell. The administrator's files in etc are left alone.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"wcme/acmecore"
)

// Root is an open state directory.
type Root struct {
	dir string
}

// Open returns the state directory at dir. One that is missing or incomplete is
// an error: an empty one in its place would order every certificate again.
func Open(dir string) (*Root, error) { return open(dir, parts()) }

// OpenPublic returns the state directory for those who may see no more of it than
// the pending challenges: nothing but Dir and Challenges works for them.
func OpenPublic(dir string) (*Root, error) { return open(dir, publicParts()) }

func open(dir string, needed []part) (*Root, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := complete(dir, needed); err != nil {
		return nil, err
	}
	return &Root{dir: dir}, nil
}

// Complete tells whether the state directory is still there, as Open does.
func (r *Root) Complete() error { return complete(r.dir, parts()) }

func complete(dir string, needed []part) error {
	for _, part := range needed {
		if err := isDirectory(dir, filepath.Join(dir, part.name)); err != nil {
			return err
		}
	}
	return nil
}

func isDirectory(root, path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "open state directory", Subject: root,
			Cause: fmt.Errorf("%s does not exist", path),
			Hint:  fmt.Sprintf("restore it from a backup, or make a new one: wcme setup --root %s", root)}
	case err != nil:
		return unreadable(root, err)
	case !info.IsDir():
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "open state directory", Subject: root,
			Cause: fmt.Errorf("%s is no directory", path)}
	}
	return nil
}

func unreadable(dir string, err error) error {
	problem := &acmecore.Error{Kind: acmecore.Internal, Op: "open state directory", Subject: dir, Cause: err}
	if errors.Is(err, fs.ErrPermission) {
		problem.Kind = acmecore.Denied
		problem.Hint = "run wcme as root, or as the user that owns the directory"
	}
	return problem
}

// Dir returns the absolute path of the state directory.
func (r *Root) Dir() string { return r.dir }

// Challenges returns the path of the directory of pending challenges.
func (r *Root) Challenges() string { return filepath.Join(r.dir, "www") }

// Configuration returns the path of the configuration and its content. It says what
// is executed as the overseer's user, so that one which others can write, or whose
// directory they can, is refused: the error is of kind Invalid then.
func (r *Root) Configuration() (path string, text []byte, err error) {
	path = filepath.Join(r.dir, "etc", "wcme.toml")
	file, err := openFollowed(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = &acmecore.Error{Kind: acmecore.Invalid, Op: "read configuration", Subject: path,
			Cause: errors.New("there is none"), Hint: fmt.Sprintf("make one: wcme setup --root %s", r.dir)}
	}
	if err != nil {
		return path, nil, err
	}
	defer file.Close()
	directory, dirErr := os.Stat(filepath.Dir(path))
	info, err := file.Stat()
	if err := errors.Join(dirErr, err); err != nil {
		return path, nil, err
	}
	if err := errors.Join(r.guarded(filepath.Dir(path), directory), r.guarded(path, info)); err != nil {
		return path, nil, err
	}
	text, err = readAll(file, maxRecord)
	return path, text, err
}

// guarded tells whether nobody but root, this process's user and the state
// directory's can change what is at the path.
func (r *Root) guarded(path string, info fs.FileInfo) error {
	problem := &acmecore.Error{Kind: acmecore.Invalid, Op: "read configuration", Subject: filepath.Join(r.dir, "etc", "wcme.toml")}
	owner, err := r.OwnerID()
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		problem.Cause = fmt.Errorf("others can change %s, and so what is run (mode %04o)", path, mode)
		problem.Hint = "look at what it says, and then: chmod go-w " + path
		return problem
	}
	if uid := int(info.Sys().(*syscall.Stat_t).Uid); uid != 0 && uid != os.Geteuid() && uid != owner {
		problem.Cause = fmt.Errorf("user %d owns %s, and can change what is run", uid, path)
		problem.Hint = fmt.Sprintf("look at what it says, and then: chown %d %s", owner, path)
		return problem
	}
	return nil
}

func (r *Root) path(elements ...string) string {
	return filepath.Join(append([]string{r.dir}, elements...)...)
}
