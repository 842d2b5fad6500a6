package badca

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
)

// Reply answers in place of the CA, which hears nothing. fields are names and values of
// the header in turn.
func Reply(status int, body string, fields ...string) Action {
	return func(x *Exchange) {
		x.Send(Answer{Status: status, Header: header(fields), Body: []byte(body)})
	}
}

func header(fields []string) http.Header {
	h := make(http.Header)
	for i := 0; i+1 < len(fields); i += 2 {
		h.Set(fields[i], fields[i+1])
	}
	return h
}

// problemPrefix is that of the error types of RFC 8555 section 6.7.
const problemPrefix = "urn:ietf:params:acme:error:"

// Said is the detail of each problem that Problem makes.
const Said = "said by the bad CA"

// Problem answers with a problem document (RFC 7807) of the type.
func Problem(status int, kind string, fields ...string) Action {
	return ProblemWith(status, kind, nil, fields...)
}

// ProblemWith adds members to the document.
func ProblemWith(status int, kind string, members map[string]any, fields ...string) Action {
	document := map[string]any{"type": problemPrefix + kind, "detail": Said, "status": status}
	for name, value := range members {
		document[name] = value
	}
	text, err := json.Marshal(document)
	return func(x *Exchange) {
		if err != nil {
			x.CA.fault(err)
		}
		x.Send(Answer{Status: status, Header: header(append([]string{"Content-Type", "application/problem+json"}, fields...)), Body: text})
	}
}

// Redirect answers with a redirect. In the target, "SELF" stands for the request's own
// URL.
func Redirect(status int, target string) Action {
	return func(x *Exchange) {
		self := "https://" + x.Request.Host + x.Request.URL.Path
		x.Send(Answer{Status: status, Header: header([]string{"Location", strings.ReplaceAll(target, "SELF", self)})})
	}
}

// Status has Pebble deal with the request, and changes the status of its answer.
func Status(status int) Action {
	return Change(func(a *Answer) { a.Status = status })
}

// Header has Pebble deal with the request, and sets a field of its answer; "" removes
// it.
func Header(name, value string) Action {
	return Change(func(a *Answer) {
		if a.Header.Set(name, value); value == "" {
			a.Header.Del(name)
		}
	})
}

// Body has Pebble deal with the request, and puts another body in place of its
// answer's.
func Body(text string) Action {
	return Change(func(a *Answer) { a.Body = []byte(text) })
}

// Change has Pebble deal with the request, and changes its answer.
func Change(change func(*Answer)) Action {
	return func(x *Exchange) {
		answer := x.Ask()
		change(&answer)
		x.Send(answer)
	}
}

// Edit has Pebble deal with the request, and changes the JSON object of its answer. An
// answer that is none, a problem for example, stays as it is.
func Edit(change func(object map[string]any)) Action {
	return func(x *Exchange) {
		answer := x.Ask()
		object, err := answer.object()
		if err == nil && answer.Status < 300 {
			change(object)
			answer.Body, err = json.Marshal(object)
		}
		if err != nil {
			x.CA.fault(fmt.Errorf("edit the answer to %s: %w", x.Request.URL.Path, err))
		}
		x.Send(answer)
	}
}

// Bomb answers with so many bytes of blanks, compressed, although nobody asked for
// that.
func Bomb(size int) Action {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	piece := []byte(strings.Repeat(" ", 1<<20))
	for range size / len(piece) {
		_, _ = writer.Write(piece) // into memory
	}
	_ = writer.Close()
	return func(x *Exchange) {
		x.Send(Answer{Status: http.StatusOK, Header: header([]string{"Content-Encoding", "gzip"}), Body: packed.Bytes()})
	}
}

// Nonces has Pebble deal with the request, and puts what makes of its nonce in place
// of the nonce.
func Nonces(what func(nonce string) string) Action {
	return Change(func(a *Answer) {
		if nonce := a.Header.Get("Replay-Nonce"); nonce != "" {
			a.Header.Set("Replay-Nonce", what(nonce))
		}
	})
}

// Doubtful refuses so many good nonces of a hundred (RFC 8555 section 6.5): with
// another one, and before the request is heard.
func Doubtful(percent int) Action {
	return func(x *Exchange) {
		if rand.IntN(100) >= percent {
			x.Send(x.Ask())
			return
		}
		nonce, err := x.CA.nonce(x.Request)
		if err != nil {
			x.CA.fault(err)
		}
		Problem(http.StatusBadRequest, "badNonce", "Replay-Nonce", nonce)(x)
	}
}

// nonce asks Pebble for one.
func (c *CA) nonce(r *http.Request) (string, error) {
	asking := r.Clone(r.Context())
	asking.Method, asking.URL = http.MethodHead, &url.URL{Path: "/nonce-plz"}
	answer, err := c.ask(asking, nil)
	if err != nil {
		return "", err
	}
	return answer.Header.Get("Replay-Nonce"), nil
}
