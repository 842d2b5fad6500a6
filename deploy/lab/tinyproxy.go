package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// tinyproxyProgram is that of Debian's package tinyproxy-bin.
const tinyproxyProgram = "/usr/bin/tinyproxy"

// TinyproxyOptions say whom the proxy lets go where. The zero value of each but
// Dir lets everybody go everywhere.
type TinyproxyOptions struct {
	Dir            string
	User, Password string   // whom it wants to see
	ConnectPorts   []int    // it connects to no other port
	Refused        []string // hosts, as extended regular expressions, that it does not connect to
	// Address is what it listens on; "" is 127.0.0.1.
	Address string
	// Enter changes the command that runs it, so that it runs elsewhere; nil leaves it.
	Enter func(*exec.Cmd) *exec.Cmd
}

// Tinyproxy is a running HTTP proxy.
type Tinyproxy struct {
	Address string // HOST:PORT
	Process *Process
}

// StartTinyproxy starts tinyproxy and returns when it accepts connections.
func StartTinyproxy(ctx context.Context, o TinyproxyOptions) (*Tinyproxy, error) {
	if _, err := os.Stat(tinyproxyProgram); err != nil {
		return nil, fmt.Errorf("start tinyproxy: %w (Debian's package tinyproxy-bin; `make test` as root installs it)", err)
	}
	dir, err := os.MkdirTemp(o.Dir, "tinyproxy-")
	if err != nil {
		return nil, err
	}
	return retry(func() (*Tinyproxy, error) { return startTinyproxy(ctx, dir, o) })
}

func startTinyproxy(ctx context.Context, dir string, o TinyproxyOptions) (*Tinyproxy, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	conf, filter := filepath.Join(dir, "tinyproxy.conf"), filepath.Join(dir, "filter")
	err = errors.Join(
		os.WriteFile(filter, []byte(strings.Join(o.Refused, "\n")+"\n"), 0o644),
		os.WriteFile(conf, []byte(o.configuration(port, filter)), 0o600))
	if err != nil {
		return nil, err
	}
	command := exec.Command(tinyproxyProgram, "-d", "-c", conf)
	if o.Enter != nil {
		command = o.Enter(command)
	}
	p := &Tinyproxy{Address: net.JoinHostPort(o.address(), strconv.Itoa(port))}
	if p.Process, err = Start(logFile(dir, "tinyproxy", port), command); err != nil {
		return nil, err
	}
	_, err = stopUnless(p.Process, p.awaitReady(ctx))
	if err != nil && strings.Contains(p.Log(), "Could not create listening sockets") { // it does not say why
		err = errors.Join(errPortTaken, err)
	}
	return p, err
}

func (o TinyproxyOptions) address() string {
	if o.Address == "" {
		return "127.0.0.1"
	}
	return o.Address
}

// configuration is that of tinyproxy.conf(5).
func (o TinyproxyOptions) configuration(port int, filter string) string {
	lines := []string{
		"Port " + strconv.Itoa(port),
		"Listen " + o.address(),
		"Timeout 60",
		"MaxClients 50",
		"LogLevel Info",
		"FilterType ere",
	}
	if len(o.Refused) > 0 {
		lines = append(lines, fmt.Sprintf("Filter %q", filter))
	}
	if o.User != "" {
		lines = append(lines, "BasicAuth "+o.User+" "+o.Password)
	}
	for _, port := range o.ConnectPorts {
		lines = append(lines, "ConnectPort "+strconv.Itoa(port))
	}
	return strings.Join(lines, "\n") + "\n"
}

// awaitReady goes by what the proxy says, for it may be where nothing of ours can
// connect to.
func (p *Tinyproxy) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return p.Process.Await(ctx, func(context.Context) error {
		if strings.Contains(p.Log(), "Accepting connections") {
			return nil
		}
		return errors.New("it accepts no connections")
	})
}

// Log returns what the proxy has said so far: a line for each request.
func (p *Tinyproxy) Log() string { return p.Process.Log() }

// Stop ends the proxy.
func (p *Tinyproxy) Stop() error { return p.Process.Stop() }

// MustTinyproxy starts tinyproxy for the time of the test.
func MustTinyproxy(tb TB, o TinyproxyOptions) *Tinyproxy {
	tb.Helper()
	proxy, err := StartTinyproxy(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "tinyproxy's log", proxy)
	return proxy
}
