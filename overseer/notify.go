package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// supervisor is whoever started the overseer and waits for word of it: systemd,
// which takes messages (sd_notify(3)), or s6 and dinit, which wait for one line on
// a descriptor. Without either its methods do nothing.
type supervisor struct {
	send     func(state string) error // to systemd
	line     *os.File                 // for s6; nil without --notify-fd
	watchdog time.Duration            // systemd wants to hear of the overseer at least that often; 0 is never
	log      *slog.Logger
}

// What systemd is told (sd_notify(3)).
const (
	stateReady     = "READY=1"
	stateReloading = "RELOADING=1"
	stateStopping  = "STOPPING=1"
	stateAlive     = "WATCHDOG=1"
)

// noDescriptor stands for a command line without --notify-fd.
const noDescriptor = -1

// newSupervisor finds out who waits, from systemd's variables and the number of
// the descriptor.
func newSupervisor(descriptor int, log *slog.Logger) (*supervisor, error) {
	s := &supervisor{send: sendState, log: log}
	var err error
	if s.watchdog, err = watchdogInterval(); err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "read WATCHDOG_USEC", Cause: err}
	}
	if descriptor != noDescriptor {
		s.line, err = openLine(descriptor)
	}
	return s, err
}

// openLine takes over the descriptor. Only a pipe is taken: a number that nobody
// opened may by now be that of a file of our own.
func openLine(descriptor int) (*os.File, error) {
	refused := &acmecore.Error{Kind: acmecore.Invalid, Op: "use", Subject: fmt.Sprintf("--notify-fd %d", descriptor),
		Cause: errors.New("it is no pipe that was opened for this"),
		Hint:  "3 or more; under s6, the file notification-fd of the service has the same number"}
	if descriptor <= int(os.Stderr.Fd()) {
		return nil, refused
	}
	file := os.NewFile(uintptr(descriptor), "notification")
	if info, err := file.Stat(); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		return nil, refused
	}
	return file, nil
}

// started says that the overseer is at work.
func (s *supervisor) started() {
	s.tell(stateReady + "\nSTATUS=answering on its socket")
	if s.line == nil {
		return
	}
	_, err := s.line.WriteString("\n")
	if err = errors.Join(err, s.line.Close()); err != nil {
		s.log.Warn("the supervisor was not told that the overseer is ready", "error", err)
	}
}

// reloading says that the configuration is being read, and until when all that
// systemd asked is answered (Type=notify-reload).
func (s *supervisor) reloading() { s.tell(stateReloading + monotonic()) }

// reloaded says that it was read, also where it was refused: the overseer goes on.
func (s *supervisor) reloaded() { s.tell(stateReady) }

func (s *supervisor) tell(state string) {
	if err := s.send(state); err != nil {
		s.log.Warn("systemd was not told", "state", state, "error", err)
	}
}

// supervise keeps the supervisor informed until the context ends, or end is
// called, which returns when the last word is said.
func supervise(ctx context.Context, supervisor *supervisor, path string) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		supervisor.watch(ctx, answers(path))
	}()
	return func() { cancel(); <-told }
}

// watch says that the overseer has started as soon as alive returns no error, from
// then on that it lives, and in the end that it stops. What is not alive is not
// reported so: systemd then starts it anew.
func (s *supervisor) watch(ctx context.Context, alive func(context.Context) error) {
	defer s.tell(stateStopping)
	if !s.await(ctx, alive) {
		return
	}
	s.started()
	if s.watchdog == 0 {
		<-ctx.Done()
		return
	}
	ticks := time.NewTicker(s.watchdog / 2)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		s.look(ctx, alive)
	}
}

// startPause lies between two looks of a start.
const startPause = 200 * time.Millisecond

// await returns when the overseer is alive, or false when the context ends before.
func (s *supervisor) await(ctx context.Context, alive func(context.Context) error) bool {
	for alive(ctx) != nil {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(startPause):
		}
	}
	return ctx.Err() == nil
}

// look is one beat. It may take as long as systemd still waits after it.
func (s *supervisor) look(ctx context.Context, alive func(context.Context) error) {
	look, cancel := context.WithTimeout(ctx, s.watchdog/2)
	defer cancel()
	if err := alive(look); err == nil {
		s.tell(stateAlive)
	} else if ctx.Err() == nil {
		s.log.Error("the overseer does not answer itself", "error", err)
	}
}

// answers asks the overseer through its own socket: what returns went through the
// kernel, the server, the manager and the state directory. An overseer that has too
// much to do, or that says what is wrong, is alive.
func answers(path string) func(context.Context) error {
	client := control.NewClient(path)
	return func(ctx context.Context) error {
		err := client.Alive(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if acmecore.KindOf(err) == acmecore.Unreachable {
			return err
		}
		return nil
	}
}
