// Package lab holds the instruments that the tests and the demo share: a real
// ACME certification authority (Pebble) with a name server of its own, real web
// servers and proxies, and the programs of wCME, built.
//
// Everything runs on free loopback ports, keeps its files in the directory that
// it is given, needs no network, and ends when it is stopped or, on Linux, when
// the process that started it ends. What a child process says is in its log.
//
//	programs, err := lab.Build()                // ROOT/build/wcme, …/cgi-bin/wcme and the tools
//	apache, err := lab.StartApache(ctx, lab.ApacheOptions{Dir: dir, Site: site})
//	pebble, err := lab.StartPebble(ctx, programs, lab.PebbleOptions{Dir: dir, HTTPPort: apache.Port})
//	… the ACME directory is pebble.Directory, its TLS is verified with pebble.Roots …
//	err = errors.Join(pebble.Stop(), apache.Stop())
//
// StartServer runs any other web server, whose configuration the test writes, with
// Fill and Adapt for example; StartTinyproxy runs a proxy.
//
// Between stands before Pebble and makes what is rare happen; BuildOnClock builds
// programs whose clock is a Clock; an Observer visits a server, a Sampler reads
// certificates, and a MailServer takes mail, all the time.
//
// Tests use MustBuild, MustApache, MustPebble, MustServer and TempDir, which fail
// the test instead of returning an error and stop things when it ends.
package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Root returns the top directory of wCME's sources: the one above the working
// directory that holds the go.mod of module wcme.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if isRoot(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the sources of wcme: neither the working directory nor one above it has them")
		}
	}
}

func isRoot(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	first, _, _ := strings.Cut(string(text), "\n")
	return err == nil && strings.TrimSpace(first) == "module wcme"
}

// maxDir is the longest path of a directory in which a Unix socket can be made
// on every system: the whole path has to stay below 100 bytes.
const maxDir = 60

// MakeDir makes a directory that every user can enter, as the state directory
// and a web server's files are, with a path short enough for Unix sockets.
// Whoever made it removes it.
func MakeDir(name string) (string, error) {
	parent := os.TempDir()
	if len(parent) > maxDir-20 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, name+"-")
	if err != nil {
		return "", err
	}
	if len(dir) > maxDir {
		return "", errors.Join(fmt.Errorf("make a directory for sockets: %s is longer than %d bytes", dir, maxDir), os.Remove(dir))
	}
	return dir, os.Chmod(dir, 0o755)
}
