package config_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

const (
	dnsUpdates = "[[dns]]\nname = \"home\"\nserver = \"192.0.2.53\"\n"
	dnsPosts   = "[[dns]]\nname = \"auth\"\nacme_dns = \"https://auth.example.org\"\nacme_dns_accounts = \"etc/a.json\"\n"
	tsigKey    = "tsig_key = \"MTIzNDU2Nzg5MDEyMzQ1Ng==\"\n"
)

func TestErrorsOfDNSPointAtTheirPlace(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ what, text, says string }{
		{"without a name", "[[dns]]\nserver = \"192.0.2.53\"\n", "wcme.toml:1:3: a [[dns]] needs its name"},
		{"without a way", "[[dns]]\nname = \"home\"\n", "wcme.toml:2:1: dns home needs its server, or its acme_dns"},
		{"with two ways", dnsUpdates + "acme_dns = \"https://a.example.org\"\n", "wcme.toml:4:1: it takes the place of server"},
		{"a server that is none", "[[dns]]\nname = \"home\"\nserver = \"a b\"\n", `wcme.toml:3:10: name server "a b"`},
		{"an address for a domain", dnsUpdates + "for = [\"192.0.2.1\"]\n", "wcme.toml:4:1: 192.0.2.1 is an address"},
		{"a wildcard for a domain", dnsUpdates + "for = [\"*.example.org\"]\n", "wcme.toml:4:1: *.example.org is a wildcard"},
		{"a domain twice", dnsUpdates + "for = [\"example.org\", \"Example.org.\"]\n", "wcme.toml:4:1: example.org is there twice"},
		{"for no domain", dnsUpdates + "for = []\n", "wcme.toml:4:1: the list is empty"},
		{"a wildcard for a zone", dnsUpdates + "zone = \"*.example.org\"\n", "wcme.toml:4:1: *.example.org is no zone"},
		{"the second of a name", dnsUpdates + dnsUpdates + "for = [\"example.org\"]\n", "wcme.toml:5:1: there is a dns home already"},
		{"two for all names", dnsUpdates + dnsPosts, "wcme.toml:4:3: dns home is for all names already"},
		{"two for one domain", dnsUpdates + "for = [\"a.example\", \"b.example\"]\n" + dnsPosts + "for = [\"b.example\"]\n", "wcme.toml:9:1: dns home is for b.example already"},
		{"a name of a key alone", dnsUpdates + "tsig_name = \"wcme\"\n", "wcme.toml:4:1: it goes together with tsig_key or tsig_key_file"},
		{"a key without its name", dnsUpdates + tsigKey, "wcme.toml:4:1: it goes together with tsig_name"},
		{"an algorithm alone", dnsUpdates + "tsig_algorithm = \"hmac-sha512\"\n", "wcme.toml:4:1: it goes together with tsig_key"},
		{"an algorithm that is none", dnsUpdates + "tsig_algorithm = \"hmac-md5\"\n", `wcme.toml:4:18: tsig_algorithm "hmac-md5": is none of hmac-sha256, hmac-sha384`},
		{"two keys", dnsUpdates + "tsig_name = \"wcme\"\n" + tsigKey + "tsig_key_file = \"etc/tsig.key\"\n", "wcme.toml:6:1: it takes the place of tsig_key"},
		{"a key that is not base64", dnsUpdates + "tsig_name = \"wcme\"\ntsig_key = \"geheim!\"\n", "wcme.toml:5:1: it is not base64"},
		{"a key of an odd name", dnsUpdates + "tsig_name = \"w cme\"\n" + tsigKey, `wcme.toml:4:1: tsig_name "w cme"`},
		{"a key for an acme-dns", dnsPosts + "tsig_name = \"wcme\"\n" + tsigKey, "wcme.toml:5:1: it goes together with server"},
		{"accounts for a server", dnsUpdates + "acme_dns_accounts = \"a.json\"\n", "wcme.toml:4:1: it goes together with acme_dns"},
		{"an acme-dns without accounts", "[[dns]]\nname = \"auth\"\nacme_dns = \"https://auth.example.org\"\n", "wcme.toml:3:1: it goes together with acme_dns_accounts"},
		{"an acme-dns in the clear", "[[dns]]\nname = \"auth\"\nacme_dns = \"http://auth.example.org\"\n", `wcme.toml:3:12: URL "http://auth.example.org": is no https URL`},
		{"too little patience", dnsUpdates + "patience = \"0s\"\n", "wcme.toml:4:1: 0s is not from 1s to 1h"},
		{"too long a settle", dnsUpdates + "settle = \"61m\"\n", "wcme.toml:4:1: 1h1m is not from 0s to 1h"},
		{"no resolver", dnsUpdates + "resolvers = []\n", "wcme.toml:4:1: the list is empty"},
		{"a resolver by its name", dnsUpdates + "resolvers = [\"resolver.example.org\"]\n", `wcme.toml:4:1: name server "resolver.example.org:53": is no IP address`},
		{"a key that is misspelt", dnsUpdates + "tsig_nam = \"a\"\n", `wcme.toml:4:1: there is no key "dns.tsig_nam"`},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("wcme.toml", []byte(row.text))
			if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}

func TestDNSThatIsRight(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("wcme.toml", []byte(dnsUpdates+"tsig_name = \"wcme.example.org\"\n"+tsigKey+"resolvers = [\"192.0.2.1\", \"[2001:db8::1]:5353\", \"2001:db8::2\"]\nfor = [\"example.org\"]\n"+
		"[[dns]]\nname = \"file\"\nserver = \"ns1.example.net:5353\"\ntsig_key_file = \"tsig\"\nfor = [\"a.example.org\"]\ncheck = false\n"+dnsPosts))
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Effective()
	if err != nil || strings.Contains(string(text), "MTIzNDU2") || strings.Count(string(text), "(hidden)") != 1 {
		t.Errorf("got %v, %s", err, text)
	}
	home, file := c.DNS[0], c.DNS[1]
	if got := config.Texts(home.Resolvers); strings.Join(got, " ") != "192.0.2.1:53 [2001:db8::1]:5353 [2001:db8::2]:53" {
		t.Errorf("resolvers: %q", got)
	}
	if home.TSIGAlgorithm.String() != "hmac-sha256" || file.TSIGAlgorithm.String() != "" || home.Patience.String() != "2m" || !home.Looks() || file.Looks() {
		t.Errorf("got %+v, %+v", home, file)
	}
	for name, want := range map[acmecore.Name]string{"example.org": "home", "*.example.org": "home", "b.example.org": "home", "a.example.org": "file", "*.a.example.org": "file",
		"x.a.example.org": "file", "ba.example.org": "home", "example.net": "auth"} {
		if got, found := c.DNSFor(name); !found || got.Name.String() != want {
			t.Errorf("%s: got %s, want %s", name, got.Name, want)
		}
	}
}

func TestNoDNSIsForTheName(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("wcme.toml", []byte(dnsUpdates+"for = [\"example.org\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, found := c.DNSFor("notexample.org"); found {
		t.Errorf("got %s", got.Name)
	}
}
