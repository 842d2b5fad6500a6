package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"wcme/acmecore"
)

// Listen opens the overseer's socket with mode 0660 and the group gid (-1 keeps
// the overseer's own). A socket that nobody answers on is replaced; one in use
// is an error of kind Busy. Its directory is made when it is missing.
func Listen(path string, gid int) (net.Listener, error) {
	if NewClient(path).Answers() {
		return nil, &acmecore.Error{Kind: acmecore.Busy, Op: "listen on", Subject: path,
			Cause: errors.New("another overseer answers there"), Hint: "stop that one first, or give another --root"}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := removeSocket(path); err != nil {
		return nil, err
	}
	return bind(path, gid)
}

// removeSocket removes a stale socket and nothing else.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "listen on", Subject: path,
			Cause: errors.New("there is something that is no socket"), Hint: "give another path in WCME_SOCKET"}
	}
	return os.Remove(path)
}

// bind makes the socket under a name of its own, sets owner and mode, and then
// renames it into place, so that nobody meets it half made.
func bind(path string, gid int) (net.Listener, error) {
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "listen on", Subject: path, Cause: err,
			Hint: "the path must be shorter than 100 bytes and its directory yours to write"}
	}
	listener.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Chown(fresh, -1, gid), os.Chmod(fresh, 0o660), os.Rename(fresh, path)); err != nil {
		listener.Close()
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", path, err), os.Remove(fresh))
	}
	return listener, nil
}
