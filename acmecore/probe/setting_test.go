package probe_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/probe"
	"wcme/web"
)

const name = acmecore.Name("www.example.test")

// board is the pending challenges of one test. It counts.
type board struct {
	mu        sync.Mutex
	pending   map[string]string
	published int
	withdrawn int
	refuses   error
}

func (b *board) Publish(token acmecore.Token, authorization string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuses != nil {
		return b.refuses
	}
	if b.pending == nil {
		b.pending = make(map[string]string)
	}
	b.pending[string(token)] = authorization
	b.published++
	return nil
}

func (b *board) Withdraw(token acmecore.Token) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pending, string(token))
	b.withdrawn++
	return nil
}

// Lookup finds a token in any case, as wCME does.
func (b *board) Lookup(asked string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for token, authorization := range b.pending {
		if strings.EqualFold(token, asked) {
			return []byte(authorization), nil
		}
	}
	return nil, challenge.ErrUnknown
}

// serve answers with the files, as any static web server can.
func (b *board) serve(w http.ResponseWriter, r *http.Request) {
	text, err := b.Lookup(path.Base(r.URL.Path))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Write(text)
}

// pages are wCME's own, mounted at base.
func (b *board) pages(base string) http.HandlerFunc {
	site := web.New(web.Site{Challenges: b, Log: slog.New(slog.DiscardHandler)})
	return func(w http.ResponseWriter, r *http.Request) {
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		visitor := web.Visitor{Base: base, Address: address}
		site.ServeHTTP(w, r.WithContext(web.WithVisitor(r.Context(), visitor)))
	}
}

// front is a web server on one port, for HTTP and for TLS, as nobody has it but
// tests that have one port only.
type front struct {
	net.Listener
	accepted chan net.Conn
	closed   chan struct{}
	config   *tls.Config
}

// serve starts a web server on the address, any port.
func serve(t testing.TB, address string, handler http.HandlerFunc) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	f := &front{Listener: listener, accepted: make(chan net.Conn), closed: make(chan struct{}), config: tlsConfig()}
	go f.sort()
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go server.Serve(f)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func tlsConfig() *tls.Config {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return &tls.Config{Certificates: server.TLS.Certificates}
}

// sort tells TLS from HTTP by the first byte.
func (f *front) sort() {
	for {
		conn, err := f.Listener.Accept()
		if err != nil {
			close(f.closed)
			return
		}
		go func() {
			reader := bufio.NewReader(conn)
			first, _ := reader.Peek(1)
			conn = begun{conn, reader}
			if len(first) == 1 && first[0] == 22 {
				conn = tls.Server(conn, f.config)
			}
			select {
			case f.accepted <- conn:
			case <-f.closed:
				conn.Close()
			}
		}()
	}
}

func (f *front) Accept() (net.Conn, error) {
	select {
	case conn := <-f.accepted:
		return conn, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

// begun is a connection of which something was read ahead.
type begun struct {
	net.Conn
	reader io.Reader
}

func (b begun) Read(p []byte) (int, error) { return b.reader.Read(p) }

// raw answers each connection with bytes, and closes it when write returns.
func raw(t testing.TB, write func(net.Conn)) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				request := bufio.NewReader(conn)
				for line := ""; line != "\r\n"; {
					if line, err = request.ReadString('\n'); err != nil {
						return
					}
				}
				write(conn)
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// refusing takes a port at the address for the time of the test, any port for 0, and has
// nobody listen there: who connects is refused, and no other server can come to be there.
// The port is that of a connection that goes out.
func refusing(t testing.TB, address string, port int) (netip.AddrPort, error) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address), Port: port}}
	conn, err := dialer.Dial("tcp", listener.Addr().String())
	if err != nil {
		return netip.AddrPort{}, err
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().(*net.TCPAddr).AddrPort(), nil
}

// serveBeside starts a web server on a port that refuses connections at another address.
func serveBeside(t testing.TB, address, dead string, handler http.HandlerFunc) netip.AddrPort {
	t.Helper()
	var problem error
	for range 20 {
		server := serve(t, address, handler)
		if _, problem = refusing(t, dead, int(server.Port())); problem == nil {
			return server
		}
	}
	t.Fatalf("no port of %s is free at %s: %v", address, dead, problem)
	return netip.AddrPort{}
}

// hosts is a name server that knows these; every other name there is none of.
func hosts(known map[string][]string) probe.Lookup {
	return func(_ context.Context, host string) (found []netip.Addr, err error) {
		for _, address := range known[host] {
			found = append(found, netip.MustParseAddr(address))
		}
		if found == nil {
			err = &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return found, err
	}
}

// check checks the name, whose only address is that of the server.
func check(t *testing.T, b *board, server netip.AddrPort, change ...func(*probe.Options)) acmecore.Reach {
	t.Helper()
	o := probe.Options{
		Challenges: b,
		Lookup:     hosts(map[string][]string{string(name): {server.Addr().String()}}),
		Port:       int(server.Port()),
		UserAgent:  "wcme/test check",
		Absent:     challenge.Absent,
		Patience:   time.Minute, // of a slow host
	}
	for _, change := range change {
		change(&o)
	}
	reach, err := probe.New(o).Check(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if b.published != b.withdrawn || len(b.pending) != 0 {
		t.Errorf("published %d times, withdrawn %d times, left: %v", b.published, b.withdrawn, b.pending)
	}
	return reach
}

// verdicts are those of all findings but that the address is private, which those
// of the loopback are.
func verdicts(reach acmecore.Reach) string {
	var words []string
	all := reach.Findings
	for _, visit := range reach.Visits {
		all = append(all, visit.Findings...)
	}
	for _, f := range all {
		if f.Verdict != acmecore.Private {
			words = append(words, string(f.Verdict))
		}
	}
	return strings.Join(words, ", ")
}

// explained fails the test when something wrong has no advice, or a text is not
// inert.
func explained(t *testing.T, what string, reach acmecore.Reach) {
	t.Helper()
	all := reach.Findings
	for _, visit := range reach.Visits {
		all = append(all, visit.Findings...)
	}
	for _, f := range all {
		if f.Text == "" || f.Wrong && f.Try == "" || acmecore.Inert(f.Text) != f.Text {
			t.Errorf("%s: finding %+v", what, f)
		}
		if strings.Contains(strings.ToLower(f.Text), acmecore.ProbePrefix) {
			t.Errorf("%s: the token is in %q", what, f.Text)
		}
	}
}
