package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"wcme/deploy/lab"
)

// standing answers challenges for whoever writes them as files into its directory:
// wCME, or a rival.
type standing struct {
	dir    string
	port   int
	server *http.Server
}

func startStanding(dir string) (*standing, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &standing{dir: dir, port: listener.Addr().(*net.TCPAddr).Port}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go s.server.Serve(listener)
	return s, nil
}

// ServeHTTP is a static web server's: the token is a file.
func (s *standing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.ServeFile(w, r, filepath.Join(s.dir, path.Base(path.Clean(r.URL.Path))))
}

// issues measures how fast certificates that are all due are issued.
func (p programs) issues(ctx context.Context, dir string, orders, rounds int) (rows []row, err error) {
	web, err := startStanding(filepath.Join(dir, "challenges"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, web.server.Close()) }()
	pebble, err := lab.StartPebble(ctx, p.Programs, lab.PebbleOptions{Dir: dir, HTTPPort: web.port})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pebble.Stop()) }()
	o := orderer{programs: p, dir: filepath.Join(dir, "orders"), orders: orders, web: web, pebble: pebble}
	if err := o.register(ctx); err != nil {
		return nil, err
	}
	rows = []row{
		{name: "a plain loop over golang.org/x/crypto/acme", run: o.loop(1)},
		{name: "the same, ten at a time", run: o.loop(10)},
		{name: "`wcme manage`", run: o.manage},
	}
	return rows, p.measure(ctx, fmt.Sprintf("%d orders", orders), rounds, rows)
}

// orderer has certificates issued.
type orderer struct {
	programs
	dir    string // a state directory with an account, for copies
	orders int
	web    *standing
	pebble *lab.Pebble
}

// register makes the state directory that each round begins with: the certificates are
// in the last third of their life, and there is an account.
func (o *orderer) register(ctx context.Context) error {
	if err := os.Mkdir(o.dir, 0o755); err != nil {
		return err
	}
	s, err := o.generate(ctx, o.dir, o.orders, 80)
	if err != nil {
		return err
	}
	err = s.configure(false, fmt.Sprintf("challenge.webroot = [%q]\nrenew.orders = \"%d/1h\"\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		o.web.dir, o.orders, o.pebble.Directory, o.pebble.Roots))
	if err != nil {
		return err
	}
	_, err = timed(o.Command(ctx, s.root, "register"), 0, "(registered)", 1)
	return err
}

// manage makes a pass over a copy of the state directory.
func (o *orderer) manage(ctx context.Context) (took cost, err error) {
	copied := o.dir + "-now"
	if err := os.CopyFS(copied, os.DirFS(o.dir)); err != nil {
		return took, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(copied)) }()
	took, err = timed(o.Command(ctx, filepath.Join(copied, "state"), "manage", "--quiet"), 0, "obtained version 000002", o.orders)
	if err != nil {
		return took, err
	}
	kept, err := filepath.Glob(filepath.Join(copied, "state", "priv", "certificates", "*", "000002", "fullchain.pem"))
	return took, errors.Join(err, counted(len(kept), o.orders))
}

// loop runs the rival, with so many orders at a time.
func (o *orderer) loop(lanes int) func(context.Context) (cost, error) {
	return func(ctx context.Context) (took cost, err error) {
		dir := o.dir + "-loop"
		if err := os.Mkdir(dir, 0o755); err != nil {
			return took, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		took, err = timed(exec.CommandContext(ctx, o.order, "--directory", o.pebble.Directory, "--roots", o.pebble.Roots,
			"--challenges", o.web.dir, "--lanes", strconv.Itoa(lanes), "--orders", strconv.Itoa(o.orders), dir), 0, "obtained\n", o.orders)
		if err != nil {
			return took, err
		}
		kept, err := filepath.Glob(filepath.Join(dir, "*.pem"))
		return took, errors.Join(err, counted(len(kept), 2*o.orders))
	}
}

// counted is an error unless there are as many files as there are to be.
func counted(got, want int) error {
	if got != want {
		return fmt.Errorf("%d files were kept, want %d", got, want)
	}
	return nil
}
