package badca

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// Mode is what is done to new connections. The zero value serves them.
type Mode struct {
	tls    func(*CA) (*tls.Config, error) // nil is the usual one
	reset  bool                           // before a byte is said
	silent bool                           // nothing is said, for ever
	hello  bool                           // the connection is cut within the handshake
}

// door is where connections come in: each gets TLS as it is set at the time.
type door struct {
	net.Listener
	usual *tls.Config

	mu     sync.Mutex
	mode   Mode
	config *tls.Config
	live   map[*through]struct{}
}

// through is a connection that came in.
type through struct {
	net.Conn
	door *door
}

// openDoor listens, with the server's certificate of the directory.
func openDoor(dir string) (*door, error) {
	certificate, err := identity(dir)
	if err != nil {
		return nil, err
	}
	listener, err := listen()
	if err != nil {
		return nil, err
	}
	return &door{Listener: listener, usual: configured(certificate), live: make(map[*through]struct{})}, nil
}

// configured offers HTTP/1.1 alone: there, cutting off one request is cutting a
// connection.
func configured(certificate tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
}

// turn sets what is done to new connections, and cuts those that are there but one.
func (d *door) turn(m Mode, config *tls.Config, but net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mode, d.config = m, config
	for conn := range d.live {
		if conn != but {
			reset(conn.Conn)
			delete(d.live, conn)
		}
	}
}

// Accept returns the next connection that is to be served. Its handshake is net/http's
// affair.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if served := d.admit(conn); served != nil {
			return served, nil
		}
	}
}

func (d *door) admit(conn net.Conn) net.Conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mode.reset {
		reset(conn)
		return nil
	}
	in := &through{Conn: conn, door: d}
	d.live[in] = struct{}{}
	switch {
	case d.mode.silent:
		return nil
	case d.mode.hello:
		go cutHello(in)
		return nil
	case d.config != nil:
		return tls.Server(in, d.config)
	}
	return tls.Server(in, d.usual)
}

// cutHello reads the client's first message and closes.
func cutHello(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, _ = conn.Read(make([]byte, 64))
	reset(conn)
}

// Close implements net.Conn.
func (t *through) Close() error {
	t.door.mu.Lock()
	delete(t.door.live, t)
	t.door.mu.Unlock()
	return t.Conn.Close()
}

// reset closes a connection so that the other side sees no proper end.
func reset(conn net.Conn) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	below := conn
	if in, ok := conn.(*through); ok {
		below = in.Conn
	}
	if stream, ok := below.(*net.TCPConn); ok {
		_ = stream.SetLinger(0)
	}
	_ = conn.Close()
}
