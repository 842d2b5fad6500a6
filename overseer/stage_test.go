package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"wcme/deploy/lab"
)

// stage is what the commands of one script share.
type stage struct {
	testing.TB
	work     string // the script's directory
	root     string // the state directory
	web      *webServer
	pebble   *lab.Pebble
	programs []*started
	trees    map[string]tree
}

type stageKey struct{}

// stageCommands are the commands that the scripts have beside those of testscript.
//
//	pebble [OPTION…]          starts a CA, and a web server that answers from state/www; sets
//	                          $DIRECTORY, its URL, $ROOTS, a PEM file for its TLS, and $TERMS
//	pebble stops              ends the CA
//	web answers|refuses|holds how that web server behaves from now on
//	configure FILE            puts the file in force, its $VARIABLES filled in
//	status N PROGRAM ARG…     runs the program, which must end with exit status N
//	start NAME PROGRAM ARG…   runs it in the background, its output in NAME.out and NAME.err
//	await PATTERN FILE        waits until the file has a line like that
//	signal SIGNAL NAME        sends INT, TERM, HUP or KILL to what was started
//	finish NAME               waits for its end, with exit status 0; ! finish, with another
//	port VARIABLE             sets it to a free port
//	fetch STATUS URL          gets the page, as it stands there, with that status
//	snapshot NAME             remembers the state directory, but for the lock, the log and the socket
//	unchanged NAME            compares it with what was remembered; ! unchanged: it must differ
//	mode MODE FILE…           checks what `ls -l` shows of each file
//	empty DIR…                checks that nothing is in them
//	pair FILE NAME…           checks certificate, chain and key, for all the names, up to the CA's root
//	json FILE                 checks that the file is JSON
func stageCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := make(map[string]func(*testscript.TestScript, bool, []string))
	for name, run := range map[string]func(*stage, *testscript.TestScript, []string) error{
		"pebble":    (*stage).startPebble,
		"web":       (*stage).behave,
		"configure": (*stage).configure,
		"status":    (*stage).status,
		"start":     (*stage).start,
		"await":     (*stage).await,
		"signal":    (*stage).signal,
		"finish":    (*stage).finish,
		"port":      (*stage).port,
		"fetch":     (*stage).fetch,
		"snapshot":  (*stage).snapshot,
		"unchanged": (*stage).unchanged,
		"mode":      (*stage).mode,
		"empty":     (*stage).empty,
		"pair":      (*stage).pair,
		"json":      (*stage).json,
	} {
		commands[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			err := run(ts.Value(stageKey{}).(*stage), ts, args)
			if !neg {
				ts.Check(err)
			} else if err == nil {
				ts.Fatalf("%s: unexpected success", name)
			}
		}
	}
	return commands
}

// startPebble takes the options eab=KID:KEY, block=NAME and profile=NAME.
func (s *stage) startPebble(ts *testscript.TestScript, args []string) error {
	if strings.Join(args, " ") == "stops" {
		return s.pebble.Stop()
	}
	s.web = startWebServer(s, s.root)
	options := lab.PebbleOptions{
		Dir:          s.work,
		HTTPPort:     s.web.Port,
		ExternalKeys: make(map[string]string),
		Profiles:     make(map[string]time.Duration),
	}
	for _, arg := range args {
		option, value, _ := strings.Cut(arg, "=")
		switch option {
		case "eab":
			id, key, _ := strings.Cut(value, ":")
			options.ExternalKeys[id] = key
		case "block":
			options.BlockedNames = append(options.BlockedNames, value)
		case "profile":
			options.Profiles[value] = 6 * 24 * time.Hour
		default:
			return fmt.Errorf("pebble has no option %q", option)
		}
	}
	s.pebble = lab.MustPebble(s, lab.MustBuild(s), options)
	ts.Setenv("DIRECTORY", s.pebble.Directory)
	ts.Setenv("ROOTS", s.pebble.Roots)
	ts.Setenv("TERMS", "data:text/plain,Do%20what%20thou%20wilt")
	return nil
}

func (s *stage) behave(_ *testscript.TestScript, args []string) error {
	switch strings.Join(args, " ") {
	case "answers":
		s.web.Answer()
	case "refuses":
		s.web.Refuse()
	case "holds":
		s.web.Hold()
	default:
		return fmt.Errorf("the web server cannot %q", args)
	}
	return nil
}

func (s *stage) configure(ts *testscript.TestScript, args []string) error {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	return os.WriteFile(filepath.Join(s.root, "etc", "wcme.toml"), []byte(text), 0o600)
}

func (s *stage) status(ts *testscript.TestScript, args []string) error {
	err := ts.Exec(args[1], args[2:]...)
	if got := fmt.Sprint(exitStatus(err)); got != args[0] {
		return fmt.Errorf("exit status: got %s, want %s", got, args[0])
	}
	return nil
}

// exitStatus is that of a program whose Run or Wait returned err: -1 where it
// has none.
func exitStatus(err error) int {
	ended := new(exec.ExitError)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return ended.ExitCode()
	}
	return -1
}

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
	for _, variable := range []string{"PATH", "HOME", "TMPDIR", "WCME_ROOT", "WCME_SOCKET"} {
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

// patience is how long anything may take that is waited for.
const patience = 20 * time.Second

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

func (s *stage) port(ts *testscript.TestScript, args []string) error {
	port, err := lab.FreePort()
	ts.Setenv(args[0], fmt.Sprint(port))
	return err
}

// fetch sends the path as it is: a client of net/http would clean it.
func (s *stage) fetch(ts *testscript.TestScript, args []string) error {
	address, path, _ := strings.Cut(strings.TrimPrefix(args[1], "http://"), "/")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(ts.Stdout(), response.Body); err != nil {
		return err
	}
	if got := fmt.Sprint(response.StatusCode); got != args[0] {
		return fmt.Errorf("status: got %s, want %s", got, args[0])
	}
	return nil
}

func (s *stage) snapshot(_ *testscript.TestScript, args []string) (err error) {
	s.trees[args[0]], err = readTree(s.root)
	return err
}

func (s *stage) unchanged(_ *testscript.TestScript, args []string) error {
	now, err := readTree(s.root)
	if err != nil {
		return err
	}
	if lines := s.trees[args[0]].difference(now); lines != "" {
		return fmt.Errorf("the state directory is not as it was:\n%s", lines)
	}
	return nil
}

func (s *stage) mode(ts *testscript.TestScript, args []string) error {
	for _, path := range args[1:] {
		info, err := os.Lstat(ts.MkAbs(path))
		if err != nil {
			return err
		}
		if got := info.Mode().String(); got != args[0] {
			return fmt.Errorf("mode of %s: got %s, want %s", path, got, args[0])
		}
	}
	return nil
}

func (s *stage) empty(ts *testscript.TestScript, args []string) error {
	for _, path := range args {
		entries, err := os.ReadDir(ts.MkAbs(path))
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			return fmt.Errorf("%s is not empty: %v", path, entries)
		}
	}
	return nil
}

func (s *stage) pair(ts *testscript.TestScript, args []string) error {
	root, err := s.pebble.IssuingRoot(s.Context())
	if err != nil {
		return err
	}
	_, err = lab.CheckChain(ts.MkAbs(args[0]), root, args[1:]...)
	return err
}

func (s *stage) json(ts *testscript.TestScript, args []string) error {
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		return fmt.Errorf("%s is no JSON: %s", args[0], text)
	}
	return nil
}
