package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

const (
	target = "[[install]]\nname = \"a\"\ndir = \"/etc/a\"\n"
	action = "[[load]]\nname = \"a\"\nrun = \"+\"\n"
)

// everything has each key of the stages once.
const everything = `
[renew]
at = "03:05"
jitter = "0s"
before = "1d12h"
orders = "5/90m"
failover = 2
limits = false

[[install]]
name = "nginx"
dir = "/etc/nginx/certificates/"
format = "split"
file = "wucme_c_{name}.pem"
key_file = "WUCME_K_{NAME}.PEM"
owner = "root:ssl-cert"
mode = "644"
key_mode = "0640"
links = false
certificates = ["www_example_org", "Mail.Example.org"]

[[install]]
name = "tomcat"
dir = "/srv/tomcat"
format = "pkcs12"
password_file = "etc/p12"

[[install]]
name = "none"
dir = "/srv/none"
format = "template"
template = "/etc/x.tmpl"
certificates = []

[[load]]
name = "servers"
run = "+"

[[load]]
name = "mail"
run = ["/usr/sbin/postfix", "reload \"now\""]
timeout = "90s"
user = "postfix"
install = ["nginx", "tomcat"]

[[load]]
name = "text"
run = """
a
b"""
install = []

[verify]
ports = ["443", "25/smtp", "587/smtp", "143/imap", "110/pop3", "993"]
probe = ["192.0.2.1", "[2001:DB8::1]:8443", "2001:db8::2", "127.0.0.1:2525/smtp"]
patience = "1m"

[report]
mail = ["system@example.org", "root", "www-data.2_x"]
from = "wcme@host"
server = "127.0.0.1:25"
tls = "none"
user = "w c me"
password_file = "etc/smtp"
sendmail = "/usr/lib/sendmail"
opcom = ["Daemon", "local7"]
webhooks = ["slack://hush@hush", "https://hush.example/hush"]
on = ["failed", "not served"]

[admin]
auth = "login"
view = ["*"]
operate = ["bob@EXAMPLE.ORG", "Grüße b"]
http = true
hosts = ["admin.example.org", "2001:db8::1"]
`

const everythingEffective = `
[renew]
at = '03:05'
jitter = '0s'
before = '1d12h'
orders = '5/1h30m'
failover = 2
limits = false

[[install]]
name = 'nginx'
dir = '/etc/nginx/certificates'
format = 'split'
file = 'wucme_c_{name}.pem'
key_file = 'WUCME_K_{NAME}.PEM'
owner = 'root:ssl-cert'
mode = '0644'
key_mode = '0640'
links = false
certificates = ['www_example_org', 'mail.example.org']

[[install]]
name = 'tomcat'
dir = '/srv/tomcat'
format = 'pkcs12'
password_file = 'etc/p12'

[[install]]
name = 'none'
dir = '/srv/none'
format = 'template'
template = '/etc/x.tmpl'
certificates = []

[[load]]
name = 'servers'
run = '+'
timeout = '1m'

[[load]]
name = 'mail'
run = ['/usr/sbin/postfix', 'reload "now"']
timeout = '1m30s'
user = 'postfix'
install = ['nginx', 'tomcat']

[[load]]
name = 'text'
run = "a\nb"
timeout = '1m'
install = []

[verify]
ports = ['443', '25/smtp', '587/smtp', '143/imap', '110/pop3', '993']
probe = ['192.0.2.1', '[2001:db8::1]:8443', '[2001:db8::2]', '127.0.0.1:2525/smtp']
patience = '1m'

[report]
mail = ['system@example.org', 'root', 'www-data.2_x']
from = 'wcme@host'
server = '127.0.0.1:25'
tls = 'none'
user = 'w c me'
password_file = 'etc/smtp'
sendmail = '/usr/lib/sendmail'
opcom = ['daemon', 'local7']
webhooks = ['slack://(hidden)', 'https://(hidden)']
on = ['failed', 'not served']

[admin]
auth = 'login'
view = ['*']
operate = ['bob@EXAMPLE.ORG', 'Grüße b']
admin = []
http = true
hosts = ['admin.example.org', '2001:db8::1']
`

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("wcme.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheEffectiveConfigurationShowsTheStagesNormalised(t *testing.T) {
	printed := effective(t, parse(t, everything))
	_, got, _ := strings.Cut(printed, "\n[renew]")
	if got = "\n[renew]" + got; got != everythingEffective {
		t.Errorf("got\n%s\nwant\n%s", got, everythingEffective)
	}
}

func TestWebhooksAreNeverPrinted(t *testing.T) {
	c := parse(t, everything)
	for _, text := range []string{effective(t, c), fmt.Sprintf("%v %+v %#v", c.Report, c.Report, c.Report)} {
		if strings.Contains(text, "hush") {
			t.Errorf("got %s", text)
		}
	}
	if got := c.Report.Webhooks[0].Reveal(); got != "slack://hush@hush" {
		t.Errorf("the URL itself: got %q", got)
	}
}

