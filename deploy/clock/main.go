// Clock builds the programs of wCME, Pebble and its name server on a clock that
// tests set:
//
//	go run ./deploy/clock DIR [FLAG…]
//
// makes DIR/wcme, DIR/cgi-bin and DIR/tools, as make does in build, with the flags
// passed on to `go build` for the programs of wCME. It works in the top directory
// of the sources.
//
// The programs are what they are otherwise but for package time of Go's library,
// which is compiled from a copy with a few lines changed (`go build -overlay`):
// where the environment names a file in WCME_CLOCK, time.Now is the machine's time
// plus the offset that is kept there. lab.Clock writes that file.
//
//   - Timers, time limits and the monotonic part of a time stay those of the
//     machine: a jump is seen as one is when an administrator sets the clock, or
//     after a suspend. Times of before and after a jump are as far apart as their
//     monotonic parts say.
//   - With WCME_CLOCK_PASSES set, as for Pebble, times have no monotonic part.
//   - Waits of three minutes and more, on a timer's channel, end early when the
//     file says so: a daemon that looks at the clock every ten minutes looks more
//     often, with the same code. Deadlines of contexts and connections are no such
//     waits.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprintln(stderr, "usage: clock DIR [flags of go build]")
		return 2
	}
	if err := build(ctx, args[0], args[1:]); err != nil {
		fmt.Fprintln(stderr, "clock:", err)
		return 1
	}
	return 0
}

// pebble are the packages of Pebble's programs, which module .tools requires, and before
// them that it is built with the copy of Pebble that .tools/pebble makes.
var pebble = []string{
	"-modfile", "../build/pebble/go.mod",
	"github.com/letsencrypt/pebble/v2/cmd/pebble",
	"github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv",
}

func build(ctx context.Context, dir string, flags []string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	overlay, err := writeOverlay(strings.TrimSpace(string(goroot)), filepath.Join(dir, "_overlay"))
	if err != nil {
		return err
	}
	compile := func(in, out string, args ...string) error {
		return goBuild(ctx, in, append([]string{"-overlay", overlay, "-o", filepath.Join(dir, out)}, args...))
	}
	ours := func(out, source string) error {
		return compile(".", out, append(flags[:len(flags):len(flags)], source)...)
	}
	if err := os.MkdirAll(filepath.Join(dir, "tools"), 0o755); err != nil {
		return err
	}
	return errors.Join(
		ours("wcme", "./overseer"),
		ours("cgi-bin/wcme", "./cgi"),
		ours("cgi-bin/wcme-pages", "./cgi/pages"),
		compile(".tools", "tools", pebble...))
}

// goBuild runs `go build` as the Makefile does.
func goBuild(ctx context.Context, in string, args []string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-buildvcs=false"}, args...)...)
	cmd.Dir, cmd.Env = in, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}
