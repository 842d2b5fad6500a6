package fastcgi

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// connection is one of a web server.
type connection struct {
	hub     *hub
	peer    net.Conn
	records records
	scratch []byte // the content of a record that is looked at whole
	running sync.WaitGroup
	writing sync.Mutex

	writeBy time.Time // the deadline that is set; the holder of writing looks at it

	mu        sync.Mutex
	open      map[uint16]*request
	readBy    time.Time // the deadline that is set; zero where it may have passed
	answering int       // answers under way, of requests that are no longer open
	idleSince time.Time
	lingering bool // what comes is no longer looked at
}

// slack is how much later than due a deadline may fall, so that not every request
// sets it anew.
const slack = time.Second

func newConnection(h *hub, peer net.Conn) *connection {
	c := &connection{hub: h, peer: peer, open: make(map[uint16]*request), idleSince: time.Now()}
	c.records.sink = c
	return c
}

// serve reads until the peer closes the connection, breaks the protocol or has
// no request for too long. Then it ends what still runs.
func (c *connection) serve() {
	defer c.peer.Close()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	err := c.read((*buffer)[:cap(*buffer)])
	if errors.Is(err, errProtocol) {
		c.hub.log.Warn("FastCGI connection closed", "reason", err.Error())
		c.peer.Close()
	}
	c.cancelAll()
	c.running.Wait() // a peer that has only finished sending still gets its answers
}

func (c *connection) read(buffer []byte) error {
	for {
		if !c.setDeadline() {
			return nil
		}
		n, err := c.peer.Read(buffer)
		if err := c.records.feed(buffer[:n]); err != nil {
			return err
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.expire()
			continue
		}
		if err != nil {
			return err
		}
	}
}

// setDeadline limits the time of the next read. It returns false where there is
// nothing more to wait for.
func (c *connection) setDeadline() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline := time.Now().Add(idleTime)
	if len(c.open) == 0 {
		if deadline = c.idleDeadline(); !deadline.After(time.Now()) {
			return false
		}
	}
	for _, r := range c.open {
		if late := r.begun.Add(inputTime); r.phase != running && late.Before(deadline) {
			deadline = late
		}
	}
	if !deadline.Before(c.readBy) && deadline.Sub(c.readBy) < slack {
		return true // it wakes the reader early, and is set then
	}
	c.readBy = deadline
	return c.peer.SetReadDeadline(deadline) == nil
}

// idleDeadline is when a connection without a request is closed.
func (c *connection) idleDeadline() time.Time {
	switch {
	case c.lingering:
		return c.idleSince.Add(lingerTime)
	case c.hub.stopping.Load():
		return c.idleSince
	}
	return c.idleSince.Add(idleTime)
}

// expire refuses the requests whose input is late.
func (c *connection) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readBy = time.Time{}
	for _, r := range c.open {
		if r.phase != running && time.Since(r.begun) >= inputTime {
			r.refuse(http.StatusRequestTimeout, "the request did not arrive in time")
			c.start(r)
		}
	}
}

// idle tells whether no request is open or being answered, and since when.
func (c *connection) idle() (idle bool, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open) == 0 && c.answering == 0, c.idleSince
}

// wake lets the reader look again at what it waits for.
func (c *connection) wake() {
	c.mu.Lock() // so that no older deadline takes the place of this one
	defer c.mu.Unlock()
	c.readBy = time.Time{}
	c.peer.SetReadDeadline(time.Now())
}

func (c *connection) cancelAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.open {
		if r.phase == running {
			r.cancel()
			continue
		}
		c.forget(r)
	}
}

// start answers a request in a goroutine of its own. c.mu is held.
func (c *connection) start(r *request) {
	r.phase = running
	ctx, cancel := context.WithCancel(c.hub.requests)
	r.cancel = cancel
	c.running.Go(func() {
		defer cancel()
		c.finish(r, r.answer(ctx, c.hub))
	})
}

// finish sends the answer, and closes the connection where the web server wants
// that. The peer may use the request's number again as soon as it has the answer.
func (c *connection) finish(r *request, answer *bytes.Buffer) {
	c.mu.Lock()
	c.forget(r)
	c.answering++
	c.idleSince = time.Now()
	c.lingering = c.lingering || !r.keepOpen && !r.whole
	c.mu.Unlock()
	err := c.write(answer.Bytes())
	answers.Put(answer)
	c.answered()
	switch {
	case err != nil || !r.keepOpen && r.whole:
		c.peer.Close()
	case !r.keepOpen:
		c.linger()
	case c.hub.stopping.Load():
		c.wake()
	}
	r.free()
}

// forget ends the time in which a request is open. c.mu is held.
func (c *connection) forget(r *request) {
	delete(c.open, r.id)
	if r.further {
		c.hub.further.Add(-1)
	}
}

func (c *connection) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answering--
}

// linger says that no more will be said, and takes in what the peer still sends: a
// socket that is closed before that takes back its answer.
func (c *connection) linger() {
	if half, ok := c.peer.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	c.wake()
}

// write sends records whole.
func (c *connection) write(text []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if by := time.Now().Add(writeTime); by.After(c.writeBy) {
		c.writeBy = by.Add(slack)
		if err := c.peer.SetWriteDeadline(c.writeBy); err != nil {
			return err
		}
	}
	_, err := c.peer.Write(text)
	return err
}
