package manager_test

import (
	"bytes"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/manager"
)

const withRelay = `
[challenge]
fallback = ["/srv/www/.well-known/acme-challenge/", "/srv/other"]

[[relay]]
host = "Intranet.Example.org."
to = "http://192.0.2.86/cgi-bin/wcme/.well-known/acme-challenge"

[[relay]]
host = "mail.example.org"
to = "https://192.0.2.87:8443/"
`

// wantSettings compares what the script reads.
func (s *setting) wantSettings(want challenge.Settings) {
	s.Helper()
	got, err := challenge.Directory(s.root.Challenges()).Settings()
	if err != nil || !reflect.DeepEqual(got, want) {
		s.Errorf("the script reads %+v, %v; want %+v", got, err, want)
	}
}

func relaySettings() challenge.Settings {
	return challenge.Settings{
		Fallback: []string{"/srv/www/.well-known/acme-challenge", "/srv/other"},
		Relays: []challenge.Relay{
			{Host: "intranet.example.org", To: "http://192.0.2.86/cgi-bin/wcme/.well-known/acme-challenge/"},
			{Host: "mail.example.org", To: "https://192.0.2.87:8443/"},
		},
	}
}

func TestRecoverPublishesTheScriptsSettings(t *testing.T) {
	t.Parallel()
	s := newSetting(t, withRelay)
	s.unrecovered() // a reader, which has no lock, changes nothing
	s.gone("www", ".wcme.json")
	s.manager()
	s.wantSettings(relaySettings())
	info, err := os.Stat(s.path("www", ".wcme.json"))
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("got %v, %v; want a file that everybody may read", info, err)
	}
	s.write("damaged", "www", ".wcme.json")
	s.manager()
	s.wantSettings(relaySettings())
}

func TestReloadPublishesTheScriptsSettings(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	m := s.manager()
	s.gone("www", ".wcme.json")
	for _, row := range []struct {
		text string
		want challenge.Settings
	}{
		{withRelay, relaySettings()},
		{"[challenge]\nfallback = [\"/srv/other\"]\n", challenge.Settings{Fallback: []string{"/srv/other"}}},
		{"[challenge]\nredirect = true\n", challenge.Settings{}},
	} {
		s.write(row.text, "etc", "wcme.toml")
		if err := m.Reload(); err != nil {
			t.Fatal(err)
		}
		s.wantSettings(row.want)
	}
	s.gone("www", ".wcme.json")
}

// TestARefusedReloadLeavesTheScriptsSettings: what is not in force is not published.
func TestARefusedReloadLeavesTheScriptsSettings(t *testing.T) {
	t.Parallel()
	s := newSetting(t, withRelay)
	m := s.manager()
	before := m.Config()
	long := strings.Repeat("x", 60)
	for what, text := range map[string]string{
		"nonsense":            "nonsense",
		"too much to publish": "[challenge]\nfallback = [" + strings.Repeat("\"/srv/"+long+"\", ", 2000) + "]\n",
	} {
		s.write(text, "etc", "wcme.toml")
		if err := m.Reload(); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" && what != "nonsense" {
			t.Errorf("%s: got %v, want an error of kind invalid", what, err)
		}
		s.wantSettings(relaySettings())
		if m.Config() != before {
			t.Errorf("%s: it is in force", what)
		}
	}
}

// TestRecoverKeepsTheScriptsSettingsApartFromChallenges: one sweeps what the other
// has left.
func TestRecoverKeepsTheScriptsSettingsApartFromChallenges(t *testing.T) {
	t.Parallel()
	s := newSetting(t, withRelay)
	token := s.challenge()
	s.write("half", "www", "..wcme.json123")
	s.manager()
	s.gone("www", string(token))
	s.gone("www", "..wcme.json123")
	s.wantSettings(relaySettings())
}

func TestAFallbackDirectoryThatIsNotThereIsToldOnce(t *testing.T) {
	t.Parallel()
	there, gone := t.TempDir(), "/nowhere/at/all"
	s := newSetting(t, "[challenge]\nfallback = [\""+there+"\", \""+gone+"\"]\n")
	var log bytes.Buffer
	m, err := manager.New(s.root, "test", slog.New(slog.NewTextHandler(&log, nil)))
	if err == nil {
		err = m.Recover()
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, gone) || strings.Contains(text, there) {
		t.Errorf("log %q, want one line that names %s", text, gone)
	}
	s.wantSettings(challenge.Settings{Fallback: []string{there, gone}})
}
