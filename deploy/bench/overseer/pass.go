package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"wcme/deploy/lab"
)

// nowhere is a CA that nobody must ask: nothing is due.
const nowhere = "[authority.lab]\ndirectory = \"https://127.0.0.1:1/dir\"\n"

// state is a state directory, and a directory where its certificates are installed.
type state struct {
	root, target string
	certificates int
}

// generate makes certificates that are so many of their ninety days old.
func (p programs) generate(ctx context.Context, dir string, certificates, days int) (*state, error) {
	if output, err := exec.CommandContext(ctx, p.state, dir, strconv.Itoa(certificates), strconv.Itoa(days)).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make certificates: %w: %s", err, output)
	}
	return &state{filepath.Join(dir, "state"), filepath.Join(dir, "target"), certificates}, nil
}

// configure puts a configuration in force, with the target or with none.
func (s *state) configure(target bool, authority string) error {
	text := "ca = \"lab\"\naccept_terms = true\nreport.opcom = [\"none\"]\n" + authority
	if target {
		text += fmt.Sprintf("[[install]]\nname = \"target\"\ndir = %q\n", s.target)
	}
	return os.WriteFile(filepath.Join(s.root, "etc", "wcme.toml"), []byte(text), 0o600)
}

// passes measures passes over so many certificates, of which none is due, and the page
// that lists them.
func (p programs) passes(ctx context.Context, dir string, certificates, rounds int) (rows, pages []row, err error) {
	what := fmt.Sprintf("%d certificates", certificates)
	fmt.Fprintf(p.stderr, "%s: making them\n", what)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, nil, err
	}
	s, err := p.generate(ctx, dir, certificates, 10)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }() // the next ones need the space
	rows = []row{
		{name: "a plain loop", run: p.loop(s)},
		{name: "a plain loop that reads the keys too", run: p.loop(s, "--keys")},
		{name: "`wcme manage`", run: p.manage(s, false)},
		{name: "`wcme manage`, installed in a target", run: p.manage(s, true)},
		{name: "`wcme list`", run: p.list(s, false)},
		{name: "`wcme list`, installed in a target", run: p.list(s, true)},
		{name: "`wcme overseer`, until it answers", run: p.start(s)},
	}
	if err := p.measure(ctx, what, rounds, rows); err != nil {
		return nil, nil, err
	}
	served, err := p.served(ctx, s, rounds)
	if err != nil {
		return nil, nil, err
	}
	pages, err = p.pages(ctx, s, rounds)
	return append(rows, served...), pages, err
}

// loop runs the rival.
func (p programs) loop(s *state, flags ...string) func(context.Context) (cost, error) {
	return func(ctx context.Context) (cost, error) {
		args := append(flags[:len(flags):len(flags)], filepath.Join(s.root, "priv", "certificates"))
		return timed(exec.CommandContext(ctx, p.due, args...), 0, fmt.Sprintf("0 of %d are due\n", s.certificates), 1)
	}
}

// manage makes a pass, in process or by the overseer that runs.
func (p programs) manage(s *state, target bool) func(context.Context) (cost, error) {
	return func(ctx context.Context) (cost, error) {
		if err := s.configure(target, nowhere); err != nil {
			return cost{}, err
		}
		return p.pass(ctx, s)
	}
}

func (p programs) pass(ctx context.Context, s *state) (cost, error) {
	return timed(p.Command(ctx, s.root, "manage"), 3, fmt.Sprintf("nothing is due; certificates managed: %d\n", s.certificates), 1)
}

func (p programs) list(s *state, target bool) func(context.Context) (cost, error) {
	return func(ctx context.Context) (cost, error) {
		if err := s.configure(target, nowhere); err != nil {
			return cost{}, err
		}
		return p.lines(ctx, s)
	}
}

// lines lists the certificates: each of them has its line.
func (p programs) lines(ctx context.Context, s *state) (cost, error) {
	return timed(p.Command(ctx, s.root, "list"), 0, " valid ", s.certificates)
}

// start starts an overseer and ends it when it has answered.
func (p programs) start(s *state) func(context.Context) (cost, error) {
	return func(ctx context.Context) (took cost, err error) {
		if err := s.configure(false, nowhere); err != nil {
			return took, err
		}
		began := time.Now()
		overseer, err := lab.StartOverseer(ctx, p.Programs, s.root)
		if err != nil {
			return took, err
		}
		wall := time.Since(began)
		took, err = used(overseer.PID())
		took.wall = wall
		return took, errors.Join(err, overseer.Stop())
	}
}

// served measures what an overseer that runs does. What it costs is the overseer's;
// the wall clock is that of the verb which asks for it.
func (p programs) served(ctx context.Context, s *state, rounds int) (rows []row, err error) {
	if err := s.configure(false, nowhere); err != nil {
		return nil, err
	}
	overseer, err := lab.StartOverseer(ctx, p.Programs, s.root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, overseer.Stop()) }()
	asked := func(ask func(context.Context, *state) (cost, error)) func(context.Context) (cost, error) {
		return func(ctx context.Context) (cost, error) {
			before, err := used(overseer.PID())
			if err != nil {
				return cost{}, err
			}
			asking, err := ask(ctx, s)
			if err != nil {
				return cost{}, err
			}
			after, err := used(overseer.PID())
			return cost{wall: asking.wall, cpu: after.cpu - before.cpu, memory: after.memory}, err
		}
	}
	rows = []row{
		{name: "`wcme manage` by the overseer that runs", run: asked(p.pass)},
		{name: "`wcme list` by the overseer that runs", run: asked(p.lines)},
	}
	return rows, p.measure(ctx, fmt.Sprintf("%d certificates, the overseer", s.certificates), rounds, rows)
}
