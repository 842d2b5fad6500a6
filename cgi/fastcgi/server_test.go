package fastcgi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/cgi/fastcgi"
	"wcme/deploy/fcgitest"
)

// running is a server of the test's own, on a Unix socket.
type running struct {
	path string
	stop func() error // ends it and says what Serve returned
	logs *safeBuffer
}

type safeBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *safeBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// start serves the handler until the test ends; Serve must return nil then.
func start(t testing.TB, handler http.HandlerFunc) *running {
	t.Helper()
	s := &running{path: filepath.Join(t.TempDir(), "s"), logs: new(safeBuffer)}
	listener, err := net.Listen("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	server := &fastcgi.Server{Handler: handler, Log: slog.New(slog.NewTextHandler(s.logs, nil))}
	go func() { ended <- server.Serve(ctx, listener) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// peer is a web server's connection.
type peer struct {
	testing.TB
	net.Conn
}

func (s *running) dial(t testing.TB) peer {
	t.Helper()
	conn, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	t.Cleanup(func() { conn.Close() })
	return peer{t, conn}
}

func (p peer) send(pieces ...[]byte) {
	p.Helper()
	for _, piece := range pieces {
		if _, err := p.Write(piece); err != nil {
			p.Fatalf("send: %v", err)
		}
	}
}

// next reads a record.
func (p peer) next() (fcgitest.Received, error) { return fcgitest.Read(p) }

// answer reads up to the end of the request.
func (p peer) answer(id int) (stdout string, status byte) {
	p.Helper()
	stdout, status, err := fcgitest.Answer(p, id)
	if err != nil {
		p.Fatalf("request %d: after %q: %v", id, stdout, err)
	}
	return stdout, status
}

// want reads an answer, which must be a complete one of that status of HTTP.
func (p peer) want(id int, status int, body string) {
	p.Helper()
	stdout, ended := p.answer(id)
	if want := fmt.Sprintf("Status: %d ", status); ended != 0 || !strings.HasPrefix(stdout, want) || !strings.HasSuffix(stdout, body) {
		p.Errorf("request %d: got protocol status %d and %q, want 0, %q and %q", id, ended, stdout, want, body)
	}
}

// wantClosed expects the end of the connection, and nothing before.
func (p peer) wantClosed() {
	p.Helper()
	if r, err := p.next(); !errors.Is(err, io.EOF) && !isReset(err) {
		p.Errorf("got %v and %v, want that the connection is closed", r, err)
	}
}

// wantAlive asks on a connection of its own.
func (s *running) wantAlive(t testing.TB) {
	t.Helper()
	p := s.dial(t)
	defer p.Close()
	p.send(fcgitest.Whole(7, false, fcgitest.Usual(), ""))
	p.want(7, 200, "")
}

func isReset(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && !failed.Timeout()
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
}

// with are the usual parameters and some in place of those.
func with(pairs ...string) [][2]string {
	list := fcgitest.Usual()
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, [2]string{pairs[i], pairs[i+1]})
	}
	return list
}

const echoed = "GET /.well-known/acme-challenge/x "
