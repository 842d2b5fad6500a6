package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
)

// NameServer is a running pebble-challtestsrv, of which only the name server is
// used: it says 127.0.0.1, and no IPv6 address, for every name.
type NameServer struct {
	DNS        string // address, UDP and TCP
	Management string // base URL: POST /set-servfail, /add-caa, /dns-request-history, …
	Process    *Process
}

func startNameServer(ctx context.Context, program, dir string) (*NameServer, error) {
	return retry(func() (*NameServer, error) {
		ports, err := FreePorts(2)
		if err != nil {
			return nil, err
		}
		n := &NameServer{DNS: Loopback(ports[0]), Management: "http://" + Loopback(ports[1])}
		cmd := exec.Command(program, "-dnsserver", n.DNS, "-management", Loopback(ports[1]), "-defaultIPv4", "127.0.0.1",
			"-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "")
		cmd.Env = []string{}
		if n.Process, err = Start(logFile(dir, "names", ports[0]), cmd); err != nil {
			return nil, err
		}
		_, err = stopUnless(n.Process, n.awaitReady(ctx))
		return n, err
	})
}

// awaitReady returns when a name that was set through the management interface
// is found by the name server: then both are there, and both are ours.
func (n *NameServer) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	const mark = "127.43.21.12"
	return n.Process.Await(ctx, func(ctx context.Context) error {
		if portTaken(n.Process.Log()) { // it says so, and stays
			return errors.Join(errPortTaken, n.Process.Stop())
		}
		if err := n.Point(ctx, "ready.lab.test", mark); err != nil {
			return err
		}
		found, err := n.Lookup(ctx, "ready.lab.test")
		if err == nil && (len(found) != 1 || found[0] != mark) {
			err = fmt.Errorf("another name server answers: %q", found)
		}
		return err
	})
}

// Point makes the name server say address for host.
func (n *NameServer) Point(ctx context.Context, host, address string) error {
	return n.Manage(ctx, "/add-a", map[string]any{"host": host, "addresses": []string{address}})
}

// Manage sends a command to the management interface, such as
//
//	Manage(ctx, "/set-servfail", map[string]any{"host": "a.example.test"})
func (n *NameServer) Manage(ctx context.Context, path string, command map[string]any) error {
	body, err := json.Marshal(command)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.Management+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("name server: %s: %s", path, response.Status)
	}
	return nil
}

// Lookup asks the name server for the IPv4 addresses of host.
func (n *NameServer) Lookup(ctx context.Context, host string) ([]string, error) {
	resolver := net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, n.DNS)
		},
	}
	found, err := resolver.LookupIP(ctx, "ip4", host+".")
	texts := make([]string, 0, len(found))
	for _, address := range found {
		texts = append(texts, address.String())
	}
	return texts, err
}

// Log returns what the name server has said so far.
func (n *NameServer) Log() string { return n.Process.Log() }

// Stop ends the name server.
func (n *NameServer) Stop() error { return n.Process.Stop() }
