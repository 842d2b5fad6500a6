package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
)

func (c Command) build(output *capture) *exec.Cmd {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Dir = "/"
	cmd.Env = c.Environment
	cmd.Stderr = output
	if !c.Quiet {
		cmd.Stdout = output // the same pipe
	}
	cmd.WaitDelay = drain
	// A session has a process group of its own, and no terminal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.As.credential()}
	return cmd
}

// supervise starts the child and waits for it. It returns how the child ended, or
// why it was ended.
func (r *Runner) supervise(ctx context.Context, subject string, cmd *exec.Cmd) error {
	running := toBe(subject)
	cmd.Env = append(cmd.Env, wordVariable+running.Word)
	r.note(running)
	defer r.note(Running{})
	if err := startApart(cmd); err != nil {
		return fmt.Errorf("it could not be started: %w", Reason(err))
	}
	pid := cmd.Process.Pid
	ended := make(chan error, 1)
	r.note(runningOf(pid, subject, running.Word))
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

// Describe says in a sentence how a command ended; "" when it ended well.
func Describe(err error, after time.Duration) string {
	status, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // a daemon that it started holds its output
		return ""
	case errors.Is(err, ErrLate), errors.Is(err, context.DeadlineExceeded):
		return Late + after.Round(100*time.Millisecond).String() + ", and was ended"
	case errors.Is(err, context.Canceled):
		return "it was ended, because wcme itself is to end"
	case !exited:
		return acmecore.Inert(err.Error())
	}
	if wait, ok := status.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return "it was ended by the signal " + SignalName(wait.Signal())
	}
	return fmt.Sprintf("it ended with status %d", status.ExitCode())
}

// SignalName is a signal as signal(7) calls it.
func SignalName(signal syscall.Signal) string {
	if name := unix.SignalName(signal); name != "" {
		return name
	}
	return fmt.Sprint(int(signal))
}
