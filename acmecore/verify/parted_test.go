package verify_test

import (
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/verify"
)

func TestParted(t *testing.T) {
	t.Parallel()
	issued := acmecore.Certificate{Version: "2", Fingerprint: "ab", Serial: "2"}
	proof := func(answer acmecore.Answer, fingerprint, address string) acmecore.Proof {
		p := acmecore.Proof{Answer: answer, Fingerprint: fingerprint,
			Endpoint: acmecore.Endpoint{Name: name, Address: address, Port: 443}}
		if fingerprint != "" {
			p.Serial, p.NotAfter = "1", time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
		}
		return p
	}
	current := acmecore.Placed{Target: "nginx", Current: true, Serial: "2"}
	for _, row := range []struct {
		what     string
		presence acmecore.Presence
		want     string
	}{
		{"nothing but issued", acmecore.Presence{Certificate: issued}, ""},
		{"all agree", acmecore.Presence{Certificate: issued, Placed: []acmecore.Placed{current},
			Proofs: []acmecore.Proof{proof(acmecore.Serves, "AB", "192.0.2.1"), proof(acmecore.Unreached, "", "2001:db8::1")}}, ""},
		{"nothing is issued", acmecore.Presence{Proofs: []acmecore.Proof{proof(acmecore.ServesOther, "cd", "192.0.2.1")}},
			"none was issued yet; another one is served by www.example.test at 192.0.2.1 port 443 (serial 1, valid to 2026-01-02 03:04 UTC)"},
		{"unusable", acmecore.Presence{Certificate: acmecore.Certificate{Version: "2", Problem: "no key"}}, "the issued one cannot be used: no key"},
		{"not on disk", acmecore.Presence{Certificate: issued, Placed: []acmecore.Placed{current,
			{Target: "mail", Serial: "1"}, {Target: "proxy", Problem: "permission denied"}, {Target: "new"}}},
			"not installed in mail (there is serial 1), proxy (permission denied), new"},
		{"on disk, not served (L12)", acmecore.Presence{Certificate: issued, Placed: []acmecore.Placed{current},
			Proofs: []acmecore.Proof{proof(acmecore.Serves, "ab", "192.0.2.1"), proof(acmecore.ServesOther, "cd", "192.0.2.2")}},
			"another one is served by www.example.test at 192.0.2.2 port 443 (serial 1, valid to 2026-01-02 03:04 UTC)"},
		{"a proof of the one before", acmecore.Presence{Certificate: issued, Proofs: []acmecore.Proof{proof(acmecore.Serves, "cd", "192.0.2.1")}},
			"another one is served by www.example.test at 192.0.2.1 port 443 (serial 1, valid to 2026-01-02 03:04 UTC)"},
		{"down", acmecore.Presence{Certificate: issued, Proofs: []acmecore.Proof{proof(acmecore.Silent, "", "192.0.2.1"), proof(acmecore.NoHandshake, "", "192.0.2.2"),
			proof(acmecore.NoAddress, "", ""), proof(acmecore.Silent, "", "192.0.2.4"), proof(acmecore.Silent, "", "192.0.2.5")}},
			"none is served by www.example.test at 192.0.2.1 port 443 (silent), www.example.test at 192.0.2.2 port 443 (no handshake), www.example.test (no address) and 2 more"},
	} {
		if got := verify.Parted(row.presence); got != row.want {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
	}
}
