package responder

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// protocol is that of tls-alpn-01 (RFC 8737 section 6.2).
const protocol = "acme-tls/1"

// handshakeTime is how long anybody may take to shake hands: less than a CA waits, so that
// it finds a place where others hold all of them.
const handshakeTime = 4 * time.Second

// Show has the certificate of a challenge shown to whoever asks for one of the name, by
// the protocol "acme-tls/1", until what it returns is called. Of several for one name it
// is the last.
func (r *Responder) Show(name acmecore.Name, certificate *tls.Certificate) (hide func()) {
	return r.shown.add(serverName(name), certificate)
}

// serverName is how a CA asks for a name: as it is, and for an address by the name that
// the reverse DNS has for it (RFC 8737 section 3, RFC 8738 section 6).
func serverName(name acmecore.Name) string {
	if reverse, err := dns.ReverseAddr(string(name)); err == nil {
		return strings.TrimSuffix(reverse, ".")
	}
	return string(name)
}

// shown are the certificates of pending challenges, by the name that a CA asks for.
type shown struct {
	mu           sync.Mutex
	certificates map[string][]*tls.Certificate
}

func (s *shown) add(name string, certificate *tls.Certificate) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.certificates == nil {
		s.certificates = make(map[string][]*tls.Certificate)
	}
	s.certificates[name] = append(s.certificates[name], certificate)
	return onceWith(&s.mu, func() {
		left := slices.DeleteFunc(s.certificates[name], func(c *tls.Certificate) bool { return c == certificate })
		if s.certificates[name] = left; len(left) == 0 {
			delete(s.certificates, name)
		}
	})
}

// find is tls.Config.GetCertificate. Without a certificate and without an error whoever
// asks gets the alert unrecognized_name: so do those who ask for a challenge's, and not
// by its protocol alone (RFC 8737 section 3).
func (s *shown) find(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !slices.Equal(hello.SupportedProtos, []string{protocol}) {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.certificates[strings.ToLower(hello.ServerName)]
	if len(all) == 0 {
		return nil, nil
	}
	return all[len(all)-1], nil
}

// tlsServer answers challenges of tls-alpn-01.
func (r *Responder) tlsServer() server {
	return &greeter{log: r.log(), patience: handshakeTime + r.slack, conns: make(map[net.Conn]bool), config: &tls.Config{
		GetCertificate:         r.shown.find,
		NextProtos:             []string{protocol}, // others get the alert no_application_protocol
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
	}}
}

// greeter is a server that shakes hands, which is all that a challenge asks for, and
// hangs up.
type greeter struct {
	config   *tls.Config
	log      *slog.Logger
	patience time.Duration // with each handshake

	mu     sync.Mutex
	conns  map[net.Conn]bool // that are open
	closed bool
	active sync.WaitGroup // handshakes
}

// Serve implements server.
func (g *greeter) Serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil && isPassing(err) {
			time.Sleep(acceptWait)
			continue
		}
		if err != nil {
			return err
		}
		if !g.keep(conn) {
			return http.ErrServerClosed
		}
		go g.greet(conn)
	}
}

// acceptWait is how long nothing is accepted when this host has no room for another
// connection.
const acceptWait = 50 * time.Millisecond

// isPassing tells of an error after which accepting goes on, as of too many open files.
func isPassing(err error) bool {
	passing, is := err.(interface{ Temporary() bool })
	return is && passing.Temporary()
}

// keep counts a connection in; false means that it was closed.
func (g *greeter) keep(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		conn.Close()
		return false
	}
	g.conns[conn] = true
	g.active.Add(1)
	return true
}

func (g *greeter) greet(conn net.Conn) {
	defer g.active.Done()
	defer func() {
		conn.Close()
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.conns, conn)
	}()
	conn.SetDeadline(time.Now().Add(g.patience))
	client := tls.Server(conn, g.config)
	if err := client.Handshake(); err != nil {
		// What strangers get wrong is nothing to tell an administrator.
		g.log.Debug("no handshake", "address", conn.RemoteAddr(), "error", acmecore.Inert(err.Error()))
		return
	}
	client.Close()
}

// Shutdown implements server: it waits for the handshakes that go on.
func (g *greeter) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		g.active.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close implements server: it ends them.
func (g *greeter) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for conn := range g.conns {
		conn.Close()
	}
	return nil
}
