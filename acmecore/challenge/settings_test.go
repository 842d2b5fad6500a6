package challenge_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

// settingsName is part of the contract between programs that are installed one
// after the other.
const settingsName = ".wcme.json"

func settings() challenge.Settings {
	return challenge.Settings{
		Fallback: []string{"/var/www/html/.well-known/acme-challenge", "/srv/other"},
		Relays: []challenge.Relay{
			{Host: "intranet.example.org", To: "http://192.0.2.86/cgi-bin/wcme/.well-known/acme-challenge/"},
			{Host: "mail.example.org", To: "https://mail.internal:8443/"},
		},
	}
}

func TestSettingsAreReadAsTheyWerePublished(t *testing.T) {
	t.Parallel()
	d := published(t)
	for _, want := range []challenge.Settings{settings(), {Fallback: []string{"/"}}, {Relays: settings().Relays[:1]}} {
		if err := d.PublishSettings(want); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Settings(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	info, err := os.Stat(filepath.Join(string(d), settingsName))
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("got %v, %v; want a file that everybody may read", info, err)
	}
	if got := names(t, d); len(got) != 2 {
		t.Errorf("got %v, want the token and the settings alone", got)
	}
}

func TestSettingsThatSayNothingAreNoFile(t *testing.T) {
	t.Parallel()
	d := published(t)
	if d.HasSettings() {
		t.Error("there are settings before any were published")
	}
	if err := d.PublishSettings(settings()); err != nil || !d.HasSettings() {
		t.Errorf("published: %v, found %v", err, d.HasSettings())
	}
	for range 2 { // the second finds nothing, which is no error
		if err := d.PublishSettings(challenge.Settings{}); err != nil || d.HasSettings() {
			t.Errorf("withdrawn: %v, found %v", err, d.HasSettings())
		}
	}
	if got, err := d.Settings(); err != nil || !reflect.DeepEqual(got, challenge.Settings{}) {
		t.Errorf("got %+v, %v; want none", got, err)
	}
}

func TestSweepLeavesTheSettings(t *testing.T) {
	t.Parallel()
	d := published(t)
	if err := d.PublishSettings(settings()); err != nil {
		t.Fatal(err)
	}
	half := "." + settingsName + "123" // what a kill in PublishSettings leaves
	if err := os.WriteFile(filepath.Join(string(d), half), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.Sweep(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, d); len(got) != 1 || got[0] != settingsName {
		t.Errorf("got %v, want the settings alone", got)
	}
}

func TestNobodyCanAskForTheSettings(t *testing.T) {
	t.Parallel()
	d := published(t)
	if err := d.PublishSettings(settings()); err != nil {
		t.Fatal(err)
	}
	for _, asked := range []string{settingsName, "./" + settingsName, strings.ToUpper(settingsName), settingsName + "\x00", "wcme", "wcme.json"} {
		if got, err := d.Lookup(asked); !errors.Is(err, challenge.ErrUnknown) {
			t.Errorf("%q: got %q, %v", asked, got, err)
		}
	}
}

func TestPublishSettingsRefuses(t *testing.T) {
	t.Parallel()
	to := settings().Relays[0].To
	for what, bad := range map[string]challenge.Settings{
		"a relative directory":        {Fallback: []string{"www"}},
		"a directory with a line end": {Fallback: []string{"/a\nb"}},
		"a directory by a detour":     {Fallback: []string{"/a/../b"}},
		"no host":                     {Relays: []challenge.Relay{{To: to}}},
		"a host in capitals":          {Relays: []challenge.Relay{{Host: "A.example", To: to}}},
		"a host with a port":          {Relays: []challenge.Relay{{Host: "a.example:80", To: to}}},
		"no URL":                      {Relays: []challenge.Relay{{Host: "a.example"}}},
		"a URL of another scheme":     {Relays: []challenge.Relay{{Host: "a.example", To: "file:///etc/"}}},
		"a URL with a query":          {Relays: []challenge.Relay{{Host: "a.example", To: "http://b/?x=/"}}},
		"a URL with no slash":         {Relays: []challenge.Relay{{Host: "a.example", To: "http://b"}}},
		"a URL with a line end":       {Relays: []challenge.Relay{{Host: "a.example", To: "http://b/\r\nX: y/"}}},
		"a thousand relays":           {Relays: manyRelays(1000)},
	} {
		d := published(t)
		if err := d.PublishSettings(settings()); err != nil {
			t.Fatal(err)
		}
		err := d.PublishSettings(bad)
		if acmecore.KindOf(err) != acmecore.Invalid || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%s: got %v, want an error of kind invalid, on one line", what, err)
		}
		if got, err := d.Settings(); err != nil || !reflect.DeepEqual(got, settings()) {
			t.Errorf("%s: what was there is no longer: %+v, %v", what, got, err)
		}
	}
}

func manyRelays(count int) (relays []challenge.Relay) {
	for i := range count {
		relays = append(relays, challenge.Relay{Host: acmecore.Name(fmt.Sprintf("host-%d.example.org", i)), To: "http://192.0.2.86/cgi-bin/wcme/.well-known/acme-challenge/"})
	}
	return relays
}

// goodSettings is the file as another version of the programs has it.
const goodSettings = `{"version":1,"fallback":["/srv/other"],"relays":[{"host":"a.example","to":"http://192.0.2.1/x/"}]}`

func TestTheFormOfTheSettingsStays(t *testing.T) {
	t.Parallel()
	d := published(t)
	putSettings(t, d, goodSettings)
	want := challenge.Settings{Fallback: []string{"/srv/other"}, Relays: []challenge.Relay{{Host: "a.example", To: "http://192.0.2.1/x/"}}}
	if got, err := d.Settings(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if err := d.PublishSettings(want); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(string(d), settingsName)); err != nil || string(got) != goodSettings {
		t.Errorf("written: got %s, %v; want %s", got, err, goodSettings)
	}
}

func TestSettingsThatAreNotOursAreRefused(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"nothing":             "",
		"no JSON":             "version = 1",
		"half of it":          goodSettings[:len(goodSettings)-1],
		"twice":               goodSettings + goodSettings,
		"a list":              "[" + goodSettings + "]",
		"null":                "null",
		"no version":          `{"fallback":["/srv/other"]}`,
		"a later version":     strings.Replace(goodSettings, "1", "2", 1),
		"an unknown key":      strings.Replace(goodSettings, "{", `{"run":"id",`, 1),
		"a relative path":     strings.Replace(goodSettings, "/srv", "srv", 1),
		"a path with ..":      strings.Replace(goodSettings, "/srv", "/..", 1),
		"a path with a NUL":   strings.Replace(goodSettings, "/srv", `/\u0000`, 1),
		"a wildcard":          strings.Replace(goodSettings, "a.example", "*.example", 1),
		"a host with CR LF":   strings.Replace(goodSettings, "a.example", `a\r\nb.example`, 1),
		"another scheme":      strings.Replace(goodSettings, "http:", "file:", 1),
		"a query":             strings.Replace(goodSettings, "/x/", "/x?/", 1),
		"a megabyte":          strings.Repeat(" ", 1<<20) + goodSettings,
		"text of a terminal":  "\x1b]0;x\a",
		"very deep":           strings.Repeat("[", 60_000),
		"a number for a host": strings.Replace(goodSettings, `"a.example"`, "1", 1),
	} {
		d := published(t)
		putSettings(t, d, text)
		got, err := d.Settings()
		if acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %+v, %v; want an error of kind invalid with a hint", what, got, err)
			continue
		}
		if strings.ContainsAny(err.Error(), "\r\n\x1b\x00") {
			t.Errorf("%s: the error is not inert: %q", what, err)
		}
	}
}

