package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	visited  net.Listener // of the TLS server
	programs []*started
	trees    map[string]tree
}

type stageKey struct{}

// stageCommands are the commands that the scripts have beside those of testscript.
//
//	pebble [OPTION…]          starts a CA, and a web server that answers from state/www; sets
//	                          $DIRECTORY, its URL, $ROOTS, a PEM file for its TLS, $TERMS,
//	                          $NAMESERVER, which says 127.0.0.1 for every name, and $WEBPORT
//	pebble stops              ends the CA
//	web answers|refuses|holds how that web server behaves from now on
//	configure FILE            puts the file in force, its $VARIABLES filled in
//	status N PROGRAM ARG…     runs the program, which must end with exit status N
//	start NAME PROGRAM ARG…   runs it in the background, its output in NAME.out and NAME.err
//	await PATTERN FILE        waits until the file has a line like that
//	signal SIGNAL NAME        sends INT, TERM, HUP or KILL to what was started
//	finish NAME               waits for its end, with exit status 0; ! finish, with another
//	tls FILE                  starts a TLS server that presents the certificate that is in the file at
//	                          that moment; sets $TLSPORT
//	tls stops                 ends it
//	mailserver FILE           starts a mail server that writes what it takes into the file, and
//	                          refuses nobody@; sets $MAILSERVER
//	hook FILE                 starts a server that writes what is posted to it into the file, and
//	                          takes nothing at /gone; sets $HOOK, its URL
//	port VARIABLE             sets it to a free port
//	fetch STATUS URL          gets the page, as it stands there, with that status
//	snapshot NAME             remembers the state directory, but for what every run writes, as isDiary
//	                          tells
//	unchanged NAME            compares it with what was remembered; ! unchanged: it must differ
//	mode MODE FILE…           checks what `ls -l` shows of each file
//	empty DIR…                checks that nothing is in them
//	pair FILE NAME…           checks certificate, chain and key, for all the names, up to the CA's root
//	leaf FILE                 prints the kind of key and the SHA-256 of the first certificate
//	json FILE                 checks that the file is JSON
func stageCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := make(map[string]func(*testscript.TestScript, bool, []string))
	for name, run := range map[string]func(*stage, *testscript.TestScript, []string) error{
		"pebble":     (*stage).startPebble,
		"web":        (*stage).behave,
		"configure":  (*stage).configure,
		"status":     (*stage).status,
		"start":      (*stage).start,
		"await":      (*stage).await,
		"signal":     (*stage).signal,
		"finish":     (*stage).finish,
		"tls":        (*stage).startTLS,
		"mailserver": (*stage).startMailServer,
		"hook":       (*stage).startHook,
		"port":       (*stage).port,
		"fetch":      (*stage).fetch,
		"snapshot":   (*stage).snapshot,
		"unchanged":  (*stage).unchanged,
		"mode":       (*stage).mode,
		"empty":      (*stage).empty,
		"pair":       (*stage).pair,
		"leaf":       (*stage).leaf,
		"json":       (*stage).json,
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

// startPebble takes the options eab=KID:KEY, block=NAME, profile=NAME:LIFE, whose
// certificates live six days where LIFE is left out, roots=COUNT of further roots, and
// port=PORT, where the CA looks for answers in place of the web server.
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
		case "port":
			if _, err := fmt.Sscan(value, &options.HTTPPort); err != nil {
				return err
			}
		case "roots":
			if _, err := fmt.Sscan(value, &options.AlternateRoots); err != nil {
				return err
			}
		case "block":
			options.BlockedNames = append(options.BlockedNames, value)
		case "profile":
			name, life, given := strings.Cut(value, ":")
			options.Profiles[name] = 6 * 24 * time.Hour
			if given {
				var err error
				if options.Profiles[name], err = time.ParseDuration(life); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("pebble has no option %q", option)
		}
	}
	s.pebble = lab.MustPebble(s, lab.MustBuild(s), options)
	ts.Setenv("DIRECTORY", s.pebble.Directory)
	ts.Setenv("ROOTS", s.pebble.Roots)
	ts.Setenv("NAMESERVER", s.pebble.Names.DNS)
	ts.Setenv("WEBPORT", fmt.Sprint(s.web.Port))
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
