package config_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

// TestHostsAreNoWildcards: a server is one host or one address, wherever it is named.
func TestHostsAreNoWildcards(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"[report]\nserver = \"*.example.org:25\"\n":                                           `wcme.toml:2:10: server "*.example.org:25"`,
		"[[relay]]\nhost = \"*.example.org\"\nto = \"http://a.example/\"\n":                   `"*.example.org" is no host but a wildcard`,
		"[[dns]]\nname = \"a\"\nserver = \"*.example.org\"\n":                                 `wcme.toml:3:10: name server "*.example.org"`,
		"[[dns]]\nname = \"a\"\nserver = \"a.example\"\nresolvers = [\"*.example.org:53\"]\n": `wcme.toml:4:14: name server "*.example.org:53"`,
		"[[dns]]\nname = \"a\"\nserver = \"a.example\"\nzone = \"*.example.org\"\n":           "is no zone",
		"[[dns]]\nname = \"a\"\nserver = \"a.example\"\nzone = \"192.0.2.1\"\n":               "is no zone",
		"[[dns]]\nname = \"a\"\nserver = \"a.example\"\nfor = [\"*.example.org\"]\n":          "is a wildcard",
		"[verify]\nprobe = [\"*.example.org\"]\n":                                             `"*.example.org"`,
	} {
		if _, err := config.Parse("wcme.toml", []byte(text)); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", text, err, says)
		}
	}
	for _, text := range []string{
		"[[relay]]\nhost = \"192.0.2.1\"\nto = \"http://a.example/\"\n", "[[relay]]\nhost = \"[2001:DB8::1]\"\nto = \"http://a.example/\"\n",
		"[[dns]]\nname = \"a\"\nserver = \"[2001:db8::53]:5353\"\n", "[report]\nserver = \"[2001:db8::25]:25\"\n",
	} {
		if _, err := config.Parse("wcme.toml", []byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestCertificatesAreNamedByNameOrID, wildcards and addresses too.
func TestCertificatesAreNamedByNameOrID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]acmecore.ID{
		"www.example.org": "www_example_org", "www_example_org": "www_example_org", "*.Example.org": "wildcard_example_org", "wildcard_example_org": "wildcard_example_org",
		"192.0.2.1": "192_0_2_1", "192_0_2_1": "192_0_2_1", "[2001:DB8::1]": "2001_db8__1", "2001_db8__1": "2001_db8__1", "::1": "0__1", "0__1": "0__1",
	} {
		var which config.Which
		if err := which.UnmarshalText([]byte(text)); err != nil || which.ID() != want {
			t.Errorf("%q: got %s, %v; want %s", text, which.ID(), err, want)
		}
	}
}
