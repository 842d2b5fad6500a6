package load

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

// errLate is the cause of a context whose time is over.
var errLate = errors.New("the time limit is over")

// late begins the problem of a command that took too long.
const late = "it had not ended after "

// command is a command to be executed.
type command struct {
	args        []string
	as          identity
	environment []string
	quiet       bool // standard output is of no interest
}

// execute runs a command, and returns when it has ended or was ended.
func (r *Runner) execute(ctx context.Context, subject string, c command) acmecore.Command {
	done := acmecore.Command{Args: inertArgs(c.args), Began: time.Now(), Status: -1}
	r.step(subject, "runs %s", strings.Join(done.Args, " "))
	var output capture
	cmd := c.build(&output)
	err := context.Cause(ctx)
	if err == nil {
		err = r.supervise(ctx, subject, cmd)
	}
	done.Ended = time.Now()
	done.Output = output.text()
	if state := cmd.ProcessState; state != nil {
		done.Status = state.ExitCode()
	}
	done.Problem = describe(err, done.Ended.Sub(done.Began))
	if done.Problem == "" {
		r.step(subject, "ended well after %v", done.Ended.Sub(done.Began).Round(time.Millisecond))
	} else {
		r.step(subject, "%s", done.Problem)
	}
	return done
}

func (c command) build(output *capture) *exec.Cmd {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Dir = "/"
	cmd.Env = c.environment
	cmd.Stderr = output
	if !c.quiet {
		cmd.Stdout = output // the same pipe
	}
	cmd.WaitDelay = drain
	// A session has a process group of its own, and no terminal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.as.credential()}
	return cmd
}

// supervise starts the child and waits for it. It returns how the child ended, or
// why it was ended.
func (r *Runner) supervise(ctx context.Context, subject string, cmd *exec.Cmd) error {
	running := toBe(subject)
	cmd.Env = append(cmd.Env, wordVariable+running.Word)
	r.note(subject, running)
	defer r.note(subject, Running{})
	if err := startApart(cmd); err != nil {
		return fmt.Errorf("it could not be started: %w", reason(err))
	}
	pid := cmd.Process.Pid
	ended := make(chan error, 1)
	r.note(subject, runningOf(pid, subject, running.Word))
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		endGroup(pid, r.grace())
		<-ended
		return context.Cause(ctx)
	}
}

// umask is that of every command.
const umask = 0o022

// startApart starts the child from a thread of its own, which has the child's umask,
// and which ends with the goroutine, since it stays locked.
func startApart(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if setApart(umask) != nil {
			throughShell(cmd)
		}
		started <- cmd.Start()
	}()
	return <-started
}

// throughShell lets a shell set the umask, where a thread cannot have one. The shell
// becomes the command, and takes none of its words for its own.
func throughShell(cmd *exec.Cmd) {
	set := fmt.Sprintf("umask %04o; exec \"$@\"", umask)
	cmd.Args = append([]string{shell, "-c", set, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = shell
}

func (r *Runner) note(subject string, running Running) {
	if r.Note == nil {
		return
	}
	if err := r.Note(running); err != nil {
		r.step(subject, "which process runs could not be noted: %v", err)
	}
}

func (r *Runner) grace() time.Duration {
	if r.Grace == 0 {
		return usualGrace
	}
	return r.Grace
}

// pause lies between two looks at what other processes do.
const pause = 20 * time.Millisecond

// endGroup asks a process group to end, and kills what is left of it when the grace
// is over. A stopped process is continued, so that it can hear.
func endGroup(group int, grace time.Duration) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	_ = syscall.Kill(-group, syscall.SIGCONT)
	for over := time.Now().Add(grace); time.Now().Before(over); time.Sleep(pause) {
		if !groupLives(group) {
			return
		}
	}
	_ = syscall.Kill(-group, syscall.SIGKILL)
}

// groupLives tells whether there is more of a group than zombies, which stay where
// nobody reaps them, as in many containers.
func groupLives(group int) bool {
	if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		return false
	}
	all, err := states()
	if err != nil { // no /proc
		return true
	}
	for _, found := range all {
		if found.group == group && !found.ended() {
			return true
		}
	}
	return false
}

// describe says in a sentence how a command ended; "" when it ended well.
func describe(err error, after time.Duration) string {
	status, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // a daemon that it started holds its output
		return ""
	case errors.Is(err, errLate), errors.Is(err, context.DeadlineExceeded):
		return late + after.Round(100*time.Millisecond).String() + ", and was ended"
	case errors.Is(err, context.Canceled):
		return "it was ended, because wcme itself is to end"
	case !exited:
		return acmecore.Inert(err.Error())
	}
	if wait, ok := status.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return "it was ended by the signal " + signalName(wait.Signal())
	}
	return fmt.Sprintf("it ended with status %d", status.ExitCode())
}

// signalName is a signal as signal(7) calls it.
func signalName(signal syscall.Signal) string {
	if name := unix.SignalName(signal); name != "" {
		return name
	}
	return fmt.Sprint(int(signal))
}

func inertArgs(args []string) []string {
	inert := make([]string, len(args))
	for i, arg := range args {
		inert[i] = acmecore.Inert(arg)
	}
	return inert
}
