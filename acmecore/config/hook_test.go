package config_test

import (
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

// hook is a hook that lacks nothing.
const hook = "[[hook]]\nname = \"a\"\nrun = \"/usr/local/bin/a\"\nprotocol = \"uacme\"\n"

func TestHookSaysEverything(t *testing.T) {
	c := parse(t, `
[[hook]]
name = "provider"
for = ["example.org", "example.test"]
run = ["/usr/share/uacme/uacme.sh", "x y"]
protocol = "uacme"
methods = ["dns-01", "http-01"]
env = { TOKEN = "hush" }
env_file = "etc/provider.env"
timeout = "30s"
user = "nobody"
patience = "1m"
check = false
settle = "5s"
resolvers = ["192.0.2.1"]
`)
	h := c.Hook[0]
	if got := strings.Join(h.Args(), "|"); got != "/usr/share/uacme/uacme.sh|x y" || h.Protocol != config.ProtocolUACME || h.Timeout.Duration != 30*time.Second || h.Looks() {
		t.Errorf("got %q and %+v", got, h)
	}
	if !h.Answers(acmecore.DNS01) || !h.Answers(acmecore.HTTP01) || h.Answers(acmecore.TLSALPN01) {
		t.Errorf("it answers %v", h.Methods)
	}
	text, err := c.Effective()
	if err != nil || strings.Contains(string(text), "hush") || !strings.Contains(string(text), "TOKEN = '(hidden)'") {
		t.Errorf("got %v and\n%s", err, text)
	}
	if h := parse(t, hook).Hook[0]; h.Timeout.Duration != 2*time.Minute || h.Patience.Duration != 2*time.Minute || !h.Looks() || !h.Answers(acmecore.DNS01) || h.Answers(acmecore.HTTP01) {
		t.Errorf("the defaults are %+v", h)
	}
}

func TestErrorsOfHooksPointAtTheirPlace(t *testing.T) {
	other := strings.Replace(hook, `"a"`, `"b"`, 1)
	lego := strings.Replace(hook, "uacme", "lego", 1)
	for _, row := range []struct{ what, text, says, hint string }{
		{"no name", "[[hook]]\nrun = \"/a\"\nprotocol = \"lego\"\n", "wcme.toml:1:3: a hook needs its name", ""},
		{"no protocol", "[[hook]]\nname = \"a\"\nrun = \"/a\"\n", "wcme.toml:1:3: hook a needs its protocol", ""},
		{"a protocol that is none", "[[hook]]\nname = \"a\"\nrun = \"/a\"\nprotocol = \"uacmé\"\n", `wcme.toml:4:12: protocol "uacmé": is none of uacme, dehydrated, lego, acme.sh`, `did you mean "uacme"?`},
		{"nothing to run", "[[hook]]\nname = \"a\"\nprotocol = \"lego\"\n", "wcme.toml:1:3: hook a needs the program that it runs", ""},
		{"an empty list to run", "[[hook]]\nname = \"a\"\nrun = []\nprotocol = \"lego\"\n", "wcme.toml:3:1: the list is empty; it begins with a program", ""},
		{"the standard load", strings.Replace(hook, "/usr/local/bin/a", "+", 1), `wcme.toml:3:1: "+" goes with [[load]]`, ""},
		{"a relative path", strings.Replace(hook, "/usr/local/bin/a", "a", 1), `wcme.toml:3:1: program "a": is no absolute path`, ""},
		{"a relative path in a list", strings.Replace(hook, `"/usr/local/bin/a"`, `["a", "b"]`, 1), `wcme.toml:3:1: program "a": is no absolute path`, ""},
		{"a text for a shell", strings.Replace(hook, "/usr/local/bin/a", "/usr/local/bin/a --x", 1), `wcme.toml:3:1: program "/usr/local/bin/a --x": has white space in it`, "give a list"},
		{"arguments for acme.sh", "[[hook]]\nname = \"a\"\nrun = [\"/dns_a.sh\", \"b\"]\nprotocol = \"acme.sh\"\n", "wcme.toml:3:1: a script of acme.sh's dnsapi takes no arguments", ""},
		{"lego and http-01", lego + "methods = \"http-01\"\n", `wcme.toml:5:1: a hook of the protocol "lego" cannot answer http-01`, ""},
		{"dehydrated and tls-alpn-01", strings.Replace(hook, "uacme", "dehydrated", 1) + "methods = [\"http-01\", \"tls-alpn-01\"]\n", `wcme.toml:5:1: a hook of the protocol "dehydrated" cannot answer tls-alpn-01`, ""},
		{"a method twice", hook + "methods = [\"dns-01\", \"dns-01\"]\n", "wcme.toml:5:1: dns-01 is there twice", ""},
		{"no method", hook + "methods = []\n", "wcme.toml:5:1: the list is empty; leave it out for dns-01", ""},
		{"a method that is none", hook + "methods = \"dns\"\n", `wcme.toml:5:11: challenge "dns": is none of`, ""},
		{"for no name", hook + "for = []\n", "wcme.toml:5:1: the list is empty; leave it out for all names", ""},
		{"for a wildcard", hook + "for = [\"*.example.org\"]\n", "wcme.toml:5:1: *.example.org is a wildcard; example.org is for itself", ""},
		{"for a name twice", hook + "for = [\"example.org\", \"example.org\"]\n", "wcme.toml:5:1: example.org is there twice", ""},
		{"for an address by dns-01", hook + "for = [\"192.0.2.1\"]\n", "wcme.toml:5:1: 192.0.2.1 is an address, which cannot be proved by dns-01", ""},
		{"a variable of ours", hook + "env = { WCME_RUN = \"x\" }\n", `wcme.toml:5:1: variable "WCME_RUN": is not for you to set`, "let a script of your own"},
		{"a variable that is none", hook + "env = { \"a-b\" = \"x\" }\n", `wcme.toml:5:1: variable "a-b": is no name`, ""},
		{"a value with a NUL", hook + "env = { A = \"x\\u0000hush\" }\n", "wcme.toml:5:1: the value of A has a byte of value 0", ""},
		{"a number for a value", hook + "env = { A = 1 }\n", "wcme.toml:5:13: integer given where string is wanted", ""},
		{"too little time", hook + "timeout = \"0s\"\n", "wcme.toml:5:1: 0s is not from 1s to 1h", ""},
		{"too much patience", hook + "patience = \"2h\"\n", "wcme.toml:5:1: 2h is not from 1s to 1h", ""},
		{"a check without dns-01", hook + "methods = \"http-01\"\ncheck = false\n", `wcme.toml:6:1: it goes with methods = "dns-01"`, ""},
		{"patience without dns-01", hook + "methods = \"http-01\"\npatience = \"1m\"\n", `wcme.toml:6:1: it goes with methods = "dns-01"`, ""},
		{"two of one name", hook + hook, "wcme.toml:6:1: there is a hook a already", ""},
		{"two for all names", hook + other, "wcme.toml:5:3: hook a answers dns-01 for all names already", ""},
		{"two for one domain", hook + "for = [\"b.org\", \"a.org\"]\n" + other + "for = [\"a.org\"]\n", "wcme.toml:10:1: hook a answers dns-01 for a.org already", ""},
		{"a misspelt key", hook + "protcol = \"x\"\n", `wcme.toml:5:1: there is no key "hook.protcol"`, `did you mean "protocol"?`},
	} {
		t.Run(row.what, func(t *testing.T) {
			_, err := config.Parse("wcme.toml", []byte(row.text))
			if err == nil || !strings.HasPrefix(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid {
				t.Fatalf("got %v, want %q", err, row.says)
			}
			if strings.Contains(err.Error()+acmecore.HintOf(err), "hush") || !strings.HasPrefix(acmecore.HintOf(err), row.hint) {
				t.Errorf("got the error %v and the hint %q, want %q", err, acmecore.HintOf(err), row.hint)
			}
		})
	}
}

func TestHookForTheLongestDomain(t *testing.T) {
	const provider = "run = \"/bin/true\"\nprotocol = \"uacme\"\nmethods = [\"dns-01\", \"http-01\"]\n"
	c := parse(t, "[[hook]]\nname = \"all\"\n"+provider+
		"[[hook]]\nname = \"org\"\nfor = [\"example.org\", \"192.0.2.1\"]\n"+provider+
		"[[hook]]\nname = \"sub\"\nfor = [\"a.b.example.org\"]\n"+provider+
		"[[dns]]\nname = \"home\"\nfor = [\"b.example.org\"]\nserver = \"192.0.2.53\"\n"+
		"[[dns]]\nname = \"same\"\nfor = [\"example.org\"]\nserver = \"192.0.2.53\"\n")
	for _, row := range []struct {
		name   acmecore.Name
		method acmecore.Method
		want   string // "" for none
	}{
		{"example.test", acmecore.DNS01, "all"},
		{"example.org", acmecore.DNS01, "org"},
		{"www.example.org", acmecore.DNS01, "org"},
		{"*.example.org", acmecore.DNS01, "org"},
		{"notexample.org", acmecore.DNS01, "all"},
		{"b.example.org", acmecore.DNS01, ""},
		{"x.b.example.org", acmecore.DNS01, ""},
		{"x.b.example.org", acmecore.HTTP01, "org"},
		{"a.b.example.org", acmecore.DNS01, "sub"},
		{"*.a.b.example.org", acmecore.DNS01, "sub"},
		{"192.0.2.1", acmecore.HTTP01, "org"},
		{"192.0.2.11", acmecore.HTTP01, "all"},
		{"example.org", acmecore.TLSALPN01, ""},
	} {
		found, is := c.HookFor(row.method, row.name)
		if found.Name.String() != row.want || is != (row.want != "") {
			t.Errorf("%s by %s: got %q (%v), want %q", row.name, row.method, found.Name, is, row.want)
		}
	}
}
