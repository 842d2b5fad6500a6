// Package badca is a certification authority that misbehaves: a proxy in front of
// Pebble that does to a request of a class what a rule says. Pebble does the rest, so
// that each fault meets an order that is a real one otherwise.
//
//	ca := badca.Must(t, pebble, time.Now)
//	… the ACME directory is ca.Directory, its TLS is verified with pebble.Roots …
//	ca.Rules(badca.Rule{Class: lab.ClassNewOrder, Action: badca.Problem(503, "serverInternal", "Retry-After", "120")})
//	ca.Rules() // it is good again
//	ca.Requests() // what it was asked, and what it answered
//
// The actions are those of a fault catalogue: of networks (cut, silent, slow), of TLS,
// of HTTP (statuses, redirects, headers, bodies of every size), of ACME's objects
// (Edit changes the JSON of an answer) and of certificates (see Issuer). An action is a
// function: a test writes any other.
package badca

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"wcme/deploy/lab"
)

// Class is what a request is for: one of lab's, or ClassRevoke.
type Class = lab.Class

// ClassRevoke is the revocation of a certificate (RFC 8555 section 7.6).
const ClassRevoke Class = "revokeCert"

// CA stands before Pebble. It passes the Host on, so that Pebble's URLs are its own,
// and what is signed for them is right. Its methods may be called at any time.
type CA struct {
	Directory string // URL of the ACME directory
	Roots     string // PEM file: the root that verifies the TLS of Directory

	origin *url.URL
	client *http.Client
	now    func() time.Time
	door   *door
	server *http.Server
	served chan error
	stop   func() error

	mu       sync.Mutex
	rules    []*rule
	requests []Request
	faults   []string
}

// Start starts it on a port of its own. It notes when it was asked by the clock.
func Start(pebble *lab.Pebble, now func() time.Time) (*CA, error) {
	origin, err := url.Parse(pebble.Directory)
	if err != nil {
		return nil, err
	}
	door, err := openDoor(filepath.Dir(pebble.Roots))
	if err != nil {
		return nil, fmt.Errorf("start a bad CA: %w", err)
	}
	c := &CA{
		Directory: "https://" + door.Addr().String() + origin.Path,
		Roots:     pebble.Roots,
		origin:    origin,
		client: &http.Client{Transport: pebble.Client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		now:    now,
		door:   door,
		served: make(chan error, 1),
	}
	c.stop = sync.OnceValue(c.end)
	c.server = &http.Server{Handler: http.HandlerFunc(c.serve), ErrorLog: log.New(io.Discard, "", 0), // what is cut is meant to be
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connection{}, conn)
		}}
	go func() { c.served <- c.server.Serve(door) }()
	return c, nil
}

// Must starts it for the time of the test.
func Must(tb lab.TB, pebble *lab.Pebble, now func() time.Time) *CA {
	tb.Helper()
	ca, err := Start(pebble, now)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := ca.Stop(); err != nil {
			tb.Errorf("%v", err)
		}
	})
	return ca
}

// Stop ends it. Stopping twice is no error.
func (c *CA) Stop() error { return c.stop() }

func (c *CA) end() error {
	err := c.server.Close()
	c.Turn(Closed)
	if served := <-c.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func (c *CA) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	x := &Exchange{CA: c, Class: classOf(r.URL.Path), Request: r, Body: body, w: w}
	action := c.begin(x)
	switch {
	case err != nil:
		x.Cut()
	case action != nil:
		action(x)
	default:
		x.Send(x.Ask())
	}
}

// begin notes the request, and returns what is to be done to it.
func (c *CA) begin(x *Exchange) Action {
	c.mu.Lock()
	defer c.mu.Unlock()
	x.number = len(c.requests)
	c.requests = append(c.requests, Request{Class: x.Class, Method: x.Request.Method, Path: x.Request.URL.Path, At: c.now()})
	for _, rule := range c.rules {
		if rule.takes(x.Class) {
			return rule.Action
		}
	}
	return nil
}

func classOf(path string) Class {
	if path == "/revoke-cert" {
		return ClassRevoke
	}
	return lab.ClassOf(path)
}

// ask passes a request on, as the CA's own front does.
func (c *CA) ask(r *http.Request, body []byte) (Answer, error) {
	target := *r.URL
	target.Scheme, target.Host = c.origin.Scheme, c.origin.Host
	// The CA hears a request to its end even if who asked is gone.
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, target.String(), strings.NewReader(string(body)))
	if err != nil {
		return Answer{}, err
	}
	out.Header, out.Host = r.Header.Clone(), r.Host
	response, err := c.client.Do(out)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Header: response.Header, Body: text}, err
}

// fault notes what is the instrument's own.
func (c *CA) fault(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, err.Error())
}

// Faults returns what went wrong between the instrument and Pebble.
func (c *CA) Faults() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.faults...)
}

// identity reads a server's certificate from where lab.MakeIdentity has put it.
func identity(dir string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
}

// listen listens on a free port of 127.0.0.1.
func listen() (net.Listener, error) { return net.Listen("tcp", lab.Loopback(0)) }