func TestTheStagesHaveDefaults(t *testing.T) {
	c := parse(t, target+action)
	got := fmt.Sprintln(c.Renew.At, c.Renew.Jitter, c.Renew.Before.Said(), c.Renew.Orders, c.Verify.Ports, c.Verify.Probe, c.Verify.Patience,
		c.Report.Mail, c.Report.Server, c.Report.TLS, c.Report.Sendmail, c.Report.Opcom, c.Report.Webhooks, c.Report.On,
		c.Install[0].Format, c.Install[0].Links == nil, c.Load[0].Timeout)
	const want = "00:20 10m false 300/3h [443] [] 30s [] starttls /usr/sbin/sendmail [daemon] [] " +
		"[renewed failed not served expiring recovered crashed] combined true 1m"
	if strings.Join(strings.Fields(got), " ") != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestACommandIsTheStandardLoadOrTextOrAProgram(t *testing.T) {
	loads := parse(t, everything).Load
	for i, want := range []string{`true "" []`, `false "" ["/usr/sbin/postfix" "reload \"now\""]`, `false "a\nb" []`} {
		run := loads[i].Run
		if got := fmt.Sprintf("%v %q %q", run.Standard(), run.Shell(), run.Args()); got != want {
			t.Errorf("%s: got %s, want %s", loads[i].Name, got, want)
		}
	}
	if got := loads[1].Run.String(); got != `['/usr/sbin/postfix', 'reload "now"']` {
		t.Errorf("in a message: got %s", got)
	}
}

func TestDurationsAreReadAndShown(t *testing.T) {
	for text, want := range map[string]time.Duration{"1h": time.Hour, "30d": 720 * time.Hour, "90m": 90 * time.Minute,
		"1d2h3m4s": 26*time.Hour + 3*time.Minute + 4*time.Second, "0s": 0, "": 0, "36h": 36 * time.Hour} {
		var d config.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.Duration != want || d.Said() != (text != "") {
			t.Errorf("%q: got %v, %v, %v", text, d.Duration, d.Said(), err)
		}
		var again config.Duration
		if err := again.UnmarshalText([]byte(d.String())); err != nil || again != d {
			t.Errorf("%q, shown as %q: got %v, %v", text, d, again.Duration, err)
		}
	}
	for _, text := range []string{"30", "d", "1x", "-1d", "1.5h", "1h1d", "1d1d", " 1d", "1d ", "99999999999999999999d", "999999999d", "1D", "+1d", "106751d24h"} {
		var d config.Duration
		if err := d.UnmarshalText([]byte(text)); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%q: got %v, %v, want a refusal", text, d.Duration, err)
		}
	}
}

func TestTargetsMayShareADirectory(t *testing.T) {
	for what, text := range map[string]string{
		"with different formats":      target + strings.Replace(target, `"a"`, `"b"`, 1) + "format = \"haproxy\"\n",
		"with different certificates": target + "certificates = [\"a.example\"]\n" + strings.Replace(target, `"a"`, `"b"`, 1) + "certificates = [\"b.example\"]\n",
		"with different files":        target + strings.Replace(target, `"a"`, `"b"`, 1) + "file = \"b_{name}\"\n",
	} {
		if _, err := config.Parse("wcme.toml", []byte(text)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestModesThatOpenNoKeyAreTaken(t *testing.T) {
	for what, text := range map[string]string{
		"a certificate alone, for all to read":       target + "format = \"split\"\nmode = \"0644\"\n",
		"a key for a group":                          target + "mode = \"0640\"\n",
		"a template, which may be without the key":   target + "format = \"template\"\ntemplate = \"etc/x\"\nmode = \"0644\"\n",
		"a password in the clear for this very host": "[report]\nserver = \"[::1]:25\"\ntls = \"none\"\nuser = \"a\"\npassword_file = \"a\"\n",
		"no password in the clear":                   "[report]\nserver = \"mail.example.org:25\"\ntls = \"none\"\n",
	} {
		if _, err := config.Parse("wcme.toml", []byte(text)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestFormatsHaveNamesOfTheirOwn(t *testing.T) {
	for format, want := range map[string]string{
		"combined": "fullchain_{name}.pem ", "split": "fullchain_{name}.pem key_{name}.pem", "haproxy": "{host}.pem ",
		"pkcs12\"\npassword_file = \"x": "{name}.p12 ", "der": "{name}.der {name}.key", "template\"\ntemplate = \"x": "{name}.pem ",
		"combined\"\nfile = \"x": "x ", "split\"\nkey_file = \"y": "fullchain_{name}.pem y",
	} {
		file, keyFile := parse(t, target+"format = \""+format+"\"\n").Install[0].Files()
		if got := file + " " + keyFile; got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}
