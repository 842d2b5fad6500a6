package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
)

// ServerOptions say how to run a web server.
type ServerOptions struct {
	Name  string // of its log, Dir/NAME.log
	Dir   string // made with MakeDir, so that the server's user can enter it
	Ports int    // how many it listens on
	// Prepare writes the configuration for these ports. It returns the command of
	// the server's own configuration test, nil where it has none, and the one that
	// runs the server in the foreground. It is called again, with other ports, when
	// one of them was taken meanwhile.
	Prepare func(ports []int) (check, run *exec.Cmd, err error)
	// Listens are the addresses that must accept connections before the server
	// counts as started; nil for each port on 127.0.0.1.
	Listens func(ports []int) []string
}

// Server is a running web server of any kind.
type Server struct {
	Ports   []int
	Process *Process
}

// StartServer checks the configuration by the server's own test, starts the
// server and returns when it listens on every port.
func StartServer(ctx context.Context, o ServerOptions) (*Server, error) {
	return retry(func() (*Server, error) { return startServer(ctx, o) })
}

func startServer(ctx context.Context, o ServerOptions) (*Server, error) {
	ports, err := FreePorts(o.Ports)
	if err != nil {
		return nil, err
	}
	check, run, err := o.Prepare(ports)
	if err != nil {
		return nil, fmt.Errorf("configure %s: %w", o.Name, err)
	}
	if err := passes(check); err != nil {
		return nil, fmt.Errorf("check the configuration of %s: %w", o.Name, err)
	}
	process, err := Start(filepath.Join(o.Dir, o.Name+".log"), run)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	process, err = stopUnless(process, process.Await(ctx, listening(o.addresses(ports))))
	if err != nil {
		return nil, err
	}
	return &Server{Ports: ports, Process: process}, nil
}

// passes runs a configuration test. Some, like nginx's, open the ports.
func passes(check *exec.Cmd) error {
	if check == nil {
		return nil
	}
	output, err := check.CombinedOutput()
	if err == nil {
		return nil
	}
	if portTaken(string(output)) {
		err = errors.Join(errPortTaken, err)
	}
	return fmt.Errorf("%s: %w: %s", check, err, tail(string(output)))
}

func (o ServerOptions) addresses(ports []int) []string {
	if o.Listens != nil {
		return o.Listens(ports)
	}
	addresses := make([]string, len(ports))
	for i, port := range ports {
		addresses[i] = Loopback(port)
	}
	return addresses
}

// listening tells whether each address accepts connections.
func listening(addresses []string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, address := range addresses {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil {
				return err
			}
			if err := conn.Close(); err != nil {
				return err
			}
		}
		return nil
	}
}

// Log returns what the server has said on its output.
func (s *Server) Log() string { return s.Process.Log() }

// Stop ends the server with all its processes.
func (s *Server) Stop() error { return s.Process.Stop() }

// MustServer starts the server for the time of the test.
func MustServer(tb TB, o ServerOptions) *Server {
	tb.Helper()
	server, err := StartServer(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "the log of "+o.Name, server)
	return server
}
