package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

const relayOfA = "[[relay]]\nhost = \"a.example\"\nto = \"http://192.0.2.1/x/\"\n"

func TestErrorsOfChallengesPointAtTheirPlace(t *testing.T) {
	for _, row := range []struct{ what, text, says string }{
		{"a port alone", "[challenge]\nlisten = \"80\"\n", `wcme.toml:2:10: address "80": is not HOST:PORT`},
		{"port zero", "[challenge]\nlisten = \":0\"\n", `wcme.toml:2:10: address ":0": is not HOST:PORT`},
		{"a port that is none", "[challenge]\nlisten = \":65536\"\n", `wcme.toml:2:10: address ":65536": is not HOST:PORT`},
		{"an address of IPv6 without brackets", "[challenge]\nlisten = \"2001:db8::1:80\"\n", `wcme.toml:2:10: address "2001:db8::1:80"`},
		{"the second of two", "[challenge]\nlisten = \":80,x\"\n", `wcme.toml:2:10: address "x": is not HOST:PORT`},
		{"a comma at the end", "[challenge]\nlisten = \":80,\"\n", `wcme.toml:2:10: address "": is not HOST:PORT`},
		{"a number", "[challenge]\nlisten = 80\n", "wcme.toml:2:10: integer given where string is wanted"},
		{"a number for a kind of key", "key = 5\n", "wcme.toml:1:7: integer given where string or list is wanted"},
		{"a number in a list of addresses", "contact = [\"a@b.example\",\n  5]\n", "wcme.toml:2:3: integer given where string is wanted"},
		{"a boolean for a proxy", "proxy = true\n", "wcme.toml:1:9: boolean given where string is wanted"},
		{"a number in a table of its own", relayOfA + "[[relay]]\nhost = 1.5\n", "wcme.toml:5:8: float given where string is wanted"},
		{"another time", "[challenge]\nwhen = \"never\"\n", `wcme.toml:2:8: when "never": is neither "pending" nor "always"`},
		{"no time", "[challenge]\nwhen = \"\"\n", `wcme.toml:2:8: when "": is neither "pending" nor "always"`},
		{"a word for a boolean", "[challenge]\nredirect = \"yes\"\n", "wcme.toml:2:12: string given where boolean is wanted"},
		{"a relative webroot", "[challenge]\nwebroot = [\"www\"]\n", `wcme.toml:2:12: directory "www": is no absolute path`},
		{"an empty webroot", "[challenge]\nwebroot = [\"/srv\", \"\"]\n", `wcme.toml:2:20: directory "": is no absolute path`},
		{"a webroot that is no list", "[challenge]\nwebroot = \"/srv\"\n", "wcme.toml:2:11: string given where list is wanted"},
		{"a relative fallback", "[challenge]\nfallback = [\n  \"/srv\",\n  \"../www\",\n]\n", `wcme.toml:4:3: directory "../www": is no absolute path`},
		{"a fallback with a line end", "[challenge]\nfallback = [\"/a\\nb\"]\n", `wcme.toml:2:13: directory "/a b": is no absolute path`},
		{"a misspelt key", "[challenge]\nfallbck = []\n", `wcme.toml:2:1: there is no key "challenge.fallbck"`},
		{"a proxy without a scheme", "proxy = \"proxy.example:8080\"\n", `wcme.toml:1:9: proxy "proxy.example:8080": is no URL of a proxy`},
		{"a proxy of another kind", "proxy = \"socks5://proxy.example\"\n", `wcme.toml:1:9: proxy "socks5://proxy.example": is no URL of a proxy`},
		{"a proxy with a path", "proxy = \"http://proxy.example/x\"\n", `wcme.toml:1:9: proxy "http://proxy.example/x"`},
		{"a proxy without a host", "proxy = \"http://:8080\"\n", `wcme.toml:1:9: proxy "http://:8080"`},
		{"a proxy for one CA", "[authority.x]\ndirectory = \"https://x/\"\nproxy = \"ftp://p/\"\n", `wcme.toml:3:9: proxy "ftp://p/"`},
		{"a proxy's password is not shown", "proxy = \"socks5://user:hush@proxy.example\"\n", `proxy "socks5://user:(hidden)@proxy.example"`},
		{"a relay without a host", "# one\n[[relay]]\nto = \"http://192.0.2.1/x/\"\n", "wcme.toml:2:3: a relay needs its host"},
		{"a relay that leads nowhere", "[[relay]]\nhost = \"a.example\"\n", "wcme.toml:1:3: the relay for a.example needs the URL that it leads `to`"},
		{"an empty relay after another", relayOfA + "[[relay]]\n", "wcme.toml:4:3: a relay needs its host"},
		{"a host twice", relayOfA + strings.Replace(relayOfA, "a.example", "A.Example.", 1), "wcme.toml:4:3: a.example has a relay already"},
		{"a wildcard", "[[relay]]\nhost = \"*.example.org\"\n", `wcme.toml:1:3: "*.example.org" is no host but a wildcard`},
		{"a host that is none", "[[relay]]\nhost = \"a b\"\n", `wcme.toml:2:8: host name "a b"`},
		{"an address with a prefix for a host", "[[relay]]\nhost = \"192.0.2.0/24\"\n", `wcme.toml:2:8: host name "192.0.2.0/24"`},
		{"a host with a port", "[[relay]]\nhost = \"a.example:80\"\n", `wcme.toml:2:8: host name "a.example:80"`},
		{"a path for a URL", "[[relay]]\nhost = \"a.example\"\nto = \"/x/\"\n", `wcme.toml:3:6: target "/x/": is no http or https URL`},
		{"another scheme", "[[relay]]\nhost = \"a.example\"\nto = \"ftp://b/\"\n", `wcme.toml:3:6: target "ftp://b/"`},
		{"a URL with a query", "[[relay]]\nhost = \"a.example\"\nto = \"http://b/?x=\"\n", `wcme.toml:3:6: target "http://b/?x="`},
		{"a URL with a fragment", "[[relay]]\nhost = \"a.example\"\nto = \"http://b/#x\"\n", `wcme.toml:3:6: target "http://b/#x"`},
		{"a URL without a host", "[[relay]]\nhost = \"a.example\"\nto = \"http:///x/\"\n", `wcme.toml:3:6: target "http:///x/"`},
		{"a URL with a user", "[[relay]]\nhost = \"a.example\"\nto = \"http://u:p@b/\"\n", `wcme.toml:3:6: target "http://u:(hidden)@b/"`},
		{"a table for relays", "[relay]\nhost = \"a.example\"\n", "wcme.toml:1:"},
		{"a misspelt key of a relay", "[[relay]]\nhots = \"a.example\"\n", `wcme.toml:2:1: there is no key "relay.hots"`},
	} {
		_, err := config.Parse("wcme.toml", []byte(row.text))
		if err == nil {
			t.Errorf("%s: no error", row.what)
			continue
		}
		if !strings.Contains(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %q, kind %s; want %q, invalid", row.what, err, acmecore.KindOf(err), row.says)
		}
		if strings.Contains(err.Error(), "hush") || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%s: the error shows what it must not: %q", row.what, err)
		}
	}
}

