package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// started is a program in the background.
type started struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // read it after done
}

func (s *stage) start(ts *testscript.TestScript, args []string) error {
	name, program := args[0], args[1]
	if path, err := exec.LookPath(program); err == nil {
		program = path
	}
	cmd := exec.Command(program, args[2:]...)
	cmd.Dir = s.work
	for _, variable := range []string{"PATH", "HOME", "TMPDIR", "TZ", "WCME_ROOT", "WCME_SOCKET",
		"WCME_CERT", "WCME_LOAD", "WCME_MAIL", "WCME_OPCOM", "CREDENTIALS_DIRECTORY"} {
		cmd.Env = append(cmd.Env, variable+"="+ts.Getenv(variable))
	}
	stdout, err := os.Create(filepath.Join(s.work, name+".out"))
	if err != nil {
		return err
	}
	defer stdout.Close()
	stderr, err := os.Create(filepath.Join(s.work, name+".err"))
	if err != nil {
		return err
	}
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &started{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	s.programs = append(s.programs, p)
	return nil
}

// find returns the last one of the name.
func (s *stage) find(name string) (*started, error) {
	for i := len(s.programs) - 1; i >= 0; i-- {
		if s.programs[i].name == name {
			return s.programs[i], nil
		}
	}
	return nil, fmt.Errorf("nothing was started as %s", name)
}

func (s *stage) signal(_ *testscript.TestScript, args []string) error {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	p, err := s.find(args[1])
	if err != nil {
		return err
	}
	return p.cmd.Process.Signal(signals[args[0]])
}

func (s *stage) finish(ts *testscript.TestScript, args []string) error {
	p, err := s.find(args[0])
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		return fmt.Errorf("%s does not end", p.name)
	}
	fmt.Fprint(ts.Stdout(), ts.ReadFile(p.name+".out"))
	fmt.Fprint(ts.Stderr(), ts.ReadFile(p.name+".err"))
	return p.err
}

// endAll ends what a script has left running.
func (s *stage) endAll() {
	for _, p := range s.programs {
		p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(patience):
			p.cmd.Process.Kill()
			s.Errorf("%s does not end at SIGTERM", p.name)
		}
	}
}

// patience is how long anything may take that is waited for. Nothing takes that long: it
// ends a test that would hang.
const patience = time.Minute

func (s *stage) await(ts *testscript.TestScript, args []string) error {
	pattern, err := regexp.Compile("(?m)" + args[0])
	if err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for {
		text, err := os.ReadFile(ts.MkAbs(args[1]))
		if pattern.Match(text) {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(err, fmt.Errorf("no line of %s is like %q:\n%s", args[1], args[0], text))
		}
		time.Sleep(5 * time.Millisecond)
	}
}
