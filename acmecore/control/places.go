package control

import (
	"fmt"
	"net"
	"sync"

	"wcme/acmecore"
)

// How many requests are worked on at once, and how many of them may be of pages: so
// that the command line finds a place however many visitors there are.
const (
	maxConcurrent = 64
	maxPages      = 48
)

// maxConnections is how many connections the script's user may hold.
const maxConnections = 256

// places are those for requests that are worked on.
type places struct{ all, pages chan struct{} }

// take takes a place, and returns what gives it back.
func (p places) take(forPage bool) (release func(), err error) {
	if forPage {
		select {
		case p.pages <- struct{}{}:
		default:
			return nil, tooMany(maxPages)
		}
	}
	select {
	case p.all <- struct{}{}:
	default:
		if forPage {
			<-p.pages
		}
		return nil, tooMany(maxConcurrent)
	}
	return func() {
		<-p.all
		if forPage {
			<-p.pages
		}
	}, nil
}

func tooMany(n int) error {
	return &acmecore.Error{Kind: acmecore.Busy, Op: "ask the overseer", Cause: fmt.Errorf("it is at work on %d other requests", n), Hint: "try again"}
}

// crowd is a listener that closes what the script's user opens beyond
// maxConnections: it must not use up the overseer's descriptors.
type crowd struct {
	net.Listener
	script int
	held   chan struct{}
}

func newCrowd(listener net.Listener, script int) *crowd {
	return &crowd{Listener: listener, script: script, held: make(chan struct{}, maxConnections)}
}

// Accept implements net.Listener.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		socket, isSocket := conn.(*net.UnixConn)
		uid, err := peerUID(conn)
		if !isSocket || err != nil || uid != c.script {
			return conn, nil
		}
		select {
		case c.held <- struct{}{}:
			return &held{UnixConn: socket, release: sync.OnceFunc(func() { <-c.held })}, nil
		default:
			conn.Close()
		}
	}
}

// held is a connection of the script's user.
type held struct {
	*net.UnixConn
	release func()
}

// Close implements net.Conn.
func (h *held) Close() error {
	defer h.release()
	return h.UnixConn.Close()
}
