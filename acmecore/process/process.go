// Package process executes programs for us: load actions, and hooks that answer
// challenges.
//
// A Command is executed
//
//   - without a shell, unless a shell is the program;
//   - in / with umask 022, with no standard input, in a session and process group of
//     its own: it has no terminal to ask at, and Ctrl-C at ours does not reach it;
//   - with its Environment, nothing inherited but a word, WCME_RUN, by which it is
//     found again (Running);
//   - as the overseer's user or, where the overseer is root, as another one with its
//     groups.
//
// Of what it says, the beginning and the end are kept, made inert, with their line
// ends. When it has ended, its output is read for at most 2 s more, because a daemon
// that it started may hold the pipe for ever. When the context ends, the whole group
// gets SIGTERM, and SIGKILL 5 s later. A process that made a session of its own is out
// of reach of both. How many processes a command may start is not limited here: the
// service manager does that (TasksMax= of systemd).
//
// Trust says whether others could change a program.
package process

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// The times of a command.
const (
	usualGrace = 5 * time.Second // from SIGTERM to SIGKILL
	drain      = 2 * time.Second // the output is read, after the command has ended
)

// SearchPath is the PATH of a command.
const SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// shell sets the umask of a command where a thread cannot.
const shell = "/bin/sh"

// ErrLate is the cause of a context whose time is over.
var ErrLate = errors.New("the time limit is over")

// Late begins the problem of a command that took too long.
const Late = "it had not ended after "

// Command is a command to be executed.
type Command struct {
	Args        []string // the first one is an absolute path
	As          Identity
	Environment []string // NAME=VALUE
	Quiet       bool     // standard output is of no interest
	// Shown is what stands for Args in steps and records, where they say too much; nil
	// is Args themselves.
	Shown []string
	// Kept is how many bytes of the output's beginning are kept, and how many of its end;
	// 0 is 4 KiB.
	Kept int
	// Secrets are texts that the kept output has … in place of.
	Secrets []string
	// Learnt returns more of them, which are known only when the command has ended; it may
	// be nil.
	Learnt func() []string
}

// Runner executes commands.
type Runner struct {
	// Note is told which child is about to run, then which process it is, before
	// anything is awaited of it, and the zero Running when it has ended: what is kept of
	// it lets the next overseer find the child of one that was killed (EndLeftover). That
	// it cannot be kept does not stop the command. It may be nil.
	Note func(Running) error
	// Say receives a sentence, inert, about what is done, as it is done; it may be nil.
	Say func(text string)
	// Grace lies between SIGTERM and SIGKILL; 0 is 5 s.
	Grace time.Duration
}

// Execute runs a command, and returns when it has ended or was ended. The result's
// Problem says why it counts as failed. The subject is what the command is run for, as
// Running has it.
func (r *Runner) Execute(ctx context.Context, subject string, c Command) acmecore.Command {
	done := acmecore.Command{Args: inertArgs(c.shown()), Began: time.Now(), Status: -1}
	r.say("runs " + strings.Join(done.Args, " "))
	output := capture{kept: c.Kept, secrets: c.Secrets}
	cmd := c.build(&output)
	err := context.Cause(ctx)
	if err == nil {
		err = r.supervise(ctx, subject, cmd)
	}
	done.Ended = time.Now()
	if c.Learnt != nil {
		output.secrets = slices.Concat(output.secrets, c.Learnt())
	}
	done.Output = output.text()
	if state := cmd.ProcessState; state != nil {
		done.Status = state.ExitCode()
	}
	done.Problem = Describe(err, done.Ended.Sub(done.Began))
	if done.Problem == "" {
		r.say("ended well after " + done.Ended.Sub(done.Began).Round(time.Millisecond).String())
	} else {
		r.say(done.Problem)
	}
	return done
}

func (c Command) shown() []string {
	if c.Shown != nil {
		return c.Shown
	}
	return c.Args
}

func inertArgs(args []string) []string {
	inert := make([]string, len(args))
	for i, arg := range args {
		inert[i] = acmecore.Inert(arg)
	}
	return inert
}

func (r *Runner) say(text string) {
	if r.Say != nil {
		r.Say(acmecore.Inert(text))
	}
}

func (r *Runner) note(running Running) {
	if r.Note == nil {
		return
	}
	if err := r.Note(running); err != nil {
		r.say("which process runs could not be noted: " + err.Error())
	}
}

func (r *Runner) grace() time.Duration {
	if r.Grace == 0 {
		return usualGrace
	}
	return r.Grace
}
