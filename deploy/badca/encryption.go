package badca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// The modes in which no connection comes to a request.
var (
	Closed       = Mode{reset: true}  // it is reset at once
	Unheard      = Mode{silent: true} // it waits for ever
	CutHandshake = Mode{hello: true}  // it is cut within the TLS handshake
	OldTLS       = Mode{tls: oldTLS}  // there is nothing but TLS 1.0 and 1.1
	Imposture    = impostor(nil)      // the certificate signed itself
	Expired      = impostor(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })
	WrongHost    = impostor(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"ca.example.org"} })
)

// Turn puts the mode in force for every connection from now on.
func (c *CA) Turn(m Mode) { c.turn(m, nil) }

func (c *CA) turn(m Mode, but net.Conn) {
	if m.tls == nil {
		c.door.turn(m, nil, but)
		return
	}
	config, err := m.tls(c)
	if err != nil {
		c.fault(err)
	}
	c.door.turn(m, config, but)
}

// Then has Pebble deal with the request, and puts the mode in force for what is asked
// next. Where a status is given, it waits for an answer with that status (RFC 8555
// section 7.1.6).
func Then(m Mode, status string) Action {
	return func(x *Exchange) {
		answer := x.Ask()
		object, _ := answer.object() // nil where the answer is none
		if status != "" && object["status"] != status {
			x.Send(answer)
			return
		}
		x.w.Header().Set("Connection", "close")
		x.CA.turn(m, x.conn())
		x.Send(answer)
	}
}

// connection is where a request's connection is in its context.
type connection struct{}

// conn is the request's connection, without TLS.
func (x *Exchange) conn() net.Conn {
	conn, _ := x.Request.Context().Value(connection{}).(*tls.Conn)
	if conn == nil {
		return nil
	}
	return conn.NetConn()
}

func oldTLS(c *CA) (*tls.Config, error) {
	config := c.door.usual.Clone()
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	return config, nil
}

// impostor shows a certificate made for the occasion: one by the right root, after a
// change; or, without a change, one that signed itself.
func impostor(change func(*x509.Certificate)) Mode {
	return Mode{tls: func(c *CA) (*tls.Config, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
			NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour)}
		parent, signer := template, any(key)
		if change != nil {
			root, err := tls.LoadX509KeyPair(c.Roots, filepath.Join(filepath.Dir(c.Roots), "root-key.pem"))
			if err != nil {
				return nil, err
			}
			change(template)
			parent, signer = root.Leaf, root.PrivateKey
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		return configured(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}), err
	}}
}

// Cut resets the connection before anything is answered, and Pebble hears nothing.
func Cut(x *Exchange) { x.Cut() }

// Lose has Pebble deal with the request and loses its answer.
func Lose(x *Exchange) {
	x.Ask()
	x.Cut()
}

// Cut resets the connection: who asked sees no proper end.
func (x *Exchange) Cut() {
	conn, err := x.hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // which closes it
	}
	reset(conn)
}
