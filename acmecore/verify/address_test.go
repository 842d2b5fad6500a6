package verify_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/verify"
)

// TestAddressesAreMetThemselves, without a server name (RFC 6066 section 3).
func TestAddressesAreMetThemselves(t *testing.T) {
	t.Parallel()
	for _, name := range []acmecore.Name{"127.0.0.1", "::1"} {
		served := certificate(t, 7, ecdsaKey(t), func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, []net.IP{name.Address().AsSlice()} })
		other := certificate(t, 8, ecdsaKey(t), func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = nil, []net.IP{netip.MustParseAddr("192.0.2.1").AsSlice()}
		})
		asked := make(chan string, 10)
		server := serve(t, net.JoinHostPort(string(name), "0"), func(conn net.Conn) {
			greeted := tls.Server(conn, &tls.Config{SessionTicketsDisabled: true, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				asked <- hello.ServerName
				return &served, nil
			}})
			if greeted.Handshake() == nil {
				io.Copy(io.Discard, greeted)
			}
		})
		places := verify.Places{Names: []acmecore.Name{name}, Ports: []verify.Port{{Number: int(server.Port())}}}
		proofs := new(verify.Verifier).Look(t.Context(), places, fingerprint(served))
		if answers(proofs) != "serves" || proofs[0].Address != string(name) {
			t.Errorf("%s: got %+v", name, proofs)
		}
		explained(t, proofs[0], fingerprint(served))
		if sni := <-asked; sni != "" {
			t.Errorf("%s: asked with the server name %q", name, sni)
		}
		proofs = new(verify.Verifier).Look(t.Context(), places, fingerprint(other))
		if answers(proofs) != "serves other" || strings.Contains(proofs[0].Problem, "no host name") || !strings.Contains(proofs[0].Hint, "read its files again") {
			t.Errorf("%s: got %+v", name, proofs)
		}
	}
}

// TestACertificateOfAnotherAddressIsNamed.
func TestACertificateOfAnotherAddressIsNamed(t *testing.T) {
	t.Parallel()
	other := certificate(t, 8, ecdsaKey(t), func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = nil, []net.IP{netip.MustParseAddr("192.0.2.1").AsSlice(), netip.MustParseAddr("2001:db8::1").AsSlice()}
	})
	proof := look(t, fingerprint(certificate(t, 7, ecdsaKey(t))), "", handshakes(serving(other)))
	if proof.Answer != acmecore.ServesOther || !strings.Contains(proof.Problem, "for 192.0.2.1, 2001:db8::1") {
		t.Errorf("got %+v", proof)
	}
}

// TestAWildcardThatCannotBeLookedForIsTold, and is no failure.
func TestAWildcardThatCannotBeLookedForIsTold(t *testing.T) {
	t.Parallel()
	served := certificate(t, 7, ecdsaKey(t))
	v := &verify.Verifier{Dial: hosts{"192.0.2.1:443": handshakes(serving(served))}.dial, Lookup: zone(map[string]string{"example.test": "192.0.2.1"})}
	var steps []string
	proofs := v.Verify(t.Context(), verify.Places{Names: []acmecore.Name{"example.test", "*.example.test"}}, fingerprint(served), func(s acmecore.Step) {
		steps = append(steps, s.Subject+": "+s.Text)
	})
	if answers(proofs) != "serves" {
		t.Errorf("got %+v", proofs)
	}
	if all := strings.Join(steps, "\n"); !strings.Contains(all, "wcme-probe.example.test: not looked for: ") || !strings.Contains(all, "[verify] probe") {
		t.Errorf("steps: got %q", all)
	}
}
