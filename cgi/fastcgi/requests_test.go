package fastcgi_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"wcme/deploy/fcgitest"
)

// This is F12.
func TestConnectionStaysOpenWhereTheServerWants(t *testing.T) {
	s := start(t, echo)
	p := s.dial(t)
	for id := 1; id < 4; id++ {
		p.send(fcgitest.Whole(id, true, fcgitest.Usual(), ""))
		p.want(id, 200, echoed)
	}
	p.send(fcgitest.Whole(9, false, fcgitest.Usual(), ""))
	p.want(9, 200, echoed)
	p.wantClosed()
}

// This is F05 and F19: a record may come in any pieces, with any padding.
func TestRecordsComeInAnyPieces(t *testing.T) {
	s := start(t, echo)
	stream := fcgitest.Params(with("CONTENT_LENGTH", "5", "REQUEST_METHOD", "POST"))
	for _, size := range []int{1, 2, 7, 8, 9, 100} {
		p := s.dial(t)
		var text []byte
		text = append(text, fcgitest.Begin(1, 1, false)...)
		for at := 0; at < len(stream); at += size {
			text = append(text, fcgitest.Padded(4, 1, stream[at:min(at+size, len(stream))], size%256)...)
		}
		text = append(text, fcgitest.Padded(4, 1, "", 255)...)
		text = append(text, fcgitest.Padded(5, 1, "he", 255)...)
		text = append(text, fcgitest.Padded(5, 1, "llo", 3)...)
		text = append(text, fcgitest.Padded(5, 1, "", 1)...)
		for at := 0; at < len(text); at += size {
			p.send(text[at:min(at+size, len(text))])
		}
		p.want(1, 200, "POST /.well-known/acme-challenge/x hello")
	}
}

// This is F13.
func TestConnectionMayEndAnywhere(t *testing.T) {
	s := start(t, echo)
	request := fcgitest.Whole(1, true, with("CONTENT_LENGTH", "5"), "hello")
	for at := range request {
		p := s.dial(t)
		p.send(request[:at])
		p.Close()
	}
	s.wantAlive(t)
}

// This is F01 to F04 and F10: what the peer may not send, and what the
// specification has an answer for.
func TestProtocolIsKept(t *testing.T) {
	s := start(t, echo)
	two := func(a, b []byte) []byte { return append(a, b...) }
	for _, row := range []struct {
		name string
		send []byte
	}{
		{"version 0", []byte{0, 1, 0, 1, 0, 8, 0, 0}},
		{"version 2", []byte{2, 1, 0, 1, 0, 8, 0, 0}},
		{"plain HTTP", []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")},
		{"a begin without content", fcgitest.Record(1, 1, "")},
		{"a begin of 7 bytes", fcgitest.Record(1, 1, "\x00\x01\x01\x00\x00\x00\x00")},
		{"a begin of 9 bytes", fcgitest.Record(1, 1, "\x00\x01\x01\x00\x00\x00\x00\x00\x00")},
		{"a begin of 65535 bytes", fcgitest.Record(1, 1, strings.Repeat("\x00", 65535))},
		{"a begin of request 0", fcgitest.Begin(0, 1, true)},
		{"a begin of an open request", two(fcgitest.Begin(1, 1, true), fcgitest.Begin(1, 1, true))},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := s.dial(t)
			p.Write(row.send) // the peer may have closed before all of it is sent
			p.wantClosed()
		})
	}
	s.wantAlive(t)
	if log := s.logs.String(); strings.Count(log, "FastCGI connection closed") < 9 {
		t.Errorf("log: %s", log)
	}
}

func TestUnknownRolesAndTypesAreAnswered(t *testing.T) {
	s := start(t, echo)
	p := s.dial(t)
	for _, role := range []uint16{0, 2, 3, 9, 65535} {
		p.send(fcgitest.Begin(1, role, true))
		if stdout, status := p.answer(1); stdout != "" || status != 3 {
			t.Errorf("role %d: got %q and %d, want FCGI_UNKNOWN_ROLE", role, stdout, status)
		}
	}
	for _, kind := range []byte{0, 12, 100, 255} {
		p.send(fcgitest.Padded(kind, 0, strings.Repeat("x", 300), 7))
		if r, err := p.next(); err != nil || r.Kind != 11 || r.ID != 0 || r.Content != string([]byte{kind, 0, 0, 0, 0, 0, 0, 0}) {
			t.Errorf("type %d: got %v and %v, want FCGI_UNKNOWN_TYPE", kind, r, err)
		}
	}
	for _, kind := range []byte{2, 3, 4, 5, 6, 7, 8, 10, 11} { // known, but of no open request
		p.send(fcgitest.Record(kind, 5, "12345678"))
	}
	p.send(fcgitest.Whole(65535, true, fcgitest.Usual(), ""))
	p.want(65535, 200, echoed)
}

