package challenge_test

import (
	"strings"
	"testing"

	"wcme/acmecore/challenge"
)

// TestRelaysOfAddresses: a CA names an IPv6 address in brackets.
func TestRelaysOfAddresses(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("t", 43)
	for host, want := range map[string]string{
		"192.0.2.1": "http://a.example/", "192.0.2.1:80": "http://a.example/",
		"[2001:db8::1]": "http://b.example/", "[2001:DB8::1]:80": "http://b.example/",
		"192.0.2.2": "", "[2001:db8::2]": "", "2001:db8::1": "", "[]": "", "[": "",
	} {
		e, relay := stage(t, challenge.Settings{Relays: []challenge.Relay{
			{Host: "192.0.2.1", To: "http://a.example/"}, {Host: "2001:db8::1", To: "http://b.example/"}}})
		e.Find(t.Context(), challenge.Question{Asked: token, Host: host})
		got := ""
		if len(relay.asked) > 0 {
			got = relay.asked[0]
		}
		if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
}