func TestChallengeAndRelayAreNormalised(t *testing.T) {
	c, err := config.Parse("wcme.toml", []byte(`
proxy = "http://proxy.example.org:8080/"
[challenge]
listen = " :80, [2001:db8::1]:8080 "
when = "always"
webroot = ["/srv/www/", "/srv/../srv/b"]
fallback = ["/srv/fallback/."]
[[relay]]
host = " Intranet.Example.org. "
to = "http://192.0.2.1:8080/x"
[[relay]]
host = "bücher.example"
to = "https://[2001:db8::1]/x//"
[authority.direct]
directory = "https://ca.example/"
proxy = "none"
[authority.same]
directory = "https://ca.example/"
`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Challenge.Listen.Addresses(), []string{":80", "[2001:db8::1]:8080"}; !slices.Equal(got, want) {
		t.Errorf("listen: got %q, want %q", got, want)
	}
	if c.Challenge.When != config.WhenAlways {
		t.Errorf("when: got %v", c.Challenge.When)
	}
	got := fmt.Sprint(c.Challenge.Webroot, c.Challenge.Fallback, c.Relay)
	const want = "[/srv/www /srv/b] [/srv/fallback] " +
		"[{{intranet.example.org} http://192.0.2.1:8080/x/} {{xn--bcher-kva.example} https://[2001:db8::1]/x/}]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if proxy := c.ProxyFor(c.Authority["same"]); proxy.URL() == nil || proxy.URL().Host != "proxy.example.org:8080" {
		t.Errorf("the general proxy: got %v", proxy)
	}
	if proxy := c.ProxyFor(c.Authority["direct"]); proxy.URL() != nil || proxy.IsZero() {
		t.Errorf("none for one CA: got %v", proxy)
	}
}

func TestAnEmptyConfigurationListensNowhereAndRelaysNothing(t *testing.T) {
	c, err := config.Parse("wcme.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Challenge.Listen.Addresses()) != 0 || c.Challenge.When != config.WhenPending || c.Challenge.Redirect ||
		len(c.Challenge.Webroot) != 0 || len(c.Challenge.Fallback) != 0 || len(c.Relay) != 0 || !c.Proxy.IsZero() {
		t.Errorf("got %+v", c)
	}
}