// This is F15.
func TestGetValues(t *testing.T) {
	s := start(t, echo)
	p := s.dial(t)
	known := fcgitest.Pair("FCGI_MAX_CONNS", "") + fcgitest.Pair("FCGI_MPXS_CONNS", "") + fcgitest.Pair("FCGI_MAX_REQS", "")
	answered := fcgitest.Pair("FCGI_MAX_CONNS", "256") + fcgitest.Pair("FCGI_MPXS_CONNS", "1") + fcgitest.Pair("FCGI_MAX_REQS", "512")
	many := ""
	for i := range 8000 {
		many += fcgitest.Pair(fmt.Sprintf("X%d", i), "")
	}
	for _, row := range []struct{ name, ask, want string }{
		{"all", known, answered},
		{"none", "", ""},
		{"one, twice", fcgitest.Pair("FCGI_MPXS_CONNS", "") + fcgitest.Pair("FCGI_MPXS_CONNS", "x"), fcgitest.Pair("FCGI_MPXS_CONNS", "1")},
		{"unknown ones", fcgitest.Pair("", "") + fcgitest.Pair("FCGI_MAX", "") + known, answered},
		{"thousands", many + known, answered},
		{"what is no pair", known + "\xff\xff", answered},
	} {
		p.send(fcgitest.Record(9, 0, row.ask))
		if r, err := p.next(); err != nil || r.Kind != 10 || r.ID != 0 || r.Content != row.want {
			t.Errorf("%s: got %v and %v, want %q", row.name, r, err, row.want)
		}
	}
	p.send(fcgitest.Record(9, 1, known), fcgitest.Whole(1, true, fcgitest.Usual(), "")) // not a management record: nothing is said
	p.want(1, 200, echoed)
}

// This is F05, F06, F07, F08 and F18: what HTTP has an answer for. The
// connection goes on after it.
func TestRequestsThatAreRefused(t *testing.T) {
	s := start(t, echo)
	big := strings.Repeat("x", 65000)
	full := func(stream string) [][]byte {
		return [][]byte{fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, stream), fcgitest.Record(4, 1, ""), fcgitest.Record(5, 1, "")}
	}
	body := func(length, sent string) [][]byte {
		return [][]byte{fcgitest.Whole(1, true, with("CONTENT_LENGTH", length, "REQUEST_METHOD", "POST"), sent)}
	}
	manyPairs := fcgitest.Params(fcgitest.Usual())
	for i := range 1001 {
		manyPairs += fcgitest.Pair(fmt.Sprintf("X%d", i), "")
	}
	for _, row := range []struct {
		name   string
		send   [][]byte
		status int
	}{
		{"a name longer than what is there", full("\x05\x00abc"), 400},
		{"a value longer than what is there", full("\x01\x7fab"), 400},
		{"a length of 2^31-1", full("\xff\xff\xff\xff\x00a"), 400},
		{"two lengths of 2^31-1", full("\xff\xff\xff\xff\xff\xff\xff\xffab"), 400},
		{"a length of 0x80000000 and nothing", full("\x80\x00\x00\x00"), 400},
		{"half a length", full("\x80\x00"), 400},
		{"a length alone", full("\x01"), 400},
		{"a name without a byte", full(fcgitest.Params(fcgitest.Usual()) + fcgitest.Pair("", "x")), 400},
		{"a name with NUL", full(fcgitest.Params(fcgitest.Usual()) + fcgitest.Pair("A\x00B", "x")), 400},
		{"a name with =", full(fcgitest.Params(fcgitest.Usual()) + fcgitest.Pair("A=B", "x")), 400},
		{"a name with a line end", full(fcgitest.Params(fcgitest.Usual()) + fcgitest.Pair("A\nB", "x")), 400},
		{"a name that is no text", full(fcgitest.Params(fcgitest.Usual()) + fcgitest.Pair("A\xff", "x")), 400},
		{"no parameters at all", full(""), 400},
		{"more than 1000 parameters", full(manyPairs), 431},
		{"65 KiB of parameters", [][]byte{fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, fcgitest.Params(fcgitest.Usual())), fcgitest.Record(4, 1, fcgitest.Pair("A", big)), fcgitest.Record(4, 1, fcgitest.Pair("B", big))}, 431},
		{"a body before the end of the parameters", [][]byte{fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, fcgitest.Params(fcgitest.Usual())), fcgitest.Record(5, 1, "hello")}, 400},
		{"the end of a body before that of the parameters", [][]byte{fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, fcgitest.Params(fcgitest.Usual())), fcgitest.Record(5, 1, "")}, 400},
		{"parameters after their end", [][]byte{fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, fcgitest.Params(fcgitest.Usual())), fcgitest.Record(4, 1, ""), fcgitest.Record(4, 1, fcgitest.Pair("A", "b"))}, 400},
		{"a second end of parameters", [][]byte{fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, fcgitest.Params(fcgitest.Usual())), fcgitest.Record(4, 1, ""), fcgitest.Record(4, 1, "")}, 400},
		{"a body shorter than announced", body("6", "hello"), 400},
		{"a length that is negative", body("-1", ""), 400},
		{"a length that is no number", body("9e9", "hello"), 400},
		{"a length that is too large", body("12289", "hello"), 413},
		{"a length beyond all numbers", body(strings.Repeat("9", 30), "hello"), 413},
		{"a body that is too long", body("5", strings.Repeat("x", 12289)), 413},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := s.dial(t)
			p.send(row.send...)
			p.want(1, row.status, ".\n")
			p.send(fcgitest.Whole(2, true, fcgitest.Usual(), ""))
			p.want(2, 200, echoed)
		})
	}
}

