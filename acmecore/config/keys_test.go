package config_test

import (
	"fmt"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

func TestWhatIsSaidOfKeysMustFitTogether(t *testing.T) {
	for what, row := range map[string]struct{ text, says string }{
		"a request and a kind of key":   {"csr = 'etc/a.csr'\nkey = 'ec256'", "a.toml:3:1: `csr` has its own key"},
		"a request and the key before":  {"reuse_key = true\ncsr = 'etc/a.csr'", "a.toml:2:1: `csr` has the same key each time"},
		"a request and must-staple":     {"csr = 'etc/a.csr'\nmust_staple = true", "a.toml:3:1: `csr` says itself"},
		"a kind of key twice":           {"key = ['ec256', 'rsa2048', 'EC256']", "a.toml:2:1: ec256 is there twice"},
		"a kind of key that is none":    {"key = ['ec256', 'rsa1024']", `a.toml:2:`},
		"a way out of the state's tree": {"csr = '../a.csr'", "a.toml:2:7: file"},
	} {
		_, err := config.ParseCertificate("a.toml", []byte("names = ['a.example']\n"+row.text))
		if err == nil || !strings.HasPrefix(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %v, want %s", what, err, row.says)
		}
	}
	if _, err := config.Parse("wcme.toml", []byte("contact = []\nkey = ['rsa2048', 'rsa2048']\n")); err == nil || !strings.HasPrefix(err.Error(), "wcme.toml:2:1: rsa2048 is there twice") {
		t.Errorf("wcme.toml: got %v", err)
	}
	for text, says := range map[string]string{"key = []\n": "wcme.toml:1:1: the list is empty; leave it out for ec256", "ca = []\n": "wcme.toml:1:1: the list is empty; leave it out for letsencrypt"} {
		if _, err := config.Parse("wcme.toml", []byte(text)); err == nil || err.Error() != says || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %v, want %s", text, err, says)
		}
	}
	for _, text := range []string{"csr = 'etc/a.csr'\nreuse_key = false\nmust_staple = false\n", "key = ['ec256', 'ec384']\nreuse_key = true\nmust_staple = true\n"} {
		record(t, "names = ['a.example']\n"+text)
	}
}

// TestARequestTakesThePlaceOfWhatWasSaidOfKeys: it was asked for, and says all that itself.
func TestARequestTakesThePlaceOfWhatWasSaidOfKeys(t *testing.T) {
	before := record(t, "names = ['a.example']\nkey = ['ec256', 'rsa2048']\nreuse_key = true\nmust_staple = true\nchain = 'X'\n")
	after, err := before.With(config.Wishes{CSR: "etc/certificates/a_example.csr"})
	if err != nil {
		t.Fatal(err)
	}
	if err := after.CheckWishes(); err != nil {
		t.Error(err)
	}
	text := recordText(t, after)
	if strings.Contains(text, "key =") || strings.Contains(text, "must_staple = true") || !strings.Contains(text, "chain = 'X'") ||
		!strings.Contains(text, "csr = 'etc/certificates/a_example.csr'") {
		t.Errorf("got\n%s", text)
	}
	back, err := after.With(config.Wishes{Keys: []acmecore.KeyType{acmecore.EC256}})
	if err != nil {
		t.Fatal(err)
	}
	if err := back.CheckWishes(); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(acmecore.HintOf(err), "leave `csr` out") {
		t.Errorf("a kind of key for it: got %v", err)
	}
}

func TestATwinGoesWhereItsCertificateGoes(t *testing.T) {
	c, err := config.Parse("wcme.toml", []byte(`
key = ["ec256", "rsa2048"]
[[install]]
name = "all"
dir = "/a"
[[install]]
name = "shop"
dir = "/b"
certificates = ["shop.example"]
[[install]]
name = "old"
dir = "/c"
certificates = ["shop_example_rsa2048"]
[[install]]
name = "other"
dir = "/d"
certificates = ["other.example"]
`))
	if err != nil {
		t.Fatal(err)
	}
	base := record(t, "names = ['shop.example']\ninstall = ['all', 'shop', 'old', 'other']\n")
	names := func(targets []config.Install) (list []string) {
		for _, target := range targets {
			list = append(list, target.Name.String())
		}
		return list
	}
	if got := fmt.Sprint(c.KeysFor(base), names(c.TargetsFor("shop_example", base))); got != "[ec256 rsa2048] [all shop]" {
		t.Errorf("got %s", got)
	}
	twin := base.Twin("shop_example", acmecore.RSA2048)
	if got := fmt.Sprint(c.KeysFor(twin), names(c.TargetsFor("shop_example_rsa2048", twin)), twin.Beside()); got != "[rsa2048] [all shop old]shop_example" {
		t.Errorf("its twin: got %s", got)
	}
	if got := fmt.Sprint(c.KeysFor(base), base.Beside()); got != "[ec256 rsa2048]" {
		t.Errorf("the record itself was changed: got %s", got)
	}
	elsewhere := record(t, "names = ['shop.example']\ncsr = 'etc/a.csr'\n")
	if got := fmt.Sprint(c.KeysFor(elsewhere)); got != "[ec256]" {
		t.Errorf("of a request: got %s, want one", got)
	}
}

func TestWhatNoRecordCanSay(t *testing.T) {
	for text, says := range map[string]string{
		"validity = '1s'":          "a.toml:2:1: 1s is not from 1h to 3650d",
		"validity = '20000d'":      "a.toml:2:1: 20000d is not from 1h to 3650d",
		"chain = \"a\\u001b[31m\"": "a.toml:2:1: issuer ",
	} {
		_, err := config.ParseCertificate("a.toml", []byte("names = ['a.example']\n"+text+"\n"))
		if err == nil || !strings.HasPrefix(err.Error(), says) || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %v, want %s", text, err, says)
		}
	}
}
