package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"wcme/deploy/lab"
)

// daemon is a FastCGI program that waits for requests on sockets of its own:
// DIR/new-FILE.sock, where each request comes on a new connection, and
// DIR/kept-FILE.sock, where connections are kept.
type daemon struct {
	File, name string
	kept       int // processes that serve kept connections
}

// pool is how many processes a daemon needs that serves one connection at a time,
// so that every connection which a server keeps has one.
const pool = 200

func allDaemons() []daemon {
	return []daemon{
		{"responder", "C, libfcgi", pool},
		{"wcme", ours, 1},
		{"standard", "Go, net/http/fcgi", 1},
	}
}

// daemons returns them as programs that are reached in that way.
func daemons(way string) (list []program) {
	for _, d := range allDaemons() {
		name := d.name
		if way == "kept" && d.kept > 1 {
			name = fmt.Sprintf("%s, %d processes", name, d.kept)
		}
		list = append(list, program{"/" + way + "/" + d.File, name})
	}
	return list
}

//go:embed rivals/responder.c
var responderC string

// installDaemons puts the programs into DIR/cgi-bin, where the script is already.
func installDaemons(ctx context.Context, bin string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(bin, "standard"), "wcme/deploy/bench/rivals/standard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build rivals/standard: %w: %s", err, output)
	}
	return compile(ctx, filepath.Join(bin, "responder"), responderC, "-lfcgi")
}

// startDaemons starts each on both of its sockets, which are handed over as
// descriptor 0.
func startDaemons(dir string, all *running) error {
	for _, d := range allDaemons() {
		err := errors.Join(
			d.start(dir, "new", 1, all),
			d.start(dir, "kept", d.kept, all))
		if err != nil {
			return err
		}
	}
	return nil
}

func (d daemon) start(dir, way string, processes int, all *running) error {
	path := filepath.Join(dir, way+"-"+d.File+".sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	listener.SetUnlinkOnClose(false)
	defer listener.Close()
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := os.Chmod(path, 0o666); err != nil { // the directory is the bench's own
		return err
	}
	for range processes {
		cmd := exec.Command(filepath.Join(dir, "cgi-bin", d.File))
		cmd.Env, cmd.Stdin = []string{"WCME_ROOT=" + filepath.Join(dir, "state")}, socket
		process, err := lab.Start(filepath.Join(dir, way+"-"+d.File+".log"), cmd)
		if err != nil {
			return err
		}
		all.add(process.Stop)
	}
	return nil
}
