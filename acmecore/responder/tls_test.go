package responder_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/responder"
)

// certificateOf is one that only its name tells from others.
func certificateOf(tb testing.TB, name string) *tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// greeting asks as a CA does, and returns the name in the certificate that was shown.
func greeting(address, name string, protocols ...string) (shown string, err error) {
	return greetingAs(address, &tls.Config{ServerName: name, NextProtos: protocols, InsecureSkipVerify: true})
}

func greetingAs(address string, config *tls.Config) (shown string, err error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", address, config)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != "acme-tls/1" {
		return "", fmt.Errorf("protocol %q", state.NegotiatedProtocol)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return "", err
	}
	if text, err := io.ReadAll(conn); len(text) > 0 || err != nil {
		return "", fmt.Errorf("after the handshake: %q, %w", text, err)
	}
	return state.PeerCertificates[0].DNSNames[0], nil
}

// openTLS returns a responder that answers tls-alpn-01 at the address.
func openTLS(tb testing.TB) (r *responder.Responder, address string) {
	tb.Helper()
	r = newResponder(tb)
	return r, bindTLS(tb, r)
}

func bindTLS(tb testing.TB, r *responder.Responder) (address string) {
	tb.Helper()
	address = freeAddress(tb, "127.0.0.1")
	configure(tb, r, responder.Settings{TLSAddresses: []string{address}})
	release, err := r.OpenTLS()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(release)
	return address
}

func TestACertificateIsShownToWhoAsksForItsChallenge(t *testing.T) {
	t.Parallel()
	r, address := openTLS(t)
	for _, name := range []acmecore.Name{"www.example.org", "a.example.org", "192.0.2.7", "2001:db8::1"} {
		t.Cleanup(r.Show(name, certificateOf(t, string(name))))
	}
	for what, row := range map[string]struct {
		asked string
		want  string
	}{
		"a name":               {"www.example.org", "www.example.org"},
		"another name":         {"a.example.org", "a.example.org"},
		"in capitals":          {"WWW.Example.ORG", "www.example.org"},
		"an address of IPv4":   {"7.2.0.192.in-addr.arpa", "192.0.2.7"},
		"an address of IPv6":   {"1." + strings.Repeat("0.", 23) + "8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::1"},
		"in capitals, of IPv6": {"1." + strings.Repeat("0.", 23) + "8.B.D.0.1.0.0.2.IP6.ARPA", "2001:db8::1"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			config := &tls.Config{ServerName: row.asked, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}
			if got, err := greetingAs(address, config); got != row.want || err != nil {
				t.Errorf("%s, %s: got %q, %v; want %q", what, tls.VersionName(version), got, err, row.want)
			}
		}
	}
}

// TestOtherHellosGetAnAlert, and see no certificate.
func TestOtherHellosGetAnAlert(t *testing.T) {
	t.Parallel()
	r, address := openTLS(t)
	t.Cleanup(r.Show("www.example.org", certificateOf(t, "www.example.org")))
	for what, row := range map[string]struct {
		name      string
		protocols []string
		alert     string
	}{
		"another protocol":        {"www.example.org", []string{"h2", "http/1.1"}, "no application protocol"},
		"no protocol":             {"www.example.org", nil, "unrecognized name"},
		"another one beside it":   {"www.example.org", []string{"acme-tls/1", "h2"}, "unrecognized name"},
		"a protocol much like it": {"www.example.org", []string{"acme-tls/2"}, "no application protocol"},
		"another name":            {"b.example.org", []string{"acme-tls/1"}, "unrecognized name"},
		"a name below":            {"x.www.example.org", []string{"acme-tls/1"}, "unrecognized name"},
		"no name":                 {"", []string{"acme-tls/1"}, "unrecognized name"},
		"an address":              {"127.0.0.1", []string{"acme-tls/1"}, "unrecognized name"}, // is not sent
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			seen := false
			config := &tls.Config{ServerName: row.name, NextProtos: row.protocols, InsecureSkipVerify: true, MinVersion: version, MaxVersion: version,
				VerifyConnection: func(tls.ConnectionState) error { seen = true; return nil }}
			_, err := greetingAs(address, config)
			if err == nil || !strings.Contains(err.Error(), "remote error: tls: "+row.alert) || seen {
				t.Errorf("%s, %s: got %v, want the alert %q; a certificate was shown: %v", what, tls.VersionName(version), err, row.alert, seen)
			}
		}
	}
}

