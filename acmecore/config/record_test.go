package config_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

const recordOfEverything = `names = ['a.example', 'b.example']
ca = 'letsencrypt'
key = 'rsa2048'
profile = 'tlsserver'
install = ['nginx']
load = []
ports = ['25/smtp', '993']
probe = []
before = ''
`

func recordText(t *testing.T, record *config.Certificate) string {
	t.Helper()
	text, err := record.Text()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An absent list and an empty one say different things.
func TestARecordsTextSaysWhatItsFileSaid(t *testing.T) {
	for _, text := range []string{recordOfEverything, "names = ['a.example']\n", "names = ['a.example']\ninstall = []\nbefore = '20d'\n"} {
		_, got, _ := strings.Cut(recordText(t, record(t, text)), "\n")
		if got != text {
			t.Errorf("got\n%s\nwant\n%s", got, text)
		}
	}
}

func TestWithKeepsWhatItIsNotGiven(t *testing.T) {
	before := record(t, recordOfEverything)
	changed, err := before.With(config.Wishes{Names: []acmecore.Name{"c.example"}, Keys: []acmecore.KeyType{acmecore.EC256}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `names = ['c.example']
ca = 'letsencrypt'
key = 'ec256'
profile = 'tlsserver'
install = ['nginx']
load = []
ports = ['25/smtp', '993']
probe = []
before = ''
`
	if _, got, _ := strings.Cut(recordText(t, changed), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, got, _ := strings.Cut(recordText(t, before), "\n"); got != recordOfEverything {
		t.Errorf("the record itself was changed:\n%s", got)
	}
}

func TestErrorsOfARecordPointAtTheirPlace(t *testing.T) {
	for what, row := range map[string]struct{ text, says string }{
		"a target's name that is none": {"install = ['A']", `a.toml:2:12: name "A"`},
		"a text for a list":            {"load = 'x'", "a.toml:2:8: string given where list is wanted"},
		"a port that is none":          {"ports = ['x']", `a.toml:2:10: port "x"`},
		"a number for a port":          {"ports = [25]", "a.toml:2:10: integer given where string is wanted"},
		"an address that is none":      {"probe = ['x']", `a.toml:2:10: address "x"`},
		"too long a margin":            {"before = '2d'\n[a", "a.toml:3:"},
		"too short a margin":           {"before = '1m'", "a.toml:2:1: 1m is not from 1h to 365d"},
		"a number for a margin":        {"before = 20", "a.toml:2:10: integer given where string is wanted"},
		"a misspelt key":               {"instal = []", `a.toml:2:1: there is no key "instal"`},
	} {
		_, err := config.ParseCertificate("a.toml", []byte("names = ['a.example']\n"+row.text))
		if err == nil || !strings.HasPrefix(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %v, want %s", what, err, row.says)
		}
	}
}

// TestPlacesOfARecord: nil leaves what is there, an empty list is none, and what can be
// no name is refused.
func TestPlacesOfARecord(t *testing.T) {
	before := record(t, recordOfEverything)
	for _, row := range []struct {
		install, load []string
		want          string
	}{
		{nil, nil, "install = ['nginx']\nload = []\n"},
		{[]string{}, []string{"servers", "mail"}, "install = []\nload = ['servers', 'mail']\n"},
	} {
		changed, err := before.With(config.Wishes{Install: row.install, Load: row.load})
		if err != nil {
			t.Fatal(err)
		}
		if got := recordText(t, changed); !strings.Contains(got, row.want) {
			t.Errorf("%q, %q: got\n%s\nwant\n%s", row.install, row.load, got, row.want)
		}
	}
	for _, text := range []string{"", "../../etc/cron.d/x", "x; id", "-x", "Upper", strings.Repeat("a", 65)} {
		if _, err := before.With(config.Wishes{Install: []string{text}}); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("target %q: got %v, want invalid", text, err)
		}
		if _, err := before.With(config.Wishes{Load: []string{text}}); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("load action %q: got %v, want invalid", text, err)
		}
	}
	if got := recordText(t, before); !strings.Contains(got, "install = ['nginx']") {
		t.Errorf("the record before: got\n%s", got)
	}
}
