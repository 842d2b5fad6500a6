package verify_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/verify"
)

// placesOf are places in the words of the configuration, whose parser is the only one.
func placesOf(names []acmecore.Name, addresses, ports []string) (verify.Places, error) {
	places := verify.Places{Names: names}
	for _, text := range addresses {
		var address config.Address
		if err := address.UnmarshalText([]byte(text)); err != nil {
			return places, err
		}
		places.Addresses = append(places.Addresses, verify.Address{IP: address.IP, Port: verify.Port(address.Port)})
	}
	for _, text := range ports {
		var port config.Port
		if err := port.UnmarshalText([]byte(text)); err != nil {
			return places, err
		}
		places.Ports = append(places.Ports, verify.Port(port))
	}
	return places, nil
}

// notServed are the proofs of places that do not serve the certificate, though this host
// can reach them.
func notServed(proofs []acmecore.Proof) (missing []acmecore.Proof) {
	for _, proof := range proofs {
		if proof.Answer != acmecore.Serves && proof.Answer != acmecore.Unreached {
			missing = append(missing, proof)
		}
	}
	return missing
}

// zone is a Lookup that knows these names alone.
func zone(names map[string]string) func(context.Context, string) ([]netip.Addr, error) {
	return func(_ context.Context, host string) (found []netip.Addr, err error) {
		texts, known := names[host]
		if !known {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		for _, text := range strings.Fields(texts) {
			found = append(found, netip.MustParseAddr(text))
		}
		return found, nil
	}
}

// TestEndpoints are names × addresses × ports, each once.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	lookup := zone(map[string]string{
		"one.example.test": "192.0.2.1 2001:db8::1", "two.example.test": "192.0.2.1 ::ffff:192.0.2.1 192.0.2.1",
		"wcme-probe.any.example.test": "192.0.2.7", "empty.example.test": "",
	})
	for _, row := range []struct {
		what                    string
		names, addresses, ports string
		want, missing           string
	}{
		{"IPv4 and IPv6", "one.example.test", "", "", "one.example.test 192.0.2.1:443, one.example.test 2001:db8::1:443", ""},
		{"several ports", "two.example.test", "", "443 25/smtp", "two.example.test 192.0.2.1:443, two.example.test 192.0.2.1:25/smtp", ""},
		{"names that repeat", "two.example.test two.example.test", "", "443 443", "two.example.test 192.0.2.1:443", ""},
		{"no such name", "gone.example.test two.example.test", "", "", "two.example.test 192.0.2.1:443", "gone.example.test no address"},
		{"a name without addresses", "empty.example.test", "", "25/smtp", "", "empty.example.test no address"},
		{"configured addresses", "gone.example.test", "192.0.2.9 [2001:db8::9]:8443 127.0.0.1:2525/smtp", "443 993",
			"gone.example.test 192.0.2.9:443, gone.example.test 192.0.2.9:993, gone.example.test 2001:db8::9:8443, gone.example.test 127.0.0.1:2525/smtp", ""},
		{"a wildcard whose hosts have an address", "*.any.example.test", "", "", "wcme-probe.any.example.test 192.0.2.7:443", ""},
		{"a wildcard whose hosts have none", "*.gone.example.test", "", "", "", ""},
		{"a wildcard at a configured address", "*.gone.example.test", "192.0.2.9", "", "wcme-probe.gone.example.test 192.0.2.9:443", ""},
		{"an address of IPv4", "192.0.2.5", "", "443 8443", "192.0.2.5 192.0.2.5:443, 192.0.2.5 192.0.2.5:8443", ""},
		{"an address of IPv6", "2001:db8::5", "", "", "2001:db8::5 2001:db8::5:443", ""},
		{"an address that is met elsewhere", "192.0.2.5", "127.0.0.1:8443", "", "192.0.2.5 127.0.0.1:8443", ""},
		{"no name", "", "192.0.2.9", "", "", ""},
	} {
		var names []acmecore.Name
		for _, text := range strings.Fields(row.names) {
			names = append(names, acmecore.Name(text))
		}
		p, err := placesOf(names, strings.Fields(row.addresses), strings.Fields(row.ports))
		if err != nil {
			t.Fatal(err)
		}
		endpoints, proofs := (&verify.Verifier{Lookup: lookup}).Endpoints(t.Context(), p)
		var got, missing []string
		for _, e := range endpoints {
			got = append(got, fmt.Sprintf("%s %s:%v", e.Name, e.Address, verify.Port{Number: e.Port, Protocol: e.Protocol}))
		}
		for _, proof := range proofs {
			explained(t, proof, "00")
			missing = append(missing, fmt.Sprintf("%s %s", proof.Name, proof.Answer))
		}
		if strings.Join(got, ", ") != row.want || strings.Join(missing, ", ") != row.missing {
			t.Errorf("%s: got %q and %q; want %q and %q", row.what, got, missing, row.want, row.missing)
		}
	}
}

