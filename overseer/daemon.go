package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/acmecore/store"
)

func (p *program) overseerVerb() *cobra.Command {
	ready := noDescriptor
	verb := &cobra.Command{
		Use:   "overseer",
		Short: "run the daemon that the script and the other verbs talk to",
		Long: `Runs in the foreground, logs to the standard error output and to log/overseer.log,
and answers on its socket: /run/wcme/overseer.sock, ROOT/overseer.sock under
another root, or WCME_SOCKET. SIGTERM ends it cleanly, SIGHUP makes it read the
configuration again.

It tells systemd when it is ready, while it lives and when it stops
(Type=notify, WatchdogSec=), and s6 when it is ready, by --notify-fd.
deploy/systemd, deploy/s6 and deploy/openrc start it.`,
		Args: exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) error { return p.overseer(verb.Context(), ready) },
	}
	verb.Flags().IntVar(&ready, "notify-fd", noDescriptor, "write a line to this descriptor, a pipe, when ready")
	return verb
}

// overseer holds the state directory's lock as long as it runs. The descriptor
// is told when it is ready.
func (p *program) overseer(ctx context.Context, descriptor int) error {
	root, err := p.open()
	if err != nil {
		return err
	}
	lock, err := root.TryLock("wcme overseer")
	if err != nil {
		return err
	}
	defer p.leave(root, lock)
	log, closeLog, err := openLog(root, p.stderr)
	if err != nil {
		return err
	}
	defer closeLog()
	supervisor, err := newSupervisor(descriptor, log)
	if err != nil {
		return err
	}
	m, err := manager.New(root, version, log)
	if err != nil {
		return err
	}
	if err := m.Recover(); err != nil {
		log.Error("recovery incomplete", "error", err)
	}
	answering, err := answerAlways(m, root, log)
	if err != nil {
		return err
	}
	defer answering.Close()
	return p.serve(ctx, m, answering, supervisor, log)
}

// serve answers on the socket until the context ends.
func (p *program) serve(ctx context.Context, m *manager.Manager, answering answering, supervisor *supervisor, log *slog.Logger) error {
	script, err := scriptUser(m.Config().Script.User)
	if err != nil {
		return err
	}
	listener, err := listen(p.socket(), script, dedicated, log)
	if err != nil {
		return err
	}
	defer os.Remove(p.socket())
	go reload(ctx, m, answering, supervisor, log)
	log.Info("overseer started", "version", version, "root", p.rootDir, "socket", p.socket(), "process", os.Getpid())
	defer supervise(ctx, supervisor, p.socket())()
	server := &control.Server{Operations: m, Script: script.uid, Log: log}
	err = server.Serve(ctx, listener)
	log.Info("overseer ended")
	return err
}

// reload reads the configuration again at each SIGHUP.
func reload(ctx context.Context, m *manager.Manager, answering answering, supervisor *supervisor, log *slog.Logger) {
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
		supervisor.reloading()
		err := m.Reload()
		supervisor.reloaded()
		if err != nil {
			log.Error("configuration refused, the old one stays in force", "error", err, "hint", acmecore.HintOf(err))
			continue
		}
		answering.configure()
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
