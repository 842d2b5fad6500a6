package config_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

// FuzzParse also proves that what `wcme config` prints is a configuration that says
// the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{withSecret, "ca = 1", "[authority.x]\n", "[[authority]]", "script.user = 'x'",
		"authority = {x = {directory = 'https://x/'}}", "\x00", everything, "install = [{name='a', dir='/', mode=5}]",
		"[[load]]\nname='a'\nrun=[['a']]", "[[load]]\nrun={a=1}", "[contact]", "\"\" = 1", "Authority = {}", "[renew]\nat=00:20:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("wcme.toml", []byte(text))
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v", c, err)
		}
		if err != nil {
			refusedWell(t, err)
			return
		}
		printed := effective(t, c)
		again, err := config.Parse("wcme.toml", []byte(printed))
		if strings.Contains(printed, "(hidden)") {
			return // which is no secret
		}
		if err != nil {
			t.Fatalf("%v, of what was printed:\n%s", err, printed)
		}
		if got := effective(t, again); got != printed {
			t.Errorf("got\n%s\nwant\n%s", got, printed)
		}
	})
}

func refusedWell(t *testing.T, err error) {
	t.Helper()
	if acmecore.KindOf(err) != acmecore.Invalid || strings.ContainsAny(err.Error(), "\n\x00\x1b") {
		t.Errorf("got %q, want an inert error of kind invalid", err)
	}
	if strings.Contains(err.Error(), "config.") {
		t.Errorf("got %q, which names types of Go", err)
	}
}

func effective(t *testing.T, c *config.Config) string {
	t.Helper()
	text, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func FuzzParseCertificate(f *testing.F) {
	for _, seed := range []string{"names = ['a.example']", "names = ['a.example']\ninstall = []\nbefore = ''", "\"\" = 1", recordOfEverything} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		record, err := config.ParseCertificate("a.toml", []byte(text))
		if err != nil {
			refusedWell(t, err)
			return
		}
		printed := recordText(t, record)
		again, err := config.ParseCertificate("a.toml", []byte(printed))
		if err != nil {
			t.Fatalf("%v, of what was printed:\n%s", err, printed)
		}
		if got := recordText(t, again); got != printed {
			t.Errorf("got\n%s\nwant\n%s", got, printed)
		}
	})
}

func FuzzOverride(f *testing.F) {
	f.Add("/etc/ssl, /srv", "+,systemctl reload x", "a@example.org", "daemon,local0")
	f.Add(",", "\x00", "-f@example.org", "none,daemon")
	f.Fuzz(func(t *testing.T, cert, load, mail, opcom string) {
		c := parse(t, everything)
		environment := map[string]string{"WCME_CERT": cert, "WCME_LOAD": load, "WCME_MAIL": mail, "WCME_OPCOM": opcom}
		if err := c.Override(func(name string) string { return environment[name] }); err != nil {
			refusedWell(t, err)
			return
		}
		effective(t, c)
	})
}
