package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/acmecore/store"
)

func (p *program) overseerVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "overseer",
		Short: "run the daemon that the script and the other verbs talk to",
		Long: `Runs in the foreground, logs to the standard error output and to log/overseer.log,
and answers on its socket: /run/wcme/overseer.sock, ROOT/overseer.sock under
another root, or WCME_SOCKET. SIGTERM ends it cleanly, SIGHUP makes it read the
configuration again.`,
		Args: exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) error { return p.overseer(verb.Context()) },
	}
}

// overseer holds the state directory's lock as long as it runs.
func (p *program) overseer(ctx context.Context) error {
	root, err := p.open()
	if err != nil {
		return err
	}
	lock, err := root.TryLock("wcme overseer")
	if err != nil {
		return err
	}
	defer lock.Release()
	log, closeLog, err := openLog(root, p.stderr)
	if err != nil {
		return err
	}
	defer closeLog()
	m, err := manager.New(root, version, log)
	if err != nil {
		return err
	}
	if err := m.Recover(); err != nil {
		log.Error("recovery incomplete", "error", err)
	}
	return p.serve(ctx, m, log)
}

// serve answers on the socket until the context ends.
func (p *program) serve(ctx context.Context, m *manager.Manager, log *slog.Logger) error {
	script, err := scriptUser(m.Config().Script.User)
	if err != nil {
		return err
	}
	listener, err := listen(p.socket(), script, log)
	if err != nil {
		return err
	}
	defer os.Remove(p.socket())
	go reload(ctx, m, log)
	log.Info("overseer started", "version", version, "root", p.rootDir, "socket", p.socket(), "process", os.Getpid())
	server := &control.Server{Operations: m, Script: script.uid, Log: log}
	err = server.Serve(ctx, listener)
	log.Info("overseer ended")
	return err
}

// account is a user of the host; -1 stands for none.
type account struct{ uid, gid int }

// scriptUser looks the user up that the web server runs the script as.
func scriptUser(name string) (account, error) {
	nobody := account{uid: -1, gid: -1}
	if name == "" {
		return nobody, nil
	}
	found, err := user.Lookup(name)
	if err != nil {
		return nobody, &acmecore.Error{Kind: acmecore.Invalid, Op: "[script] user", Cause: err,
			Hint: "set it in wcme.toml to the user that the web server runs as"}
	}
	uid, uidErr := strconv.Atoi(found.Uid)
	gid, gidErr := strconv.Atoi(found.Gid)
	return account{uid: uid, gid: gid}, errors.Join(uidErr, gidErr)
}

// listen opens the socket to the script's group. An overseer that may not give
// it away keeps it for itself and says so.
func listen(path string, script account, log *slog.Logger) (net.Listener, error) {
	listener, err := control.Listen(path, script.gid)
	if !errors.Is(err, os.ErrPermission) || script.gid < 0 {
		return listener, err
	}
	log.Warn("the web server's user cannot reach the socket: run the overseer as root, or make its user a member of that group",
		"socket", path, "gid", script.gid)
	return control.Listen(path, -1)
}

// reload reads the configuration again at each SIGHUP.
func reload(ctx context.Context, m *manager.Manager, log *slog.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		before := m.Config().Script.User
		if err := m.Reload(); err != nil {
			log.Error("configuration refused, the old one stays in force", "error", err, "hint", acmecore.HintOf(err))
			continue
		}
		log.Info("configuration read again")
		if m.Config().Script.User != before {
			log.Warn("[script] user has changed: restart the overseer, so that it opens its socket to that user")
		}
	}
}

// openLog returns a logger to the standard error output and to log/overseer.log.
func openLog(root *store.Root, stderr io.Writer) (log *slog.Logger, closeLog func() error, err error) {
	path := filepath.Join(root.Dir(), "log", "overseer.log")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, nil, fmt.Errorf("open log: %w", err)
	}
	return slog.New(slog.NewTextHandler(io.MultiWriter(stderr, file), nil)), file.Close, nil
}