// TestTooManyPlaces: a thousand are asked, no name goes without, and it is said.
func TestTooManyPlaces(t *testing.T) {
	t.Parallel()
	hostile := func(_ context.Context, host string) (found []netip.Addr, err error) {
		address := netip.MustParseAddr("2001:db8::")
		for range map[bool]int{true: 5000, false: 3}[host == "host0.example.test"] {
			address = address.Next()
			found = append(found, address)
		}
		return found, nil
	}
	p := many(t, 100)
	p.Addresses = nil
	endpoints, proofs := (&verify.Verifier{Lookup: hostile}).Endpoints(t.Context(), p)
	counts := make(map[acmecore.Name]int)
	for _, e := range endpoints {
		counts[e.Name]++
	}
	if len(endpoints) != 1000 || counts["host0.example.test"] != 1000-99*3 || counts["host99.example.test"] != 3 {
		t.Errorf("got %d places: %v", len(endpoints), counts)
	}
	if answers(proofs) != "unreached" || !strings.Contains(proofs[0].Problem, "1000 are asked") || proofs[0].Address == "" || len(notServed(proofs)) != 0 {
		t.Errorf("got %+v", proofs)
	}
}

// TestNameServersThatFail are asked again, in virtual time, a name that does not
// exist is not.
func TestNameServersThatFail(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what    string
		failure *net.DNSError
		good    int // the try that succeeds; 0 is none
		want    string
		text    string
		took    time.Duration
		tries   int
	}{
		{"no such name", &net.DNSError{Err: "no such host", IsNotFound: true}, 0, "no address", "no address in the DNS", 0, 1},
		{"no answer", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, 0, "no address", "no name server answers in time", 30 * time.Second, 11},
		{"SERVFAIL", &net.DNSError{Err: "server misbehaving\x1b[2J", Server: "192.0.2.53:53"}, 0, "no address", "cannot be looked up: lookup  on 192.0.2.53:53: server misbehaving?[2J", 30 * time.Second, 11},
		{"SERVFAIL twice", &net.DNSError{Err: "server misbehaving"}, 3, "serves", "", 600 * time.Millisecond, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			served := certificate(t, 1, ecdsaKey(t))
			tries := 0
			v := &verify.Verifier{Dial: hosts{"192.0.2.1:443": handshakes(serving(served))}.dial,
				Lookup: func(context.Context, string) ([]netip.Addr, error) {
					if tries++; tries == row.good {
						return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
					}
					return nil, row.failure
				}}
			began := time.Now()
			var steps []acmecore.Step
			proofs := v.Verify(t.Context(), places(t), fingerprint(served), func(s acmecore.Step) { steps = append(steps, s) })
			if answers(proofs) != row.want || !strings.Contains(proofs[0].Problem, row.text) || time.Since(began) != row.took || tries != row.tries || len(steps) != 1 {
				t.Errorf("%s: got %s, %q after %s and %d tries, steps %v", row.what, answers(proofs), proofs[0].Problem, time.Since(began), tries, steps)
			}
			explained(t, proofs[0], fingerprint(served))
		})
	}
}

// TestSystemResolverIsAsked where no other is given: every system knows localhost.
func TestSystemResolverIsAsked(t *testing.T) {
	t.Parallel()
	endpoints, proofs := new(verify.Verifier).Endpoints(t.Context(), verify.Places{Names: []acmecore.Name{"localhost"}})
	if len(endpoints) == 0 || len(proofs) > 0 {
		t.Fatalf("got %v, %+v", endpoints, proofs)
	}
	for _, e := range endpoints {
		if address, err := netip.ParseAddr(e.Address); err != nil || !address.IsLoopback() || e.Port != 443 {
			t.Errorf("got %+v, %v", e, err)
		}
	}
}
