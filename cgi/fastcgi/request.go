package fastcgi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"wcme/cgi/meta"
)

// request is one of a connection's open requests.
type request struct {
	id       uint16
	keepOpen bool // the connection, after the answer
	further  bool // it is counted in hub.further
	begun    time.Time
	phase    phase
	cancel   context.CancelFunc // once it runs

	params    []byte
	variables meta.Variables // once params are complete
	stdin     []byte
	refusal   *meta.Refusal // why it will be handed to nobody; nil for no reason
	whole     bool          // nothing more will come for it
	aborted   bool
}

// phase is what of a request is expected next.
type phase int

const (
	inParams phase = iota
	inStdin
	running // all of it is here, or enough to refuse it
)

// The memory of requests, of answers and of readers is used again.
var (
	requests = sync.Pool{New: func() any { return &request{variables: make(meta.Variables, 32)} }}
	answers  = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	buffers  = sync.Pool{New: func() any { buffer := make([]byte, 8<<10); return &buffer }}
)

func newRequest(id uint16, keepOpen bool) *request {
	r := requests.Get().(*request)
	r.id, r.keepOpen, r.begun = id, keepOpen, time.Now()
	return r
}

// free gives the memory back. Strings that came from it stay as they are.
func (r *request) free() {
	clear(r.variables)
	*r = request{variables: r.variables, params: r.params[:0], stdin: r.stdin[:0]}
	if cap(r.params) <= maxBody { // the few that are large are not kept
		requests.Put(r)
	}
}

// answer returns the records that answer the request.
func (r *request) answer(ctx context.Context, h *hub) *bytes.Buffer {
	return r.records(func(to io.Writer) {
		switch {
		case r.aborted:
		case r.refusal != nil:
			h.gateway.Refuse(r.refusal, to)
		default:
			h.gateway.Serve(ctx, r.variables, bytes.NewReader(r.stdin), to)
		}
	})
}

// records returns the records of what say says, in at most one write.
func (r *request) records(say func(io.Writer)) *bytes.Buffer {
	answer := answers.Get().(*bytes.Buffer)
	answer.Reset()
	say(output{id: r.id, to: answer})
	answer.Write(appendEnd(answer.AvailableBuffer(), r.id, statusComplete))
	return answer
}

// complement adds the variables that the request does not have.
func (r *request) complement(defaults meta.Variables) {
	for name, value := range defaults {
		if _, found := r.variables[name]; !found {
			r.variables[name] = value
		}
	}
}

// output makes records of an answer, which a Gateway writes whole.
type output struct {
	id uint16
	to *bytes.Buffer
}

// Write implements io.Writer.
func (o output) Write(text []byte) (int, error) {
	o.to.Grow(len(text) + 4*headerLength)
	o.to.Write(appendStream(o.to.AvailableBuffer(), typeStdout, o.id, text))
	return len(text), nil
}

// addParams takes in a piece of FCGI_PARAMS.
func (r *request) addParams(piece []byte) {
	switch {
	case r.phase != inParams:
		r.refuse(http.StatusBadRequest, "parameters came after their end")
	case len(r.params)+len(piece) > maxParams:
		r.refuse(http.StatusRequestHeaderFieldsTooLarge, "the parameters are too long")
	default:
		r.params = append(r.params, piece...)
	}
}

// endParams makes variables of the parameters.
func (r *request) endParams() {
	if r.phase != inParams {
		r.refuse(http.StatusBadRequest, "the parameters ended twice")
		return
	}
	r.phase = inStdin
	switch err := decodeParams(string(r.params), r.variables); err {
	case nil:
	case errMany:
		r.refuse(http.StatusRequestHeaderFieldsTooLarge, err.Error())
	default:
		r.refuse(http.StatusBadRequest, err.Error())
	}
}

// addStdin takes in a piece of FCGI_STDIN.
func (r *request) addStdin(piece []byte) {
	switch {
	case r.phase != inStdin:
		r.refuse(http.StatusBadRequest, "the body came before the end of the parameters")
	case len(r.stdin)+len(piece) > maxBody:
		r.refuse(http.StatusRequestEntityTooLarge, "the body is too long")
	default:
		r.stdin = append(r.stdin, piece...)
	}
}

// endStdin completes the request.
func (r *request) endStdin() {
	r.whole = true
	if r.phase != inStdin {
		r.refuse(http.StatusBadRequest, "the body came before the end of the parameters")
	}
}

// refuse keeps the first reason.
func (r *request) refuse(status int, reason string) {
	if r.refusal == nil {
		r.refusal = &meta.Refusal{Status: status, Reason: reason}
	}
}
