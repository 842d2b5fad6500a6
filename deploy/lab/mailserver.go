package lab

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"sync"
)

// MailServerOptions say what the server offers and wants. The zero value takes mail
// from everybody.
type MailServerOptions struct {
	TLS         *tls.Certificate // offers STARTTLS with it
	ImplicitTLS bool             // speaks TLS from the first byte, with the certificate TLS
	WantTLS     bool             // takes no mail, and no password, without TLS
	// User and Password are whom it takes mail from (AUTH PLAIN); "" from everybody.
	User, Password string
	// Reply replaces the reply, with "451 4.7.1 come back later" for example, where it
	// returns one; HangUp cuts the connection. The phase is "banner", a command in
	// capitals, or "." at the end of a message. It may block until ctx ends, which is
	// at Stop, to be a server that hangs.
	Reply func(ctx context.Context, phase, argument string) string
}

// HangUp is what MailServerOptions.Reply returns to cut the connection.
const HangUp = "hang up"

// MailMessage is a message that the server has taken.
type MailMessage struct {
	From string   // of the envelope
	To   []string // of the envelope
	Text string   // header and body, with \r\n, dots unstuffed
	TLS  bool     // came through TLS
	User string   // who sent it, "" without AUTH
}

// MailServer is an SMTP server (RFC 5321) that keeps what it takes.
type MailServer struct {
	Address string // HOST:PORT
	options MailServerOptions
	gate    *gate
	ctx     context.Context // ends with the server, see MailServerOptions.Reply
	close   func() error
	serving sync.WaitGroup

	mu       sync.Mutex
	messages []MailMessage
	said     []string      // by clients, without passwords
	arrived  chan struct{} // closed, and made anew, with each message
}

// StartMailServer starts it on a free port of 127.0.0.1.
func StartMailServer(o MailServerOptions) (*MailServer, error) {
	gate, err := openGate()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &MailServer{Address: gate.Addr().String(), options: o, gate: gate, ctx: ctx, arrived: make(chan struct{})}
	m.close = sync.OnceValue(func() error {
		cancel()
		return gate.Listener.Close()
	})
	m.serving.Go(m.accept)
	return m, nil
}

// MustMailServer starts it for the time of the test.
func MustMailServer(tb TB, o MailServerOptions) *MailServer {
	tb.Helper()
	server, err := StartMailServer(o)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "what was said to the mail server", server)
	return server
}

// Messages returns what was taken so far.
func (m *MailServer) Messages() []MailMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.messages)
}

// Arrived is closed when the next message has been taken.
func (m *MailServer) Arrived() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.arrived
}

// SetOutage begins or ends an outage: every connection is reset. The port stays.
func (m *MailServer) SetOutage(outage bool) { m.gate.setShut(outage) }

// Stop ends the server, and every connection. Stopping twice is no error.
func (m *MailServer) Stop() error {
	err := m.close()
	m.gate.setShut(true)
	m.serving.Wait()
	return err
}

func (m *MailServer) accept() {
	for {
		conn, err := m.gate.Accept()
		if err != nil {
			return
		}
		m.serving.Go(func() { m.serve(conn) })
	}
}

func (m *MailServer) serve(conn net.Conn) {
	defer conn.Close()
	s := &mailSession{server: m}
	if m.options.ImplicitTLS {
		conn, s.secure = tls.Server(conn, m.options.config()), true
	}
	s.use(conn)
	s.run()
}

func (o MailServerOptions) config() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{*o.TLS}}
}

func (m *MailServer) take(message MailMessage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, message)
	close(m.arrived)
	m.arrived = make(chan struct{})
}

func (m *MailServer) note(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.said = append(m.said, line)
}

// Log is what clients said, without the messages and the passwords.
func (m *MailServer) Log() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.said, "\n")
}
