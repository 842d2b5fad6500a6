package fastcgi_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/cgi/fastcgi"
	"wcme/deploy/fcgitest"
)

// pipes is a listener whose connections live in the memory, and in virtual time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// virtual runs the test in virtual time, with a server and a way to connect to it.
func virtual(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, dial func() peer, stop func() error)) {
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{make(chan net.Conn), make(chan struct{})}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		server := &fastcgi.Server{Handler: handler, Log: slog.New(slog.DiscardHandler)}
		go func() { ended <- server.Serve(ctx, listener) }()
		stop := func() error {
			cancel()
			return <-ended
		}
		test(t, func() peer {
			ours, theirs := net.Pipe()
			listener.conns <- theirs
			return peer{t, ours}
		}, stop)
		cancel()
		synctest.Wait()
	})
}

// This is F06: parameters that never end, and bodies that never come.
func TestRequestThatIsLateIsRefused(t *testing.T) {
	virtual(t, echo, func(t *testing.T, dial func() peer, _ func() error) {
		for name, piece := range map[string][]byte{
			"nothing":          fcgitest.Begin(1, 1, true),
			"half a parameter": append(fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, "\x05\x05a")...),
			"half a record":    append(fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, "\x05\x05a")[:9]...),
			"half a body":      append(fcgitest.Begin(1, 1, true), fcgitest.Whole(1, true, with("CONTENT_LENGTH", "5"), "he")[16:len(fcgitest.Whole(1, true, with("CONTENT_LENGTH", "5"), "he"))-8]...),
		} {
			p := dial()
			p.send(piece)
			began := time.Now()
			p.want(1, 408, ".\n")
			if took := time.Since(began); took != 10*time.Second {
				t.Errorf("%s: refused after %v, want 10 s", name, took)
			}
			p.Close()
		}
	})
}

// A peer that sends a byte a second does send, which is no excuse.
func TestRequestThatDripsIsRefused(t *testing.T) {
	virtual(t, echo, func(t *testing.T, dial func() peer, _ func() error) {
		p, done := dial(), make(chan struct{})
		go func() {
			defer close(done)
			for _, c := range fcgitest.Whole(1, true, fcgitest.Usual(), "") {
				if _, err := p.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		began := time.Now()
		p.want(1, 408, ".\n")
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("refused after %v", took)
		}
		p.Close()
		<-done
	})
}

func TestIdleConnectionIsClosedInTheEnd(t *testing.T) {
	virtual(t, echo, func(t *testing.T, dial func() peer, _ func() error) {
		p := dial()
		p.send(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
		p.want(1, 200, echoed)
		began := time.Now()
		if _, err := p.next(); !errors.Is(err, io.EOF) || time.Since(began) != 10*time.Minute {
			t.Errorf("got %v after %v, want the end after 10 min", err, time.Since(began))
		}
	})
}

// A handler that takes long is not idle, and its answer comes.
func TestLongRequestIsAnswered(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Hour)
		echo(w, r)
	}
	virtual(t, slow, func(t *testing.T, dial func() peer, _ func() error) {
		p := dial()
		p.send(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
		p.want(1, 200, echoed)
		p.Close()
	})
}

// This is F16: who does not take an answer is cut off, and keeps
// nobody else waiting.
func TestReaderThatStopsIsCutOff(t *testing.T) {
	large := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 1<<20)) }
	virtual(t, large, func(t *testing.T, dial func() peer, _ func() error) {
		stopped, other := dial(), dial()
		stopped.send(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
		synctest.Wait()
		other.send(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
		began := time.Now()
		other.want(1, 200, "xxx")
		if took := time.Since(began); took != 0 {
			t.Errorf("the other waited %v", took)
		}
		time.Sleep(12 * time.Second)
		if _, err := stopped.Write(fcgitest.Begin(2, 1, true)); err == nil {
			t.Error("the connection is still open")
		}
		other.Close()
	})
}

// This is F20: what runs is finished, and nothing new begins.
func TestStopFinishesWhatRuns(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Slow") != "" {
			time.Sleep(5 * time.Second)
		}
		echo(w, r)
	}
	virtual(t, slow, func(t *testing.T, dial func() peer, stop func() error) {
		busy, idle := dial(), dial()
		idle.send(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
		idle.want(1, 200, echoed)
		busy.send(fcgitest.Whole(1, true, with("HTTP_SLOW", "yes"), ""))
		synctest.Wait()
		ended := make(chan error, 1)
		go func() { ended <- stop() }()
		synctest.Wait()
		idle.wantClosed()
		busy.send(fcgitest.Whole(2, true, fcgitest.Usual(), ""))
		if stdout, status := busy.answer(2); stdout != "" || status != 2 {
			t.Errorf("a new request: got %q and %d, want FCGI_OVERLOADED", stdout, status)
		}
		busy.want(1, 200, echoed)
		busy.wantClosed()
		began := time.Now()
		if err := <-ended; err != nil || time.Since(began) != 0 {
			t.Errorf("Serve: %v after %v", err, time.Since(began))
		}
	})
}

func TestStopCancelsWhatDoesNotEnd(t *testing.T) {
	stuck := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	virtual(t, stuck, func(t *testing.T, dial func() peer, stop func() error) {
		p := dial()
		p.send(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
		synctest.Wait()
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("Serve: %v after %v, want nil after 10 s", err, time.Since(began))
		}
		p.Close()
	})
}

// With 256 requests open beside the first ones of their connections, the next one
// is told so; the first of any connection has a place.
func TestRequestsOfAllConnectionsAreLimited(t *testing.T) {
	release := make(chan struct{})
	waiting := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Slow") != "" {
			<-release
		}
	}
	s := start(t, waiting)
	slow := func(id int) []byte { return fcgitest.Whole(id, true, with("HTTP_SLOW", "yes"), "") }
	for range 4 {
		p := s.dial(t)
		for id := 1; id <= 64; id++ {
			p.send(slow(id))
		}
		p.send(fcgitest.Record(9, 0, "")) // answered when all before has been read
		p.next()
	}
	p := s.dial(t)
	for id := 1; id <= 5; id++ { // 4 times 63 are taken, and these 4 after the first
		p.send(slow(id))
	}
	p.send(slow(6))
	if stdout, status := p.answer(6); stdout != "" || status != 2 {
		t.Errorf("got %q and %d, want FCGI_OVERLOADED", stdout, status)
	}
	s.wantAlive(t)
	close(release)
	for id := 1; id <= 5; id++ {
		if r, err := p.next(); err != nil {
			t.Fatal(r, err)
		}
	}
}

// With 256 busy connections, the next one waits until one of them is left.
func TestConnectionsAreLimited(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Second)
		echo(w, r)
	}
	virtual(t, slow, func(t *testing.T, dial func() peer, _ func() error) {
		busy := make([]peer, 256)
		for i := range busy {
			busy[i] = dial()
			busy[i].send(whole(1, false))
		}
		synctest.Wait() // a request that is not yet looked at does not make a connection busy
		waiting := dial()
		began := time.Now()
		go waiting.Write(whole(1, false))
		for _, p := range busy {
			p.want(1, 200, echoed)
			p.wantClosed()
		}
		waiting.want(1, 200, echoed)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("answered after %v, want 10 s: 5 s of waiting and 5 s of work", took)
		}
		waiting.wantClosed()
	})
}

func whole(id int, keepOpen bool) []byte { return fcgitest.Whole(id, keepOpen, fcgitest.Usual(), "") }
