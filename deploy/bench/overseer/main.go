// Overseer measures the daily work of wCME beside what a program on the plain library
// does: a pass over thousands of certificates that nothing is due for, by `wcme manage`
// in process and by an overseer that runs; `wcme list`; an overseer's start; the list
// page, by CGI and by FastCGI, to its first byte and to its last one; and how many
// certificates are issued in a second when many are due at once, by a real CA (Pebble)
// that waits for nothing.
//
//	go run ./deploy/bench/overseer --build build
//
// Beside a pass runs rivals/due, which reads each certificate, parses it and looks at
// its end; beside the orders runs rivals/order, golang.org/x/crypto/acme in a loop. All
// are programs of their own, run in turn, round after round, so that whatever else the
// machine does slows all of them: the ratios mean something, the figures only beside
// each other. What each says is compared: one that looked at fewer certificates, or
// found one due, is an error. It prints Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"wcme/deploy/lab"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// plan is how much is measured.
type plan struct {
	sizes  []int // certificates of each pass
	orders int   // certificates that are due at once
	rounds int   // after the first, which is for warming up
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("overseer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	build := flags.String("build", "build", "the `directory` that make and make tools built into")
	sizes := flags.String("certificates", "2000,10000", "certificates of each pass")
	p := plan{}
	flags.IntVar(&p.orders, "orders", 20, "certificates that are due at once")
	flags.IntVar(&p.rounds, "rounds", 5, "how often everything is measured; orders twice at most,\nbecause the loop waits a second for each name")
	if flags.Parse(args) != nil {
		return 2
	}
	var err error
	if p.sizes, err = numbers(*sizes); err != nil || flags.NArg() > 0 || p.rounds < 1 || p.orders < 1 {
		fmt.Fprintln(stderr, "error: numbers from 1 on are wanted")
		return 2
	}
	if err := bench(ctx, p, *build, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "error: %v\n", err)
		return 1
	}
	return 0
}

func numbers(text string) (list []int, err error) {
	for _, part := range strings.Split(text, ",") {
		number, err := strconv.Atoi(part)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("%q is no number from 1 on", part)
		}
		list = append(list, number)
	}
	return list, nil
}

// bench measures and prints, and leaves nothing behind.
func bench(ctx context.Context, p plan, build string, stdout, stderr io.Writer) (err error) {
	if err := os.Setenv("WCME_BUILD", build); err != nil {
		return err
	}
	wcme, err := lab.Build()
	if err != nil {
		return fmt.Errorf("%w\nhint: run make and make tools first", err)
	}
	dir, err := lab.MakeDir("wcme-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs := programs{Programs: wcme, stderr: stderr,
		state: filepath.Join(dir, "state"), due: filepath.Join(dir, "due"), order: filepath.Join(dir, "order")}
	if err := programs.build(ctx); err != nil {
		return err
	}
	printHead(stdout)
	for _, certificates := range p.sizes {
		rows, pages, err := programs.passes(ctx, filepath.Join(dir, strconv.Itoa(certificates)), certificates, p.rounds)
		if err != nil {
			return err
		}
		printPasses(stdout, certificates, rows)
		printPages(stdout, certificates, pages)
	}
	rows, err := programs.issues(ctx, dir, p.orders, min(p.rounds, 2))
	if err != nil {
		return err
	}
	printOrders(stdout, p.orders, rows)
	return nil
}

// programs are those that are measured.
type programs struct {
	lab.Programs
	due, order string    // the rivals
	state      string    // makes certificates
	stderr     io.Writer // hears how far the bench is
}

// build builds what stands beside wCME.
func (p programs) build(ctx context.Context) error {
	for path, source := range map[string]string{p.due: "rivals/due", p.order: "rivals/order", p.state: "state"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "wcme/deploy/bench/"+source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", source, err, output)
		}
	}
	return nil
}
