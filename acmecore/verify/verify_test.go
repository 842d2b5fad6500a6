package verify_test

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/verify"
	"wcme/deploy/lab"
)

// TestServersOfAllKinds: those which a visitor gets on with, and those which not.
func TestServersOfAllKinds(t *testing.T) {
	t.Parallel()
	ec, rs := certificate(t, 0xec, ecdsaKey(t)), certificate(t, 0x45a, rsaKey(t))
	other := certificate(t, 0x01d, ecdsaKey(t))
	wrongKey := tls.Certificate{Certificate: ec.Certificate, PrivateKey: other.PrivateKey}
	with := func(change func(*tls.Config), certificates ...tls.Certificate) func(net.Conn) {
		config := serving(certificates...)
		change(config)
		return handshakes(config)
	}
	version := func(v uint16) func(*tls.Config) {
		return func(c *tls.Config) { c.MinVersion, c.MaxVersion = v, v }
	}
	demanding := func(v uint16) func(*tls.Config) {
		return func(c *tls.Config) { version(v)(c); c.ClientAuth = tls.RequireAnyClientCert }
	}
	for _, row := range []struct {
		what   string
		server func(net.Conn)
		wanted tls.Certificate
		want   acmecore.Answer
		text   string // in the problem
	}{
		{"ECDSA", handshakes(serving(ec)), ec, acmecore.Serves, ""},
		{"RSA", handshakes(serving(rs)), rs, acmecore.Serves, ""},
		{"TLS 1.2 alone", with(version(tls.VersionTLS12), ec), ec, acmecore.Serves, ""},
		{"TLS 1.3 alone", with(version(tls.VersionTLS13), ec), ec, acmecore.Serves, ""},
		{"TLS 1.1 alone", with(version(tls.VersionTLS11), rs), rs, acmecore.NoHandshake, "refuses the handshake: protocol version not supported"},
		{"the one before (L12)", handshakes(serving(other)), ec, acmecore.ServesOther, "serves serial 1d, valid to "},
		{"RSA and ECDSA, RSA wanted", handshakes(serving(rs, ec)), rs, acmecore.Serves, ""},
		{"RSA and ECDSA, ECDSA wanted", handshakes(serving(rs, ec)), ec, acmecore.Serves, ""},
		{"ECDSA and RSA, RSA wanted", handshakes(serving(ec, rs)), rs, acmecore.Serves, ""},
		{"RSA and ECDSA, a third wanted", handshakes(serving(rs, ec)), other, acmecore.ServesOther, "serves serial 45a"},
		{"RSA and ECDSA by TLS 1.3 alone, the first wanted", with(version(tls.VersionTLS13), rs, ec), rs, acmecore.Serves, ""},
		{"it demands a certificate, TLS 1.2", with(demanding(tls.VersionTLS12), ec), ec, acmecore.Serves, ""},
		{"it demands a certificate, TLS 1.3", with(demanding(tls.VersionTLS13), ec), ec, acmecore.Serves, ""},
		{"another one, and it demands a certificate", with(demanding(tls.VersionTLS12), other), ec, acmecore.ServesOther, "serves serial 1d"},
		{"the certificate beside another's key, TLS 1.2", with(version(tls.VersionTLS12), wrongKey), ec, acmecore.NoHandshake, "presents serial ec, but"},
		{"the certificate beside another's key, TLS 1.3", with(version(tls.VersionTLS13), wrongKey), ec, acmecore.NoHandshake, "presents serial ec, but"},
		{"the same, and it demands a certificate", with(demanding(tls.VersionTLS12), wrongKey), ec, acmecore.NoHandshake, "presents serial ec, but"},
		{"no certificate for the name", with(func(c *tls.Config) {
			c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errNoHost }
		}), ec, acmecore.NoHandshake, "refuses the handshake: "},
		{"plain HTTP", func(c net.Conn) {
			c.Read(make([]byte, 1000))
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}, ec, acmecore.NoHandshake, "speaks no TLS, but HTTP"},
		{"a mail server", func(c net.Conn) { io.WriteString(c, "220 mail.example.test ESMTP\r\n"); c.Read(make([]byte, 1000)) },
			ec, acmecore.NoHandshake, "speaks no TLS"},
		{"it closes at once", func(net.Conn) {}, ec, acmecore.NoHandshake, "closes the connection during the handshake"},
		{"it closes after the first words", func(c net.Conn) { c.Read(make([]byte, 5000)) }, ec, acmecore.NoHandshake, "closes the connection during the handshake"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			proof := look(t, fingerprint(row.wanted), "", row.server)
			if proof.Answer != row.want || !strings.Contains(proof.Problem, row.text) {
				t.Errorf("got %q, %q; want %q, %q", proof.Answer, proof.Problem, row.want, row.text)
			}
		})
	}
}

