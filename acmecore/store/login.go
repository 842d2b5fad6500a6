package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// LogIn keeps what wCME's own log-in knows, in priv/login: NAME.json, which nobody but
// the overseer's user can read, and lock.
type LogIn struct {
	root *Root
}

// LogIn returns what the log-in is kept by.
func (r *Root) LogIn() *LogIn { return &LogIn{r} }

// maxLogIn is how long a file may be, in bytes: a thousand users and their passkeys.
const maxLogIn = 16 << 20

// Read gives the content of a file to parse, and nothing where there is none. One that
// parse refuses is set aside, with an ErrDamaged.
func (l *LogIn) Read(name string, parse func([]byte) error) error {
	path, err := l.path(name)
	if err != nil {
		return err
	}
	err = readOwn(path, maxLogIn, func(text []byte) error {
		if err := parse(text); err != nil { // not told: it may quote a secret
			return fmt.Errorf("read %s: %w: it is no file of the log-in", path, ErrDamaged)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Write replaces a file; it is on disk when this returns.
func (l *LogIn) Write(name string, content []byte) error {
	path, err := l.path(name)
	if err != nil {
		return err
	}
	if err := l.root.writeOpaque(path, content, maxLogIn, 0o600); err != nil {
		return err
	}
	return l.adopt()
}

// adopt is Root.Adopt for these files alone: an overseer of root's writes them while
// `wcme admin` reads them as the owner of the state directory.
func (l *LogIn) adopt() error {
	owner, err := l.root.OwnerID()
	if err != nil || owner == 0 || os.Geteuid() != 0 {
		return err
	}
	root, err := os.OpenRoot(l.root.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), "priv/login", func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			_, err = give(root, path, entry, Owner{UID: owner, GID: -1})
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process has just replaced it
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("give the files of the log-in to user %d: %w", owner, err)
	}
	return nil
}

// Stamp is another one whenever the file was replaced; "" where there is none.
func (l *LogIn) Stamp(name string) (string, error) {
	path, err := l.path(name)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %d %d", info.Sys().(*syscall.Stat_t).Ino, info.ModTime().UnixNano(), info.Size()), nil
}

// lockTime is how long another process may take to change the users: it writes one small
// file.
const lockTime = 5 * time.Second

// Lock keeps other processes from changing users until it is released. The kernel holds
// it, and gives it up for a process that ends.
func (l *LogIn) Lock(ctx context.Context) (release func() error, err error) {
	if err := l.root.makeDirectories(l.root.path("priv", "login")); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	lock := flock.New(l.root.path("priv", "login", "lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return nil, err
	}
	return lock.Unlock, nil
}

func (l *LogIn) path(name string) (string, error) {
	if !isSpoolName(name) {
		return "", fmt.Errorf("%q is no name of a file of the log-in", name)
	}
	return l.root.path("priv", "login", name+".json"), nil
}
