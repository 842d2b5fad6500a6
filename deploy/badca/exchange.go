package badca

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// Exchange is a request under way.
type Exchange struct {
	CA      *CA
	Class   Class
	Request *http.Request
	Body    []byte // of the request

	w      http.ResponseWriter
	number int
}

// Answer is what is answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Ask has Pebble deal with the request.
func (x *Exchange) Ask() Answer {
	answer, err := x.CA.ask(x.Request, x.Body)
	if err != nil {
		x.CA.fault(fmt.Errorf("%s %s: %w", x.Request.Method, x.Request.URL.Path, err))
		return Answer{Status: http.StatusBadGateway, Header: http.Header{}}
	}
	return answer
}

// Send answers, with the length of the body as it is now.
func (x *Exchange) Send(a Answer) {
	for name, values := range a.Header {
		if name != "Content-Length" {
			x.w.Header()[name] = values
		}
	}
	if x.Request.Method != http.MethodHead {
		x.w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	x.begin(a)
	_, _ = x.w.Write(a.Body)
}

// begin sends the head of an answer whose fields are set.
func (x *Exchange) begin(a Answer) {
	x.CA.note(x.number, a)
	x.w.WriteHeader(a.Status)
}

// Payload is what the request's signature is for, decoded; nil where that is no JSON
// object (RFC 8555 section 6.2).
func (x *Exchange) Payload() map[string]any {
	var signed struct{ Payload string }
	var payload map[string]any
	if json.Unmarshal(x.Body, &signed) != nil {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(signed.Payload)
	if err != nil || json.Unmarshal(text, &payload) != nil {
		return nil
	}
	return payload
}

// hijack takes the connection from net/http.
func (x *Exchange) hijack() (net.Conn, error) {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	return conn, err
}

// gone waits until who asked has closed the connection, or the CA ends.
func (x *Exchange) gone() <-chan struct{} { return x.Request.Context().Done() }

// object reads the JSON object of an answer.
func (a Answer) object() (object map[string]any, err error) {
	if err := json.Unmarshal(a.Body, &object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errors.New("the answer is null")
	}
	return object, nil
}