// TestHostileCertificates: what a server presents is anybody's.
func TestHostileCertificates(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	plain := certificate(t, 1, key)
	repeated := func(count int) tls.Certificate {
		c := tls.Certificate{PrivateKey: key}
		for range count {
			c.Certificate = append(c.Certificate, plain.Certificate[0])
		}
		return c
	}
	rsaSigner := rsaKey(t)
	huge := &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 16383), big.NewInt(1)), E: 65537}
	names := func(names ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = names }
	}
	for _, row := range []struct {
		what      string
		presented tls.Certificate
		want      acmecore.Answer
		text      string
	}{
		{"a chain of 100", repeated(100), acmecore.ServesOther, "serial 1,"},
		{"a chain of 1 MB", repeated(1 << 20 / len(plain.Certificate[0])), acmecore.NoHandshake, ""},
		{"no certificate that can be read", tls.Certificate{Certificate: [][]byte{{0x30, 0x03, 1, 2, 3}}, PrivateKey: key}, acmecore.NoHandshake, "failed to parse certificate"},
		{"a certificate of no bytes", tls.Certificate{Certificate: [][]byte{{}}, PrivateKey: key}, acmecore.NoHandshake, ""},
		{"an RSA key of 16384 bits", certificate(t, 2, rsaSigner, func(c *x509.Certificate) { c.PublicKey = huge }), acmecore.NoHandshake, "8192 bits"},
		{"a serial of 4000 bytes", certificate(t, 1, key, func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 32000) }), acmecore.ServesOther, "serves serial 1000"},
		{"no name", certificate(t, 3, key, names()), acmecore.ServesOther, ", which is for no host name"},
		{"other names", certificate(t, 3, key, names("a.example", "b.example", "c.example", "d.example")), acmecore.ServesOther, ", which is for a.example, b.example, c.example, …"},
		{"a name with control sequences", certificate(t, 3, key, names("\x1b[2J\r\nx")), acmecore.ServesOther, ", which is for ?[2J  x"},
		{"a name of 10,000 bytes", certificate(t, 3, key, names(strings.Repeat("a", 10_000))), acmecore.ServesOther, ", which is for aaa"},
		{"expired", certificate(t, 4, key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), acmecore.ServesOther, ", expired"},
		{"valid to the year 9999", certificate(t, 4, key, func(c *x509.Certificate) { c.NotAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }), acmecore.ServesOther, "valid to 9999-12-31 23:59 UTC"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			proof := look(t, strings.Repeat("00", 32), "", handshakes(serving(row.presented)))
			if proof.Answer != row.want || !strings.Contains(proof.Problem, row.text) {
				t.Errorf("got %q, %q; want %q, %q", proof.Answer, proof.Problem, row.want, row.text)
			}
		})
	}
}

// TestLookWithoutFingerprintStatesFacts alone, and asks once.
func TestLookWithoutFingerprintStatesFacts(t *testing.T) {
	t.Parallel()
	served := certificate(t, 0xabc, ecdsaKey(t))
	var connections sync.Map
	proof := look(t, "", "", func(c net.Conn) {
		connections.Store(c.RemoteAddr(), true)
		handshakes(serving(served))(c)
	})
	count := 0
	connections.Range(func(any, any) bool { count++; return true })
	if proof.Answer != acmecore.ServesOther || proof.Fingerprint != fingerprint(served) || proof.Serial != "abc" || proof.Problem != "" || count != 1 {
		t.Errorf("got %+v after %d connections", proof, count)
	}
}

