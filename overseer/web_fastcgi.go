package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/socket"
	"wcme/cgi/fastcgi"
	"wcme/cgi/meta"
	"wcme/cgi/plain"
)

// serveFastCGI serves the site on a Unix socket until the context ends, and
// removes the socket then.
func (p *program) serveFastCGI(ctx context.Context, o webOptions, site http.Handler, challenges challenge.Directory, log *slog.Logger) error {
	path, found := strings.CutPrefix(o.fastCGI, "unix:")
	if !found || path == "" {
		return usage(fmt.Errorf("--fastcgi %q, where unix:PATH is wanted: whoever connects says who is signed in, so it is no port",
			acmecore.Inert(o.fastCGI)))
	}
	access, err := parseAccess(o.mode, o.owner)
	if err != nil {
		return err
	}
	listener, err := socket.Listen(path, access)
	if err != nil {
		return hintOwner(err)
	}
	defer os.Remove(path)
	fmt.Fprintf(p.stdout, "unix:%s\n", path)
	server := &fastcgi.Server{
		Handler:  site,
		Log:      log,
		Defaults: environmentBase(),
		Plain:    func(v meta.Variables) ([]byte, bool) { return plain.Answer(v, challenges) },
	}
	return server.Serve(ctx, listener)
}

// environmentBase is where wCME is mounted, for requests that do not say so.
func environmentBase() meta.Variables {
	if base := os.Getenv("WCME_BASE"); base != "" {
		return meta.Variables{"WCME_BASE": base}
	}
	return nil
}

// parseAccess reads --mode and --owner. A socket that every user of the host
// could connect to is refused: each of them could say to be signed in.
func parseAccess(mode, owner string) (socket.Access, error) {
	access := socket.Access{UID: -1, GID: -1}
	bits, err := strconv.ParseUint(mode, 8, 9)
	if err != nil || bits&0o002 != 0 {
		return access, usage(fmt.Errorf("--mode %q, where an octal number like 0660 is wanted that lets not everybody write",
			acmecore.Inert(mode)))
	}
	access.Mode = fs.FileMode(bits)
	name, group, _ := strings.Cut(owner, ":")
	if access.UID, err = lookup(name, func(name string) (string, error) {
		found, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return found.Uid, nil
	}); err != nil {
		return access, err
	}
	access.GID, err = lookup(group, func(name string) (string, error) {
		found, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return found.Gid, nil
	})
	return access, err
}

// lookup returns the number of a user or group; -1 for "".
func lookup(name string, number func(string) (string, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	text, err := number(name)
	if err != nil {
		return -1, usage(fmt.Errorf("--owner: %w", err))
	}
	return strconv.Atoi(text)
}

// hintOwner says what to do where the socket may not be given away.
func hintOwner(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return &acmecore.Error{Kind: acmecore.Denied, Cause: err,
		Hint: "the socket's directory must be yours to write, and only root gives a socket to others than their own groups"}
}
