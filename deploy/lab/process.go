package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// grace is how long a process may take to end after SIGTERM.
const grace = 30 * time.Second

// Process is a child process that leads a process group of its own.
type Process struct {
	name string
	log  string // path of the file that its output goes to
	pid  int
	done chan struct{} // closed when it has ended
	err  error         // how it ended; read it after done
}

// Start starts the command and appends its output to the file log.
func Start(log string, cmd *exec.Cmd) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = attributes()
	p := &Process{name: filepath.Base(cmd.Path), log: log, done: make(chan struct{})}
	started := make(chan error)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return p, nil
}

// run starts the command and awaits its end on one thread, locked: the kernel
// takes the end of the thread that started a child for the end of the parent
// (prctl(2), PR_SET_PDEATHSIG).
func (p *Process) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	err := cmd.Start()
	if err == nil {
		p.pid = cmd.Process.Pid
	}
	started <- err
	if err == nil {
		p.err = cmd.Wait()
		close(p.done)
	}
}

// PID is the process's id, and that of its group.
func (p *Process) PID() int { return p.pid }

// Done is closed when the process has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Log returns what the process has said so far.
func (p *Process) Log() string { return readLog(p.log) }

func readLog(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Stop asks the process to end and returns when nothing is left of its group.
// What has not gone after half a minute is killed, and that is an error. Stopping
// twice is none.
func (p *Process) Stop() error {
	if p.running() {
		_ = syscall.Kill(p.pid, syscall.SIGTERM)
	}
	err := p.leave()
	if err != nil {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
		<-p.done
	}
	return err
}

// leave waits until the process, and then its group, have ended.
func (p *Process) leave() error {
	late := time.After(grace)
	select {
	case <-p.done:
	case <-late:
		return fmt.Errorf("stop %s: it had not ended %v after SIGTERM", p.name, grace)
	}
	for groupAlive(p.pid) {
		select {
		case <-late:
			return fmt.Errorf("stop %s: it left processes behind", p.name)
		case <-time.After(pause):
		}
	}
	return nil
}

func groupAlive(id int) bool {
	return !errors.Is(syscall.Kill(-id, 0), syscall.ESRCH)
}

func (p *Process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// pause lies between two looks at something that another process does.
const pause = 10 * time.Millisecond

// Await calls ready until it returns no error. It gives up, with the log in its
// error, when the process ends or ctx does.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil && p.running() {
			return nil
		}
		select {
		case <-p.done:
			return p.failed(fmt.Errorf("it ended: %w", errors.Join(p.err, err)))
		case <-ctx.Done():
			return p.failed(errors.Join(ctx.Err(), err))
		case <-time.After(pause):
		}
	}
}

// stopUnless returns the process, or stops it when err, that of its start, is one.
func stopUnless(p *Process, err error) (*Process, error) {
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// errPortTaken says that another process took the port that was free before.
var errPortTaken = errors.New("the port was taken meanwhile")

func (p *Process) failed(cause error) error {
	log := p.Log()
	if portTaken(log) {
		cause = errors.Join(errPortTaken, cause)
	}
	return fmt.Errorf("start %s: %w; its log:\n%s", p.name, cause, tail(log))
}

// portTaken finds in a log what every server says when it cannot bind.
func portTaken(log string) bool {
	return strings.Contains(strings.ToLower(log), "address already in use")
}

// tail returns the end of a log that is too long for a message.
func tail(log string) string {
	const most = 4000
	if len(log) > most {
		log = "…" + log[len(log)-most:]
	}
	return log
}
