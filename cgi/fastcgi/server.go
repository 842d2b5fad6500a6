package fastcgi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"wcme/cgi/gateway"
	"wcme/cgi/meta"
)

// Server answers requests by a handler.
type Server struct {
	// Handler gets requests as gateway.Gateway makes them. Their context ends
	// when the web server aborts the request or closes the connection.
	Handler http.Handler
	// Log gets a line for each request that is refused, for each panic, and for
	// each connection that breaks the protocol.
	Log *slog.Logger
	// Defaults are variables of requests that have none of that name.
	Defaults meta.Variables
	// Plain, where it is set, is asked first, and may answer as the Handler would,
	// in the form of RFC 3875 section 6: at once, for whatever else the web server
	// sends on the same connection waits.
	Plain func(meta.Variables) (answer []byte, plain bool)
}

// Serve answers on the listener until the context ends. Then it closes the
// listener, finishes the running requests, for 10 s at most, and returns nil. Any
// other end is an error.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if s.Plain == nil {
		s.Plain = func(meta.Variables) ([]byte, bool) { return nil, false }
	}
	hub := &hub{
		gateway:     gateway.Gateway{Handler: s.Handler, Log: s.Log},
		defaults:    s.Defaults,
		plain:       s.Plain,
		log:         s.Log,
		requests:    requests,
		places:      make(chan struct{}, maxConnections),
		connections: make(map[*connection]struct{}),
	}
	closed := context.AfterFunc(ctx, func() { listener.Close() })
	defer closed()
	err := hub.accept(ctx, listener)
	if closed() {
		listener.Close()
	}
	hub.stop(cancel)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// hub is what the connections of one Serve share.
type hub struct {
	gateway  gateway.Gateway
	defaults meta.Variables
	plain    func(meta.Variables) ([]byte, bool)
	log      *slog.Logger
	requests context.Context // the parent of all requests'
	places   chan struct{}   // holds one for each connection
	further  atomic.Int64    // requests that share a connection with one that was there before
	stopping atomic.Bool

	mu          sync.Mutex
	connections map[*connection]struct{}
	served      sync.WaitGroup
}

// accept takes in connections until the context or the listener ends.
func (h *hub) accept(ctx context.Context, listener net.Listener) error {
	pause := time.Duration(0)
	for {
		peer, err := listener.Accept()
		switch {
		case err == nil:
			pause = 0
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return err
		default: // such as too many open files: what is open goes on, and ends
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			h.log.Error("connection not accepted", "error", err.Error(), "again after", pause.String())
			if !wait(ctx, pause) {
				return err
			}
			continue
		}
		if !h.takePlace(ctx) {
			peer.Close()
			continue
		}
		h.add(peer)
	}
}

// wait tells whether the time has passed, and not the context ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// takePlace takes one of the places for connections; where all are taken, it is
// that of the connection that is idle the longest, or the first to be left.
func (h *hub) takePlace(ctx context.Context) bool {
	select {
	case h.places <- struct{}{}:
		return true
	default:
		h.evict()
	}
	select {
	case h.places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// evict closes the connection that has been idle the longest, if one is.
func (h *hub) evict() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var oldest *connection
	var since time.Time
	for c := range h.connections {
		if idle, at := c.idle(); idle && (oldest == nil || at.Before(since)) {
			oldest, since = c, at
		}
	}
	if oldest != nil {
		oldest.peer.Close()
	}
}

// admitFurther counts a request beside another one of its connection, unless there
// are too many. The first of a connection always has a place: so those that open
// many keep nobody else out.
func (h *hub) admitFurther() bool {
	if h.further.Add(1) > maxFurther {
		h.further.Add(-1)
		return false
	}
	return true
}

// add serves the connection in a goroutine of its own.
func (h *hub) add(peer net.Conn) {
	c := newConnection(h, peer)
	h.mu.Lock()
	h.connections[c] = struct{}{}
	h.mu.Unlock()
	h.served.Go(func() {
		c.serve()
		h.mu.Lock()
		delete(h.connections, c)
		h.mu.Unlock()
		<-h.places
	})
}

// stop ends idle connections at once, and the others when their requests have
// ended; after graceTime it cancels these.
func (h *hub) stop(cancel context.CancelFunc) {
	h.stopping.Store(true)
	h.each((*connection).wake)
	ended := make(chan struct{})
	go func() {
		h.served.Wait()
		close(ended)
	}()
	late := time.NewTimer(graceTime)
	defer late.Stop()
	select {
	case <-ended:
		return
	case <-late.C:
	}
	cancel()
	h.each(func(c *connection) { c.peer.Close() })
}

func (h *hub) each(do func(*connection)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.connections {
		do(c)
	}
}