// A refused request may go on sending; what is late is ignored, and not kept.
func TestRefusedRequestGoesOnSending(t *testing.T) {
	s := start(t, echo)
	for _, keepOpen := range []bool{true, false} {
		p := s.dial(t)
		p.send(fcgitest.Begin(1, 1, keepOpen))
		go func() {
			endless := fcgitest.Record(4, 1, strings.Repeat("\x01\x01ab", 16000))
			for range 1000 { // 64 MB
				if _, err := p.Write(endless); err != nil {
					return
				}
			}
		}()
		p.want(1, 431, ".\n")
	}
	s.wantAlive(t)
}

func TestLastOfTwoParametersCounts(t *testing.T) {
	s := start(t, echo)
	p := s.dial(t)
	p.send(fcgitest.Whole(1, true, with("SCRIPT_NAME", "/.well-known/acme-challenge/y", "CONTENT_LENGTH", "3", "CONTENT_LENGTH", "2"), "ab and more"))
	p.want(1, 200, "GET /.well-known/acme-challenge/y ab")
}

// This is F17.
func TestPanicIsAnsweredAndLogged(t *testing.T) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Die") != "" {
			panic(http.ErrAbortHandler)
		}
		echo(w, r)
	})
	p := s.dial(t)
	p.send(fcgitest.Whole(1, true, with("HTTP_DIE", "yes"), ""))
	p.want(1, 500, ".\n")
	p.send(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
	p.want(1, 200, echoed)
	if log := s.logs.String(); strings.Count(log, "handler panicked") != 1 {
		t.Errorf("log: %s", log)
	}
}

// This is F10 and F11.
func TestRequestsShareAConnection(t *testing.T) {
	release := make(chan struct{})
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Slow") != "" {
			<-release
		}
		echo(w, r)
	})
	p := s.dial(t)
	for id := 1; id <= 63; id++ {
		p.send(fcgitest.Whole(id, true, with("HTTP_SLOW", "yes"), ""))
	}
	p.send(fcgitest.Whole(64, true, fcgitest.Usual(), "")) // overtakes those that wait
	p.want(64, 200, echoed)
	p.send(fcgitest.Begin(64, 1, true), fcgitest.Record(4, 64, "half")) // the 64th that is open
	p.send(fcgitest.Whole(65, true, fcgitest.Usual(), ""))
	if stdout, status := p.answer(65); stdout != "" || status != 2 {
		t.Errorf("the 65th: got %q and %d, want FCGI_OVERLOADED", stdout, status)
	}
	close(release)
	ended := make(map[int]bool)
	for len(ended) < 63 {
		r, err := p.next()
		if err != nil {
			t.Fatal(err)
		}
		if r.Kind == 3 {
			ended[r.ID] = true
		}
	}
}

// This is F09.
func TestAbortCancelsTheRequest(t *testing.T) {
	began, cancelled := make(chan bool, 1), make(chan error, 1)
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Slow") == "" {
			echo(w, r)
			return
		}
		began <- true
		<-r.Context().Done()
		cancelled <- r.Context().Err()
	})
	p := s.dial(t)
	p.send(fcgitest.Record(2, 1, "")) // of no request
	p.send(fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, "half"), fcgitest.Record(2, 1, ""))
	if stdout, status := p.answer(1); stdout != "" || status != 0 {
		t.Errorf("before it runs: got %q and %d, want an empty end", stdout, status)
	}
	p.send(fcgitest.Whole(2, true, with("HTTP_SLOW", "yes"), ""))
	<-began
	p.send(fcgitest.Record(2, 2, ""))
	<-cancelled
	p.answer(2)
	p.send(fcgitest.Whole(3, true, fcgitest.Usual(), ""))
	p.want(3, 200, echoed)
	p.send(fcgitest.Record(2, 3, "")) // when it has ended
	p.send(fcgitest.Whole(4, true, with("HTTP_SLOW", "yes"), ""))
	<-began
	p.Close() // a connection that is closed aborts all of its requests
	<-cancelled
	s.wantAlive(t)
}

// A web server that has only finished sending still waits for the answer.
func TestHalfClosedConnectionIsAnswered(t *testing.T) {
	s := start(t, echo)
	p := s.dial(t)
	p.send(fcgitest.Whole(1, false, fcgitest.Usual(), ""))
	if err := p.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.want(1, 200, echoed)
}

func TestLargeAnswerIsWhole(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 20000)
	s := start(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, large) })
	p := s.dial(t)
	p.send(fcgitest.Whole(1, false, fcgitest.Usual(), ""))
	p.want(1, 200, large)
}

// This is F14: those that hold connections keep nobody out.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	s := start(t, echo)
	for range 1000 {
		s.dial(t)
	}
	began := time.Now()
	s.wantAlive(t)
	t.Logf("answered beside 1000 idle connections after %v", time.Since(began))
}
