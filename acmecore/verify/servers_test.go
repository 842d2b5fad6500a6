package verify_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
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
)

const name = acmecore.Name("www.example.test")

// certificate makes one for the name, changed as a test wishes.
func certificate(t testing.TB, serial int64, key crypto.Signer, change ...func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{string(name)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
	}
	for _, do := range change {
		do(template)
	}
	public := key.Public()
	if template.PublicKey != nil {
		public = template.PublicKey
	}
	parent := *template
	parent.PublicKey = key.Public()
	der, err := x509.CreateCertificate(rand.Reader, template, &parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func ecdsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func fingerprint(c tls.Certificate) string {
	digest := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(digest[:])
}

// serving is a configuration of servers. Tickets would be written to visitors who
// have left already: a pipe would hold them up.
func serving(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: certificates, SessionTicketsDisabled: true}
}

// handshakes serves TLS, and reads until the visitor leaves.
func handshakes(config *tls.Config) func(net.Conn) {
	return func(conn net.Conn) {
		server := tls.Server(conn, config)
		if server.Handshake() == nil {
			io.Copy(io.Discard, server)
		}
	}
}

// serve has a real server on loopback, and returns where it is.
func serve(t *testing.T, address string, handle func(net.Conn)) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(t.Context(), func() { conn.Close() })()
				handle(conn)
			})
		}
	})
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// at are the places of the name at these addresses.
func at(t *testing.T, protocol string, servers ...netip.AddrPort) verify.Places {
	t.Helper()
	var texts []string
	for _, server := range servers {
		texts = append(texts, server.String()+protocol)
	}
	places, err := placesOf([]acmecore.Name{name}, texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return places
}

// look asks one server once.
func look(t *testing.T, want string, protocol string, handle func(net.Conn)) acmecore.Proof {
	t.Helper()
	proofs := new(verify.Verifier).Look(t.Context(), at(t, protocol, serve(t, "127.0.0.1:0", handle)), want)
	if len(proofs) != 1 {
		t.Fatalf("got %d proofs, want 1: %+v", len(proofs), proofs)
	}
	explained(t, proofs[0], want)
	return proofs[0]
}

// explained checks what every proof promises.
func explained(t *testing.T, proof acmecore.Proof, want string) {
	t.Helper()
	shows := fmt.Sprintf("%s: %+v", proof.Answer, proof)
	wrong := proof.Answer != acmecore.Serves && want != ""
	if wrong && (proof.Problem == "" || proof.Hint == "") {
		t.Errorf("says nothing of what is wrong: %s", shows)
	}
	if proof.Answer == acmecore.Serves && (proof.Problem != "" || proof.Fingerprint != want) {
		t.Errorf("serves, and yet: %s", shows)
	}
	hasFacts := proof.Answer == acmecore.Serves || proof.Answer == acmecore.ServesOther
	if hasFacts != (proof.Fingerprint != "" && proof.Serial != "" && !proof.NotAfter.IsZero()) || proof.At.IsZero() {
		t.Errorf("facts are missing, or there are too many: %s", shows)
	}
	for _, text := range []string{proof.Problem, proof.Hint, proof.Serial} {
		if text != acmecore.Inert(text) || len(text) > 1100 {
			t.Errorf("%d bytes, not inert: %.300q", len(text), text)
		}
	}
}

// answers lists them as "serves, silent".
func answers(proofs []acmecore.Proof) string {
	var texts []string
	for _, proof := range proofs {
		texts = append(texts, string(proof.Answer))
	}
	return strings.Join(texts, ", ")
}

// hosts is a network in memory: who answers at an address.
type hosts map[string]func(net.Conn)

// errNoHost is what dialling an address says that nobody has.
var errNoHost = errors.New("no such host in this test")

// dial is for Verifier.Dial. The server's end is closed when its handler returns.
func (h hosts) dial(_ context.Context, network, address string) (net.Conn, error) {
	handle, found := h[address]
	if !found || network != "tcp" {
		return nil, fmt.Errorf("%s %s: %w", network, address, errNoHost)
	}
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		handle(server)
	}()
	return client, nil
}
