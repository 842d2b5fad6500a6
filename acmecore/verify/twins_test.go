package verify_test

import (
	"crypto/tls"
	"net"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/verify"
)

// TestTwinsByTLS13Alone: of two kinds of key the one that is seen counts for both, but
// only where the server cannot be asked for the other one.
func TestTwinsByTLS13Alone(t *testing.T) {
	t.Parallel()
	ec, rs := certificate(t, 0xec, ecdsaKey(t)), certificate(t, 0x45a, rsaKey(t))
	modern := func(certificates ...tls.Certificate) func(net.Conn) {
		config := serving(certificates...)
		config.MinVersion = tls.VersionTLS13
		return handshakes(config)
	}
	for _, row := range []struct {
		what   string
		server func(net.Conn)
		twins  []string
		want   acmecore.Answer
	}{
		{"both, TLS 1.3 alone", modern(rs, ec), []string{fingerprint(rs)}, acmecore.Serves},
		{"both, TLS 1.3 alone, and nothing is known of twins", modern(rs, ec), nil, acmecore.ServesOther},
		{"both, TLS 1.2 too", handshakes(serving(rs, ec)), []string{fingerprint(rs)}, acmecore.Serves},
		{"the twin alone, TLS 1.2 too", handshakes(serving(rs)), []string{fingerprint(rs)}, acmecore.ServesOther},
		{"another's twin, TLS 1.3 alone", modern(rs), []string{fingerprint(ec)}, acmecore.ServesOther},
	} {
		network := hosts{"192.0.2.1:443": row.server}
		places, err := placesOf([]acmecore.Name{name}, []string{"192.0.2.1"}, []string{"443"})
		if err != nil {
			t.Fatal(err)
		}
		places.Twins = row.twins
		proofs := (&verify.Verifier{Dial: network.dial}).Look(t.Context(), places, fingerprint(ec))
		if len(proofs) != 1 || proofs[0].Answer != row.want {
			t.Errorf("%s: got %+v, want %s", row.what, proofs, row.want)
			continue
		}
		if row.want == acmecore.Serves && proofs[0].Fingerprint != fingerprint(ec) {
			t.Errorf("%s: got the fingerprint of another one", row.what)
		}
	}
}
