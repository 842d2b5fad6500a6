// Package load runs load actions: what makes a server take up the certificate that
// was installed for it (WCME_LOAD).
//
// An Action is one entry [[load]] of the configuration. Check says at configuration
// time what is wrong with it; a Runner's Run executes it once for a Batch of
// certificates and returns what came of it. Run never returns without a result, and
// it takes no longer than the action's time limit and a few seconds.
//
// A command is executed as package process says, with the environment that environment
// describes: without a shell where it is a list, and by /bin/sh -c where it is a text,
// which only the administrator's configuration file can hold. Nothing from a CA, a
// certificate or a page becomes part of a command.
//
// The standard load, "+", is Find and what standard.go says.
package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/process"
)

// usualTimeout is that of an action that states none.
const usualTimeout = 60 * time.Second

// shell executes an action that is a text.
const shell = "/bin/sh"

// Action is one entry [[load]] of the configuration. One of Standard, Args and Shell
// says what it does.
type Action struct {
	Name     string   // as the configuration calls it
	Standard bool     // "+", the standard load: the servers that run on this host
	Args     []string // executed without a shell; the first one is an absolute path
	Shell    string   // given to /bin/sh -c
	// Timeout is for the whole action; 0 is 60 s.
	Timeout time.Duration
	// User is whom the command runs as, a name or a number; "" is the overseer's own.
	User string
}

// Batch is what was renewed, or installed again, since the action last ran.
type Batch struct {
	Names        []acmecore.Name // of all certificates
	Certificates []acmecore.ID
	ChangedFiles []string // paths, in targets
}

// Runner runs actions, one at a time.
type Runner struct {
	// Note is told which child is about to run, then which process it is, before
	// anything is awaited of it, and the zero Running when it has ended: what is kept of
	// it lets the next overseer find the child of one that was killed (EndLeftover). That
	// it cannot be kept does not stop the load. It may be nil.
	Note func(Running) error
	// Step receives what is done, as it is done; it may be nil.
	Step acmecore.Progress
	// Servers finds what the standard load reloads; nil is Find.
	Servers func() ([]Server, error)
	// Grace lies between SIGTERM and SIGKILL; 0 is 5 s.
	Grace time.Duration
	// settle is how long a server is watched after its signal; 0 is usualSettle.
	settle time.Duration
}

// Run executes the action, whose configuration may be older than what it names: it
// is checked again first. The result's Problem says why it counts as failed.
func (r *Runner) Run(ctx context.Context, a Action, b Batch) acmecore.LoadResult {
	result := acmecore.LoadResult{Action: acmecore.Inert(a.Name), Began: time.Now(), Commands: []acmecore.Command{}}
	ctx, cancel := context.WithTimeoutCause(ctx, a.limit(), process.ErrLate)
	defer cancel()
	err := a.Check()
	if err == nil {
		result.Commands, err = r.perform(ctx, a, b)
	}
	if err != nil {
		result.Problem, result.Hint = problemOf(err), acmecore.HintOf(err)
	}
	result.Ended = time.Now()
	return result
}

// problemOf is an error's sentence without what the result says beside it.
func problemOf(err error) string {
	if own, ok := errors.AsType[*acmecore.Error](err); ok && own.Cause != nil {
		err = own.Cause
	}
	return process.Bounded(err.Error())
}

func (a Action) limit() time.Duration {
	if a.Timeout == 0 {
		return usualTimeout
	}
	return a.Timeout
}

func (r *Runner) perform(ctx context.Context, a Action, b Batch) ([]acmecore.Command, error) {
	if a.Standard {
		return r.standard(ctx, a.Name, b)
	}
	as, err := process.IdentityOf(a.User)
	if err != nil {
		return nil, err
	}
	args := a.Args
	if a.Shell != "" {
		args = []string{shell, "-c", a.Shell}
	}
	done := r.execute(ctx, a.Name, process.Command{Args: args, As: as, Environment: environment(b, as.Home)})
	return []acmecore.Command{done}, a.failure(done)
}

// failure is what a command that did not succeed means for its action.
func (a Action) failure(done acmecore.Command) error {
	if done.Problem == "" {
		return nil
	}
	hint := "the run's record has what it said; `wcme check load` runs it again"
	switch {
	case strings.HasPrefix(done.Problem, process.Late):
		hint = "let it put what takes long in the background, or give it more time: timeout = \"5m\""
	case a.Shell != "" && (done.Status == 126 || done.Status == 127):
		hint = "the shell did not find a command, or may not run it: PATH is " + process.SearchPath
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Hint: hint, Cause: errors.New(withOutput(done))}
}

// execute runs a command, and returns when it has ended or was ended.
func (r *Runner) execute(ctx context.Context, subject string, c process.Command) acmecore.Command {
	runner := process.Runner{Note: r.Note, Grace: r.Grace, Say: func(text string) { r.step(subject, "%s", text) }}
	return runner.Execute(ctx, subject, c)
}

// withOutput is a command's problem, and the end of what the command said.
func withOutput(done acmecore.Command) string {
	const most = 300
	said := done.Output
	if len(said) > most {
		said = "…" + strings.ToValidUTF8(said[len(said)-most:], "")
	}
	if said = acmecore.Inert(said); said != "" {
		said = ": " + said
	}
	return done.Problem + said
}

// step reports what is done.
func (r *Runner) step(subject, format string, args ...any) {
	if r.Step != nil {
		r.Step(acmecore.Step{Time: time.Now(), Stage: "load", Subject: acmecore.Inert(subject), Text: acmecore.Inert(fmt.Sprintf(format, args...))})
	}
}
