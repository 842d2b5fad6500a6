package lab

import (
	"context"
	"os"
	"path/filepath"
)

// TB is what the lab needs of a testing.TB. It is declared here so that the
// demo, which uses the lab too, is not linked with package testing.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// TempDir makes a directory as MakeDir does, and removes it after the test.
func TempDir(tb TB) string {
	tb.Helper()
	dir, err := MakeDir("lab")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("remove: %v", err)
		}
	})
	return dir
}

// MustBuild builds the programs.
func MustBuild(tb TB) Programs {
	tb.Helper()
	programs, err := Build()
	if err != nil {
		tb.Fatal(err)
	}
	return programs
}

// MustInstall builds the programs, and copies wcme to where every user can run it:
// the sources may lie where only their owner can enter.
func MustInstall(tb TB) Programs {
	tb.Helper()
	programs := MustBuild(tb)
	installed := filepath.Join(TempDir(tb), filepath.Base(programs.Wcme))
	if err := Install(programs.Wcme, installed); err != nil {
		tb.Fatal(err)
	}
	programs.Wcme = installed
	return programs
}

// MustPebble starts Pebble for the time of the test.
func MustPebble(tb TB, programs Programs, o PebbleOptions) *Pebble {
	tb.Helper()
	pebble, err := StartPebble(tb.Context(), programs, o)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "Pebble's log", pebble)
	return pebble
}

// MustApache starts Apache for the time of the test.
func MustApache(tb TB, o ApacheOptions) *Apache {
	tb.Helper()
	apache, err := StartApache(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "Apache's error log", apache)
	return apache
}

// MustOverseer starts `wcme overseer` for the time of the test.
func MustOverseer(tb TB, programs Programs, root string) *Process {
	tb.Helper()
	overseer, err := StartOverseer(tb.Context(), programs, root)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "the overseer's log", overseer)
	return overseer
}

// stoppable is a server of the lab, or a Process.
type stoppable interface {
	Log() string
	Stop() error
}

// stopAfter stops the server after the test, and shows the log of a failed one.
func stopAfter(tb TB, title string, server stoppable) {
	tb.Cleanup(func() {
		if err := server.Stop(); err != nil {
			tb.Errorf("%v", err)
		}
		if tb.Failed() {
			tb.Logf("%s:\n%s", title, tail(server.Log()))
		}
	})
}
