// Bench measures how fast the script answers an http-01 challenge: beside a C
// program and a shell script that do nothing else, under the servers that start
// a program for each request (Apache's mod_cgid, lighttpd's mod_cgi), and as a
// daemon, beside one on libfcgi and one on net/http/fcgi, under those that speak
// FastCGI (nginx, Apache's mod_proxy_fcgi, lighttpd's mod_fastcgi).
//
//	go run ./deploy/bench --wcme build/cgi-bin/wcme
//
// It starts the servers on free loopback ports, as www-data where it runs as
// root, and measures the programs in turn, round after round, so that whatever
// else the machine does slows all of them: the ratios mean something, the
// figures only beside each other. It prints them as a Markdown table, and exits
// 1 if any answer of the script was wrong.
//
// The load comes from this process and not from a tool such as wrk, because
// every answer is compared, byte by byte.
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

	"wcme/deploy/lab"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	script := flags.String("wcme", "build/cgi-bin/wcme", "the `file` that make built from cgi/")
	requests := flags.Int("requests", 6000, "requests to each program under each server, at 32 connections;\na tenth of it at one")
	rounds := flags.Int("rounds", 30, "parts that the requests are sent in")
	if flags.Parse(args) != nil {
		return 2
	}
	if flags.NArg() > 0 || *rounds < 1 || *requests < *rounds*connections {
		fmt.Fprintf(stderr, "error: each round sends at least %d requests, one a connection\n", connections)
		return 2
	}
	p := plan{rounds: *rounds, busy: *requests / *rounds, alone: max(1, *requests/10 / *rounds)}
	if err := bench(ctx, p, *script, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "error: %v\n", err)
		return 1
	}
	return 0
}

// bench sets everything up, measures, prints and takes everything down.
func bench(ctx context.Context, p plan, script string, stdout, stderr io.Writer) (err error) {
	if err := needed(); err != nil {
		return err
	}
	dir, err := lab.MakeDir("wcme-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := install(ctx, dir, script); err != nil {
		return err
	}
	servers, stop, err := start(ctx, dir)
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return err
	}
	for _, server := range servers {
		if err := p.measure(ctx, server, stderr); err != nil {
			return err
		}
	}
	printTable(stdout, servers)
	return wrongAnswers(stdout, servers)
}
