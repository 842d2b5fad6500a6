// Package socket opens Unix sockets to listen on, for exactly those who may
// connect: nobody ever meets one that is half made, one that is in use is left
// alone, and a stale one is replaced.
package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"wcme/acmecore"
)

// Access says who may connect.
type Access struct {
	Mode     fs.FileMode // of the socket: who has the right to write may connect
	UID, GID int         // its owner and group; -1 keeps that of the process
}

// patience is how long a listener may take to answer before it counts as gone.
const patience = 2 * time.Second

// Listen opens the socket. Its directory is made when it is missing. A socket on
// which somebody answers is an error of kind Busy; anything but a socket in its
// place, and a path that is too long or not ours to write, is one of kind Invalid.
// Closing the listener leaves the file.
func Listen(path string, access Access) (net.Listener, error) {
	if Answers(path) {
		return nil, &acmecore.Error{Kind: acmecore.Busy, Op: "listen on", Subject: path,
			Cause: errors.New("another program answers there"), Hint: "stop that one first, or give another path"}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	return bind(path, access)
}

// Answers tells whether somebody accepts connections on the socket. One that the
// caller may not use counts as answering.
func Answers(path string) bool {
	conn, err := net.DialTimeout("unix", path, patience)
	if err == nil {
		conn.Close()
	}
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// removeStale removes a socket and nothing else.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "listen on", Subject: path,
			Cause: errors.New("there is something that is no socket"), Hint: "give another path for the socket"}
	}
	return os.Remove(path)
}

// bind makes the socket under a name of its own, sets owner and mode, and then
// renames it into place.
func bind(path string, access Access) (net.Listener, error) {
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "listen on", Subject: path, Cause: err,
			Hint: "the path must be shorter than 100 bytes and its directory yours to write"}
	}
	listener.SetUnlinkOnClose(false)
	err = errors.Join(os.Chmod(fresh, 0o600), os.Chown(fresh, access.UID, access.GID), os.Chmod(fresh, access.Mode))
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		listener.Close()
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", path, err), os.Remove(fresh))
	}
	return listener, nil
}
