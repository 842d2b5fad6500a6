package fastcgi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// errProtocol is the cause of every end for which the peer is to blame.
var errProtocol = errors.New("the web server breaks the protocol")

// begin implements sink.
func (c *connection) begin(h header) error {
	c.scratch = c.scratch[:0]
	switch {
	case h.kind == typeBegin && (h.id == 0 || h.content != 8):
		return protocolError("a request begins in no known way")
	case h.kind == typeBegin && c.isOpen(h.id):
		return protocolError("a request begins twice")
	}
	return nil
}

func protocolError(how string) error { return fmt.Errorf("%w: %s", errProtocol, how) }

func (c *connection) isOpen(id uint16) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[id] != nil
}

// content implements sink.
func (c *connection) content(h header, piece []byte) error {
	switch {
	case h.kind == typeBegin, h.kind == typeGetValues && h.id == 0:
		c.scratch = append(c.scratch, piece...)
	case h.kind == typeParams:
		c.input(h.id, func(r *request) { r.addParams(piece) })
	case h.kind == typeStdin:
		c.input(h.id, func(r *request) { r.addStdin(piece) })
	}
	return nil
}

// end implements sink.
func (c *connection) end(h header) error {
	switch {
	case h.kind == typeBegin:
		return c.beginRequest(h.id)
	case h.kind == typeAbort:
		return c.abort(h.id)
	case h.kind == typeParams && h.content == 0:
		c.input(h.id, (*request).endParams)
	case h.kind == typeStdin && h.content == 0:
		c.input(h.id, (*request).endStdin)
	case h.kind == typeGetValues && h.id == 0:
		return c.write(appendRecord(nil, typeValues, 0, appendValues(nil, string(c.scratch))))
	case h.kind == 0 || h.kind > typeUnknown:
		return c.write(appendRecord(nil, typeUnknown, 0, []byte{h.kind, 0, 0, 0, 0, 0, 0, 0}))
	}
	return nil
}

// beginRequest opens a request, or says why it does not (section 5.5).
func (c *connection) beginRequest(id uint16) error {
	role, flags := binary.BigEndian.Uint16(c.scratch), c.scratch[2]
	if role != roleResponder {
		return c.write(appendEnd(nil, id, statusRole))
	}
	if !c.admit(id, flags&flagKeepOpen != 0) {
		return c.write(appendEnd(nil, id, statusOverload))
	}
	return nil
}

// admit tells whether there is room for the request.
func (c *connection) admit(id uint16, keepOpen bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	further := len(c.open) > 0
	if len(c.open) >= maxMultiplexed || c.lingering || c.hub.stopping.Load() || further && !c.hub.admitFurther() {
		return false
	}
	c.open[id] = newRequest(id, keepOpen)
	c.open[id].further = further
	return true
}

// input lets a request take something in, and answers it when that was all. What
// comes for a request that is not open, or that runs, is ignored (section 3.3).
func (c *connection) input(id uint16, take func(*request)) {
	c.mu.Lock()
	r := c.open[id]
	if r == nil || r.phase == running {
		c.mu.Unlock()
		return
	}
	take(r)
	complete := r.refusal == nil && r.whole
	switch {
	case complete:
		r.phase = running
	case r.refusal != nil:
		c.start(r)
	}
	c.mu.Unlock()
	if complete {
		c.run(r)
	}
}

// run answers a complete request: here, where it is plain.
func (c *connection) run(r *request) {
	r.complement(c.hub.defaults)
	if text, plain := c.hub.plain(r.variables); plain {
		c.finish(r, r.records(func(to io.Writer) { to.Write(text) }))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start(r)
}

// abort ends a request whose visitor has gone (section 5.4).
func (c *connection) abort(id uint16) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.open[id]
	if r == nil {
		return nil
	}
	if r.phase == running {
		r.cancel()
		return nil
	}
	r.aborted = true
	c.start(r)
	return nil
}
