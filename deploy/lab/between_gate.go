package lab

import (
	"net"
	"sync"
)

// gate is a listener with an outage: while it is shut, its port stays taken, and
// whoever connects is reset before a byte is said, as whoever is connected was.
type gate struct {
	net.Listener
	mu   sync.Mutex
	shut bool
	live map[*gated]struct{}
}

// gated is a connection that came through.
type gated struct {
	*net.TCPConn
	gate *gate
}

// openGate listens on a free port of 127.0.0.1.
func openGate() (*gate, error) {
	listener, err := net.Listen("tcp", Loopback(0))
	if err != nil {
		return nil, err
	}
	return &gate{Listener: listener, live: make(map[*gated]struct{})}, nil
}

// Accept returns the next connection that comes while the gate is open.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		through := &gated{TCPConn: conn.(*net.TCPConn), gate: g}
		if g.admit(through) {
			return through, nil
		}
		through.reset()
	}
}

func (g *gate) admit(conn *gated) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.live[conn] = struct{}{}
	}
	return !g.shut
}

// isEmpty tells whether no connection that came through is there.
func (g *gate) isEmpty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.live) == 0
}

// setShut begins or ends the outage.
func (g *gate) setShut(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	if shut {
		for conn := range g.live {
			conn.reset()
		}
		clear(g.live)
	}
}

// reset closes the connection so that the other side sees no proper end.
func (c *gated) reset() {
	_ = c.SetLinger(0)
	_ = c.TCPConn.Close()
}

func (c *gated) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.live, c)
	c.gate.mu.Unlock()
	return c.TCPConn.Close()
}