func TestSettingsOfAnotherKindAreNotOpened(t *testing.T) {
	t.Parallel()
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte(goodSettings), 0o644); err != nil {
		t.Fatal(err)
	}
	for what, put := range map[string]func(path string) error{
		"a symbolic link": func(path string) error { return os.Symlink(other, path) },
		"a directory":     func(path string) error { return os.Mkdir(path, 0o755) },
		"a FIFO":          func(path string) error { return syscall.Mkfifo(path, 0o644) },
	} {
		d := published(t)
		if err := put(filepath.Join(string(d), settingsName)); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Settings(); err != nil || !reflect.DeepEqual(got, challenge.Settings{}) {
			t.Errorf("%s: got %+v, %v; want none", what, got, err)
		}
	}
}

func putSettings(t testing.TB, d challenge.Directory, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(string(d), settingsName), []byte(text), fs.FileMode(0o644)); err != nil {
		t.Fatal(err)
	}
}

// FuzzSettings: what is accepted can be published, and is then read as the same.
func FuzzSettings(f *testing.F) {
	d := challenge.Directory(f.TempDir())
	again := challenge.Directory(f.TempDir())
	for _, seed := range []string{goodSettings, "", "{}", `{"version":1}`, `{"VERSION":1,"Relays":[{}]}`, `{"version":1,"fallback":[""]}`,
		`{"version":1,"relays":[{"host":" A.example. ","to":"HTTP://b/"}]}`, goodSettings + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		putSettings(t, d, text)
		s, err := d.Settings()
		if err != nil {
			if acmecore.KindOf(err) != acmecore.Invalid || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("got %v, want an error of kind invalid, on one line", err)
			}
			return
		}
		if err := again.PublishSettings(s); err != nil {
			t.Fatalf("%+v was read and cannot be published: %v", s, err)
		}
		if got, err := again.Settings(); err != nil || len(got.Relays) != len(s.Relays) || len(got.Fallback) != len(s.Fallback) {
			t.Errorf("got %+v, %v; want %+v", got, err, s)
		}
	})
}
