package main

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets copies of the test's own program be other programs, by the name
// that they are started under: wcme is what `make` builds from this package, ask
// is a client of the control socket, opensocket opens one, and syslogd is the
// system's log.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"wcme":       func() { go endWithParent(os.Getppid()); main() },
		"ask":        ask,
		"opensocket": openSocket,
		"syslogd":    syslogd,
	})
}

// endWithParent keeps a daemon that a test has started from outliving a test
// that was killed.
func endWithParent(parent int) {
	for os.Getppid() == parent {
		time.Sleep(200 * time.Millisecond)
	}
	os.Exit(exitFailed)
}
