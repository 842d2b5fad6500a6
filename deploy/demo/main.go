// Demo shows wCME at work on this machine alone: a certification authority (the
// test server Pebble), a small web server that runs cgi-bin/wcme as a CGI
// program, and the commands that an administrator types, each with what it
// says. Everything runs on free loopback ports and in a temporary directory,
// as whoever started it, and is gone when it ends.
//
// It stays up until Ctrl-C, so that the list page can be looked at; with -once
// it ends after the last step. It exits 1 when a step failed, or when what it
// saw is not what wCME promises.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	once := flags.Bool("once", false, "end after the last step")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return 2
	}
	if err := show(ctx, stdout, *once); err != nil {
		fmt.Fprintf(stderr, "\ndemo: %v\n", err)
		return 1
	}
	return 0
}

// show plays the demo and takes down what it has put up.
func show(ctx context.Context, stdout io.Writer, once bool) (err error) {
	d := &demo{page: &page{w: stdout}}
	defer func() { err = errors.Join(err, d.takeDown()) }()
	for _, step := range d.steps() {
		if err := step(ctx); err != nil {
			return d.explain(ctx, err)
		}
	}
	if once {
		return nil
	}
	d.page.say("", "It stays up until Ctrl-C.")
	<-ctx.Done()
	d.page.say("", "Ending.")
	return nil
}
