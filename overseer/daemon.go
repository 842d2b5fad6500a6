package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/access"
	"wcme/acmecore/control"
	"wcme/acmecore/logging"
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
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // to the end of the process, which a SIGHUP would otherwise be
	root, err := p.open()
	if err != nil {
		return err
	}
	lock, err := root.TryLock("wcme overseer")
	if err != nil {
		return err
	}
	defer p.leave(root, lock)
	log, file := openLog(root, p.stderr)
	defer file.Close()
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
	if err := m.Started(); err != nil {
		log.Error("start not noted", "error", err)
	}
	watch := m.Watch(manager.WatchOptions{Commit: revision()})
	running := &overseer{program: p, manager: m, watching: watch, desk: newDesk(watch, root, log), supervisor: supervisor, log: log, file: file, hangup: hangup, kick: make(chan struct{}, 1)}
	err = running.answerAndServe(ctx, root)
	if err := m.Ended(); err != nil { // also of an end for an error, but not of a panic
		log.Error("end not noted", "error", err)
	}
	return err
}

// overseer is one that runs.
type overseer struct {
	*program
	manager    *manager.Manager
	watching   *manager.Watch
	desk       *access.Desk
	answering  answering
	supervisor *supervisor
	log        *slog.Logger
	file       *logging.File
	hangup     chan os.Signal // gets SIGHUP
	kick       chan struct{}  // has the daily work look at everything
}

// answerAndServe answers challenges beside what serve does.
func (o *overseer) answerAndServe(ctx context.Context, root *store.Root) (err error) {
	if o.answering, err = answerAlways(o.manager, root, o.log); err != nil {
		return err
	}
	defer o.answering.Close()
	return o.serve(ctx)
}

// serve answers on the socket, and does the daily work, until the context ends.
func (o *overseer) serve(ctx context.Context) error {
	script, err := scriptUser(o.manager.Config().Script.User)
	if err != nil {
		return err
	}
	listener, err := listen(o.socket(), script, dedicated, o.log)
	if err != nil {
		return err
	}
	defer os.Remove(o.socket())
	o.log.Info("overseer started", "version", version, "root", o.rootDir, "socket", o.socket(), "process", os.Getpid())
	ctx, end := context.WithCancelCause(ctx)
	defer supervise(ctx, o.supervisor, o.socket())()
	wait := o.work(ctx, end)
	defer wait()
	defer o.manager.Close()
	defer end(nil) // whatever ends first ends the rest
	server := &control.Server{Operations: o.watching, Administration: o.watching, Access: o.desk, Script: script.uid, Log: o.log, Refused: o.manager.Refused}
	err = server.Serve(ctx, listener)
	o.log.Info("overseer ended")
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// watchTime is how often it is looked whether the state directory is there.
const watchTime = 5 * time.Minute

// watch ends the overseer when its state directory is there no more: in an empty one
// everything would be ordered again.
func (o *overseer) watch(ctx context.Context, end context.CancelCauseFunc) {
	for {
		timer := time.NewTimer(watchTime)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := o.manager.Complete(); err != nil {
			end(err)
			return
		}
	}
}

// work begins what goes on beside answering, and returns what waits for its end.
func (o *overseer) work(ctx context.Context, end context.CancelCauseFunc) (wait func()) {
	var works sync.WaitGroup
	works.Go(func() { o.watch(ctx, end) })
	works.Go(func() { o.watching.Keep(ctx, o.kick) })
	works.Go(func() { o.reload(ctx) })
	return works.Wait
}

// reload reads the configuration again at each SIGHUP, and opens the log file again,
// which may have been moved.
func (o *overseer) reload(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.hangup:
		}
		if err := o.file.Reopen(); err != nil {
			o.log.Error("log file not opened again", "error", err)
		}
		o.configure()
	}
}

// configure puts the configuration in force as it is now, unless it has an error.
func (o *overseer) configure() {
	before := o.manager.Config().Script.User
	o.supervisor.reloading()
	err := o.manager.Reload()
	o.supervisor.reloaded()
	if err != nil {
		o.log.Error("configuration refused, the old one stays in force", "error", err, "hint", acmecore.HintOf(err))
		return
	}
	o.answering.configure()
	o.desk.Configure(o.watching.Policy())
	o.log.Info("configuration read again")
	if o.manager.Config().Script.User != before {
		o.log.Warn("[script] user has changed: restart the overseer, so that it opens its socket to that user")
	}
	select {
	case o.kick <- struct{}{}:
	default: // there is one already
	}
}

// newDesk returns who decides about visitors of the pages.
func newDesk(m *manager.Watch, root *store.Root, log *slog.Logger) *access.Desk {
	desk := access.New(newLogin(root, log), version)
	desk.Configure(m.Policy())
	return desk
}

// openLog returns a logger to the standard error output, in the form that journals
// and other collectors of logs take apart, and to log/overseer.log, in the form that
// people read.
func openLog(root *store.Root, stderr io.Writer) (*slog.Logger, *logging.File) {
	file := logging.NewFile(filepath.Join(root.Dir(), "log", "overseer.log"), logging.Options{Fallback: stderr})
	return slog.New(slog.NewMultiHandler(slog.NewTextHandler(stderr, nil), logging.NewHandler(file, slog.LevelInfo))), file
}