func TestOldVersionsOfTLSAreRefused(t *testing.T) {
	t.Parallel()
	r, address := openTLS(t)
	t.Cleanup(r.Show("www.example.org", certificateOf(t, "www.example.org")))
	_, err := greetingAs(address, &tls.Config{ServerName: "www.example.org", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true,
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("got %v, want that the version is refused", err)
	}
}

// TestHiddenCertificates: of two for one name, the last one is shown, and then the other.
func TestHiddenCertificates(t *testing.T) {
	t.Parallel()
	r, address := openTLS(t)
	first := r.Show("www.example.org", certificateOf(t, "first"))
	second := r.Show("www.example.org", certificateOf(t, "second"))
	for _, step := range []struct {
		want string
		hide func()
	}{{"second", second}, {"first", second}, {"first", first}, {"", first}} {
		if got, err := greeting(address, "www.example.org", "acme-tls/1"); got != step.want || (err != nil) != (step.want == "") {
			t.Errorf("got %q, %v; want %q", got, err, step.want)
		}
		step.hide()
	}
}

// TestEachMethodHasItsPort: opening one does not bind that of the other.
func TestEachMethodHasItsPort(t *testing.T) {
	t.Parallel()
	r, plain, secure := newResponder(t), freeAddress(t, "127.0.0.1"), freeAddress(t, "127.0.0.2")
	if r.Shows() {
		t.Error("it shows certificates before it is told where")
	}
	configure(t, r, responder.Settings{Addresses: []string{plain}, TLSAddresses: []string{secure}})
	if !r.Shows() {
		t.Error("it shows none")
	}
	release := open(t, r)
	checkFree(t, secure)
	releaseTLS, err := r.OpenTLS()
	if err != nil {
		t.Fatal(err)
	}
	release()
	checkFree(t, plain)
	if _, err := greeting(secure, "www.example.org", "h2"); err == nil || !strings.Contains(err.Error(), "no application protocol") {
		t.Errorf("got %v, want an alert", err)
	}
	releaseTLS()
	checkFree(t, secure)
	configure(t, r, responder.Settings{TLSAddresses: []string{secure}, Always: true})
	if _, err := greeting(secure, "www.example.org", "h2"); err == nil || !strings.Contains(err.Error(), "no application protocol") {
		t.Errorf("always: got %v, want an alert", err)
	}
	r.Close()
	checkFree(t, secure)
}

func TestOpenTLSSaysWhichPortIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", freeAddress(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	r := newResponder(t)
	configure(t, r, responder.Settings{TLSAddresses: []string{address}})
	_, err = r.OpenTLS()
	if want := "answer challenges of tls-alpn-01 on " + address + ": "; acmecore.KindOf(err) != acmecore.Busy || !strings.Contains(err.Error(), want) {
		t.Errorf("got %s, %v; want busy, %q", acmecore.KindOf(err), err, want)
	}
	if hint := acmecore.HintOf(err); !strings.Contains(hint, "`listen_tls`") || !strings.Contains(hint, "acme-tls/1") {
		t.Errorf("hint: got %q", hint)
	}
}

func TestGivenSocketsForTLS(t *testing.T) {
	t.Parallel()
	given, err := net.Listen("tcp", freeAddress(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	r := responder.New(responder.Options{Challenges: pending(t), Log: quiet(), TLSSockets: []net.Listener{given}})
	r.Slacken(time.Minute)
	t.Cleanup(r.Close)
	plain := freeAddress(t, "127.0.0.2")
	configure(t, r, responder.Settings{Addresses: []string{plain}})
	if !r.Shows() {
		t.Error("it shows no certificates")
	}
	t.Cleanup(r.Show("www.example.org", certificateOf(t, "www.example.org")))
	if got, err := greeting(given.Addr().String(), "www.example.org", "acme-tls/1"); got != "www.example.org" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	release := open(t, r)
	checkAnswers(t, plain) // systemd's socket is not for that
	release()
}

// TestNoHandshakeIsKept: one that sends nothing, too little or no TLS is ended.
func TestNoHandshakeIsKept(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	r.Slacken(0)
	address := bindTLS(t, r)
	for what, send := range map[string]string{
		"nothing":           "",
		"half a record":     "\x16\x03\x01\x02\x00\x01",
		"HTTP":              "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
		"a hello of zeroes": "\x16\x03\x01\x00\x40" + strings.Repeat("\x00", 64),
		"an endless hello":  "\x16\x03\x01\x40\x00\x01\xff\xff\xff" + strings.Repeat("\x41", 1<<18),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, send) // what the other side does not read any more is no matter
			if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(conn)
			if errors.Is(err, syscall.ECONNRESET) {
				err = nil
			}
			if err != nil || len(answer) > 7 { // one alert
				t.Errorf("got %d bytes, %v; want the end of the connection", len(answer), err)
			}
		})
	}
}

// TestManyHandshakesAtOnce, while certificates come and go.
func TestManyHandshakesAtOnce(t *testing.T) {
	t.Parallel()
	r, address := openTLS(t)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			name := fmt.Sprintf("h%d.example.org", i)
			certificate := certificateOf(t, name)
			for range 5 {
				hide := r.Show(acmecore.Name(name), certificate)
				if got, err := greeting(address, name, "acme-tls/1"); got != name || err != nil {
					t.Errorf("got %q, %v; want %q", got, err, name)
				}
				hide()
			}
		})
	}
	all.Wait()
}

// FuzzServerName: whatever the name, it is one that TLS can carry, and no two addresses
// have the same.
func FuzzServerName(f *testing.F) {
	for _, seed := range []string{"www.example.org", "192.0.2.7", "2001:db8::1", "::1", "::ffff:192.0.2.7"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := acmecore.ParseName(text)
		if err != nil {
			return
		}
		got := responder.ServerName(name)
		if got == "" || len(got) > 253 || strings.HasSuffix(got, ".") || strings.ToLower(got) != got {
			t.Errorf("%q: got %q", name, got)
		}
		if is := strings.HasSuffix(got, ".arpa") && got != string(name); is != name.Address().IsValid() {
			t.Errorf("%q: got %q", name, got)
		}
	})
}