// TestVisitorSendsTheName, and offers the web's protocols on the web's port alone.
func TestVisitorSendsTheName(t *testing.T) {
	t.Parallel()
	one, two := certificate(t, 1, ecdsaKey(t)), certificate(t, 2, ecdsaKey(t))
	hellos := make(chan *tls.ClientHelloInfo, 10)
	config := serving()
	config.NextProtos = []string{"h2"}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		hellos <- hello
		if hello.ServerName == string(name) {
			return &one, nil
		}
		return &two, nil
	}
	network := hosts{"192.0.2.1:443": handshakes(config), "192.0.2.1:993": handshakes(config)}
	v := &verify.Verifier{Dial: network.dial}
	places, err := placesOf([]acmecore.Name{name}, []string{"192.0.2.1"}, []string{"443", "993"})
	if err != nil {
		t.Fatal(err)
	}
	if got := answers(v.Look(t.Context(), places, fingerprint(one))); got != "serves, serves" {
		t.Errorf("got %s", got)
	}
	close(hellos)
	offered := 0
	for hello := range hellos {
		if hello.ServerName != string(name) {
			t.Errorf("server name: got %q", hello.ServerName)
		}
		if strings.Join(hello.SupportedProtos, " ") == "h2 http/1.1" {
			offered++
		} else if len(hello.SupportedProtos) > 0 {
			t.Errorf("offers %q", hello.SupportedProtos)
		}
	}
	if offered != 1 {
		t.Errorf("ALPN was offered %d times, want once", offered)
	}
}

// TestEachAddressIsAsked: of two servers behind a name, one serves the certificate
// before; IPv6 counts as IPv4 does.
func TestEachAddressIsAsked(t *testing.T) {
	t.Parallel()
	now, before := certificate(t, 2, ecdsaKey(t)), certificate(t, 1, ecdsaKey(t))
	places := at(t, "", serve(t, "127.0.0.1:0", handshakes(serving(now))), serve(t, "[::1]:0", handshakes(serving(before))))
	v := &verify.Verifier{Patience: time.Millisecond}
	var steps []acmecore.Step
	proofs := v.Verify(t.Context(), places, fingerprint(now), func(s acmecore.Step) { steps = append(steps, s) })
	if got := answers(proofs); got != "serves, serves other" || proofs[1].Serial != "1" || proofs[1].Address != "::1" {
		t.Errorf("got %s: %+v", got, proofs)
	}
	if missing := notServed(proofs); len(missing) != 1 || missing[0] != proofs[1] {
		t.Errorf("not served: got %+v", missing)
	}
	// Each is reported; the other one once more when it is asked again.
	last := make(map[string]string)
	for _, step := range steps {
		if step.Stage != "verify" || step.Subject != string(name) {
			t.Errorf("got the step %+v", step)
		}
		address, text, _ := strings.Cut(step.Text, " port ")
		last[address] = text
	}
	if len(last) != 2 || !strings.Contains(last["127.0.0.1"], "serves it") || !strings.Contains(last["::1"], "serves serial 1") {
		t.Errorf("got the steps %+v", steps)
	}
	if got := answers(v.Look(t.Context(), places, strings.ToUpper(fingerprint(before)))); got != "serves other, serves" {
		t.Errorf("look: got %s", got)
	}
}

// TestNobodyListens is silence, with words that say so.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	closed := netip.MustParseAddrPort(lab.Nobody(t))
	proofs := new(verify.Verifier).Look(t.Context(), at(t, "", closed), "00")
	if answers(proofs) != "silent" || proofs[0].Problem != "connection refused" {
		t.Errorf("got %+v", proofs)
	}
	explained(t, proofs[0], "00")
}

// TestChainIsMissed where a server presents the right certificate alone.
func TestChainIsMissed(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	issued := func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://ca.example/ca.der"} }
	alone := certificate(t, 1, key, issued)
	whole := tls.Certificate{Certificate: append(alone.Certificate[:1:1], certificate(t, 2, key).Certificate...), PrivateKey: key}
	for what, row := range map[string]struct {
		served tls.Certificate
		hint   bool
	}{
		"alone": {alone, true}, "with its chain": {whole, false}, "of an authority without intermediates": {certificate(t, 1, key), false},
	} {
		proof := look(t, fingerprint(row.served), "", handshakes(serving(row.served)))
		if proof.Answer != acmecore.Serves || (proof.Hint != "") != row.hint {
			t.Errorf("%s: got %q, %q", what, proof.Answer, proof.Hint)
		}
	}
}
