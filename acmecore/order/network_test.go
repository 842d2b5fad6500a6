package order_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/order"
	"wcme/deploy/lab"
)

// TestSignedRequestsCanBeSentAgainByTheTransport: net/http does so where a
// connection was closed before anything of the request was sent.
func TestSignedRequestsCanBeSentAgainByTheTransport(t *testing.T) {
	t.Parallel()
	s := newMemoryOutside(t)
	s.options.Base = answers{memory{s.ca}, map[class]func(*http.Request) (*http.Response, error){
		newOrder: func(r *http.Request) (*http.Response, error) {
			first, _ := io.ReadAll(r.Body)
			again, err := r.GetBody()
			if err != nil {
				t.Fatal(err)
			}
			second, _ := io.ReadAll(again)
			if !bytes.Equal(first, second) || int64(len(second)) != r.ContentLength {
				t.Errorf("the second body is %q, want %q", second, first)
			}
			r.Body, _ = r.GetBody()
			return memory{s.ca}.RoundTrip(r)
		},
	}}
	s.mustObtain()
}

// TestNetworkErrors read well.
func TestNetworkErrors(t *testing.T) {
	for name, row := range map[string]struct {
		err         error
		words, hint string
	}{
		"refused": {&net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: io.ErrClosedPipe}, "dial tcp 192.0.2.1:443", "HTTPS_PROXY"},
		"no such name": {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "ca.example", IsNotFound: true}},
			`the name "ca.example" was not found: no such host`, "DNS"},
		"DNS does not answer": {&net.DNSError{Err: "i/o timeout", Name: "ca.example", IsTimeout: true}, `the name "ca.example" was not found: i/o timeout`, "DNS"},
		"cut":                 {io.ErrUnexpectedEOF, "the connection was cut", "in trouble"},
		"hostile text":        {&net.OpError{Op: "read", Err: &net.AddrError{Err: "\x1b[2Jhello"}}, "read: ?[2Jhello", "in trouble"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMemoryOutside(t)
			s.options.Base = answers{memory{s.ca}, map[class]func(*http.Request) (*http.Response, error){
				directory: func(*http.Request) (*http.Response, error) { return nil, row.err },
			}}
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"read directory https://ca.example/directory: ", row.words}, hint: row.hint})
			s.mustCount(directory, 0)
		})
	}
}

// TestNobodyListens: and the error names the address.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.options.Directory = "https://" + deadAddress(t) + "/directory"
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"connection refused"}, hint: "HTTPS_PROXY"})
}

// deadAddress is one where nobody listens, and that no other test takes.
func deadAddress(t *testing.T) string {
	t.Helper()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return lab.Loopback(port)
}

// TestTLSThatIsNotTrusted: nothing but the handshake reaches such a CA.
func TestTLSThatIsNotTrusted(t *testing.T) {
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, -2), time.Now().AddDate(0, 0, -1)
	}
	for name, row := range map[string]struct {
		change      func(*x509.Certificate)
		trusted     bool
		configure   func(*tls.Config)
		words, hint string
	}{
		"of an unknown authority": {nil, false, nil, "its TLS certificate is not trusted: x509: certificate signed by unknown authority", "etc/cacert.pem"},
		"expired":                 {expired, true, nil, "its TLS certificate is not trusted: x509: certificate has expired", "clock"},
		"for another host":        {func(c *x509.Certificate) { c.IPAddresses[0] = net.IPv4(192, 0, 2, 1) }, true, nil, "its TLS certificate is not trusted: x509: certificate is valid for 192.0.2.1, not 127.0.0.1", "is it the CA that answers"},
		"of an old version":       {nil, true, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }, "protocol version", "TLS 1.2 and 1.3"},
		"for known clients only":  {nil, true, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }, "certificate required", "without a certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			roots := x509.NewCertPool()
			s.serve(func(server *httptest.Server) {
				server.TLS = s.tlsConfig(row.change)
				if row.configure != nil {
					row.configure(server.TLS)
				}
				roots.AddCert(s.ca.root.certificate)
			})
			if s.options.Roots = x509.NewCertPool(); row.trusted {
				s.options.Roots = roots
			}
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{row.words}, hint: row.hint})
			if got := s.ca.count(); got != 0 {
				t.Errorf("%d requests were made", got)
			}
		})
	}
}

// tlsConfig is that of a server whose certificate the CA's own root has signed;
// its life is by the real clock, which TLS goes by.
func (s *setting) tlsConfig(change func(*x509.Certificate)) *tls.Config {
	s.ca.issuer = newIssuer(s.t, time.Now)
	key := newKey(s.t)
	template := s.ca.template("127.0.0.1")
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	if change != nil {
		change(template)
	}
	chain := [][]byte{sign(template, s.ca.intermediate, key.Public()).Raw, s.ca.intermediate.certificate.Raw}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key}}, MinVersion: tls.VersionTLS10}
}

// TestCutHandshake reads as any connection that is cut.
func TestCutHandshake(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			conn.Close()
		}
	}()
	s.options.Directory = "https://" + listener.Addr().String() + "/directory"
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"the connection was cut"}, hint: "in trouble"})
}

// TestHTTP2 is spoken where the CA speaks it.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.serve(func(server *httptest.Server) { server.EnableHTTP2 = true })
	var versions []string
	s.ca.on(newOrder, always, func(ca *authority, w http.ResponseWriter, r *http.Request) {
		versions = append(versions, r.Proto)
		ca.serve(w, r)
	})
	s.mustObtain()
	if !slices.Equal(versions, []string{"HTTP/2.0"}) {
		t.Errorf("newOrder came by %q, want HTTP/2.0", versions)
	}
}

// TestConnectionsAreClosed when an attempt is over: a CA's front counts them.
func TestConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*order.Client, *setting) error{
		"obtain": func(c *order.Client, s *setting) error {
			_, err := c.Obtain(t.Context(), s.wanted, s.journal, s.challenges)
			return err
		},
		"register": func(c *order.Client, s *setting) error {
			_, err := c.Register(t.Context(), nil, "", nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			closed := make(chan net.Conn, 64)
			s.serve(func(server *httptest.Server) {
				server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						closed <- conn
					}
				}
			})
			if err := act(s.client(), s); err != nil {
				t.Fatal(err)
			}
			select {
			case <-closed:
			case <-time.After(25 * time.Second): // the client itself would wait for 30 s
				t.Error("a connection is still open")
			}
		})
	}
}
