package badca

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// CutBody sends the head and half of the answer's body, and resets the connection. An
// answer without a body is not sent at all.
func CutBody(x *Exchange) {
	answer := x.Ask()
	if x.Request.Method == http.MethodHead {
		x.Cut()
		return
	}
	for name, values := range answer.Header {
		x.w.Header()[name] = values
	}
	x.w.Header().Set("Content-Length", fmt.Sprint(len(answer.Body)+1))
	x.begin(answer)
	_, _ = x.w.Write(answer.Body[:len(answer.Body)/2])
	_ = http.NewResponseController(x.w).Flush()
	x.Cut()
}

// Silent says nothing until who asked has gone, and nothing then: who is about to hang up
// may still hear it.
func Silent(x *Exchange) {
	<-x.gone()
	x.Cut()
}

// beat is the time between two bytes of what is slow.
const beat = 5 * time.Millisecond

// SlowHead sends the head of an answer byte by byte, without an end.
func SlowHead(x *Exchange) {
	conn, err := x.hijack()
	if err != nil {
		x.CA.fault(err)
		return
	}
	defer reset(conn)
	_, err = conn.Write([]byte("HTTP/1.1 200 OK\r\nX-Slow: "))
	for err == nil {
		time.Sleep(beat)
		_, err = conn.Write([]byte("a"))
	}
}

// SlowBody sends a body byte by byte, without an end.
func SlowBody(x *Exchange) {
	defer x.Cut() // returning would be an end
	x.begin(Answer{Status: http.StatusOK})
	out := http.NewResponseController(x.w)
	for out.Flush() == nil {
		select {
		case <-x.gone():
			return
		case <-time.After(beat):
		}
		if _, err := x.w.Write([]byte(" ")); err != nil {
			return
		}
	}
}

// Endless sends a body of blanks: so many bytes, or without an end when that is
// negative.
func Endless(bytes int64) Action {
	return func(x *Exchange) {
		if bytes >= 0 {
			x.w.Header().Set("Content-Length", fmt.Sprint(bytes))
		}
		x.begin(Answer{Status: http.StatusOK})
		if x.Request.Method == http.MethodHead {
			return // which has no body
		}
		piece := []byte(strings.Repeat(" ", 64<<10))
		for sent := int64(0); bytes < 0 || sent < bytes; {
			n, err := x.w.Write(piece)
			if sent += int64(n); err != nil {
				return
			}
		}
	}
}

// EndlessHead sends fields of a header without an end.
func EndlessHead(x *Exchange) {
	conn, err := x.hijack()
	if err != nil {
		x.CA.fault(err)
		return
	}
	defer reset(conn)
	_, err = conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
	field := []byte("X-Long: " + strings.Repeat("a", 4<<10) + "\r\n")
	for err == nil {
		_, err = conn.Write(field)
	}
}
