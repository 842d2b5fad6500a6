package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/process"
)

// The times that a server is watched after it was told to reload.
const (
	usualSettle = time.Second           // that it does not end
	appear      = 10 * time.Second      // for new children
	pause       = 20 * time.Millisecond // between two looks
)

// standard reloads the servers that run here, one after the other: first the
// server's own test of the configuration that it runs with, then its graceful
// reload. Each is done with the server's own program and as the user that its master
// runs as, whoever that is: nothing here can do more than the server itself. A server
// that does not pass its test is left alone. One that fails does not stop the others,
// and makes the action fail.
func (r *Runner) standard(ctx context.Context, action string, b Batch) (commands []acmecore.Command, err error) {
	find := r.Servers
	if find == nil {
		find = Find
	}
	servers, err := find()
	if err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		return nil, noServer()
	}
	var problems []string
	hint := ""
	for _, server := range servers {
		if err := context.Cause(ctx); err != nil {
			problems = append(problems, fmt.Sprintf("%s (process %d) was not reloaded: there was no time left for it", server.Kind, server.PID))
			continue
		}
		done, err := r.reload(ctx, action, server, b)
		commands = append(commands, done...)
		if err == nil {
			continue
		}
		problems = append(problems, fmt.Sprintf("%s (process %d) %v", server.Kind, server.PID, err))
		if hint == "" {
			hint = acmecore.HintOf(err)
		}
	}
	if len(problems) > 0 {
		err = &acmecore.Error{Kind: acmecore.Invalid, Hint: hint, Cause: errors.New(strings.Join(problems, "; "))}
	}
	return append([]acmecore.Command{}, commands...), err
}

func noServer() error {
	var known []string
	for _, k := range kinds() {
		known = append(known, k.name)
	}
	hint := "start the server, or give an own command in [[load]]; the standard load knows " + strings.Join(known, ", ")
	if os.Geteuid() != 0 {
		hint += "; as another user than root, wcme may not see it (hidepid=, or systemd's ProtectProc=)"
	}
	return &acmecore.Error{Kind: acmecore.NotFound, Hint: hint, Cause: errors.New("no server that the standard load knows runs on this host")}
}

// reload tests and reloads one server. The error continues a sentence whose subject
// is the server.
func (r *Runner) reload(ctx context.Context, action string, s Server, b Batch) (commands []acmecore.Command, err error) {
	if s.Problem != "" {
		r.step(s.Kind, "%s", s.Problem)
		return nil, &acmecore.Error{Hint: s.Hint, Cause: errors.New("was not reloaded: " + s.Problem)}
	}
	test, err := s.kind.test(s)
	if err != nil {
		return nil, fmt.Errorf("was not reloaded: %w", err)
	}
	tested := r.execute(ctx, action, s.command(test, b, s.kind.quiet))
	commands = append(commands, tested)
	if tested.Problem != "" {
		hint := s.kind.testHint
		if hint == "" {
			hint = "correct its configuration, until this passes: " + strings.Join(tested.Args, " ")
		}
		return commands, &acmecore.Error{Hint: hint, Cause: errors.New("was not reloaded, because it did not pass its own test: " + withOutput(tested))}
	}
	reloaded, err := r.order(ctx, action, s, b)
	commands = append(commands, reloaded)
	if err == nil && reloaded.Problem != "" {
		err = &acmecore.Error{Hint: s.kind.reloadHint, Cause: errors.New("was not reloaded: " + withOutput(reloaded))}
	}
	return commands, err
}

// order makes a server read its files again, by a command or by a signal.
func (r *Runner) order(ctx context.Context, action string, s Server, b Batch) (acmecore.Command, error) {
	if s.kind.reload == nil {
		return r.signal(ctx, s), nil
	}
	args, err := s.kind.reload(s)
	if err != nil {
		return acmecore.Command{Args: []string{}, Began: time.Now(), Ended: time.Now(), Status: -1, Problem: process.Bounded(err.Error())},
			fmt.Errorf("was not reloaded: %w", err)
	}
	return r.execute(ctx, action, s.command(args, b, false)), nil
}

// command is one for a server: as its user, with the environment of every command
// and, where its configuration may refer to it, with its own.
func (s Server) command(args []string, b Batch, quiet bool) process.Command {
	own := environment(b, s.as.Home)
	if s.kind.variables {
		own = append(own, substituted(s.environment)...)
	}
	return process.Command{Args: args, As: s.as, Environment: own, Quiet: quiet}
}

// signal sends the server its signal and watches what comes of it. The record shows
// it as the command that would do the same.
func (r *Runner) signal(ctx context.Context, s Server) acmecore.Command {
	done := acmecore.Command{
		Args:  []string{"kill", "-" + strings.TrimPrefix(process.SignalName(s.kind.signal), "SIG"), fmt.Sprint(s.PID)},
		Began: time.Now(), Status: -1,
	}
	r.step(s.Kind, "sends %s to process %d", process.SignalName(s.kind.signal), s.PID)
	before := children(s.PID)
	err := s.send()
	if err == nil {
		done.Status = 0
		err = s.watch(ctx, before, cmp.Or(r.settle, usualSettle))
	}
	if err != nil {
		done.Problem = acmecore.Inert(err.Error())
		r.step(s.Kind, "%s", done.Problem)
	}
	done.Ended = time.Now()
	return done
}

// send signals the very process that was found: what FindProcess returns holds on to
// the process, so that another one with its id, if there is one, is seen to be another.
func (s Server) send() error {
	found, err := os.FindProcess(s.PID)
	if err != nil {
		return err
	}
	defer func() { _ = found.Release() }()
	if !s.lives() {
		return errors.New("it has ended meanwhile")
	}
	return found.Signal(s.kind.signal)
}

func (s Server) lives() bool {
	found, err := process.ReadStat(s.PID)
	return err == nil && found.Start == s.start && !found.Ended()
}

// watch returns when new children of the server are there, where they come with a
// reload, or after a while in which it did not end.
func (s Server) watch(ctx context.Context, before map[int]bool, settle time.Duration) error {
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return errors.New(process.Describe(context.Cause(ctx), time.Since(began)))
		case <-time.After(pause):
		}
		waits := s.kind.forks && len(before) > 0
		switch past := time.Since(began); {
		case !s.lives():
			return fmt.Errorf("it ended after %s: start it again; its log says why", process.SignalName(s.kind.signal))
		case waits && hasNew(before, children(s.PID)), !waits && past > settle:
			return nil
		case waits && past > appear:
			return fmt.Errorf("no new process of it was seen within %v after %s: its log says why", appear, process.SignalName(s.kind.signal))
		}
	}
}

// children are the processes whose parent has the id.
func children(pid int) map[int]bool {
	found := make(map[int]bool)
	all, _ := process.States()
	for child, its := range all {
		if its.Parent == pid && !its.Ended() {
			found[child] = true
		}
	}
	return found
}

func hasNew(before, now map[int]bool) bool {
	for pid := range now {
		if !before[pid] {
			return true
		}
	}
	return false
}
