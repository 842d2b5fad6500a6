package config_test

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

func TestPresetsAreFoundByName(t *testing.T) {
	t.Parallel()
	c := parse(t, "")
	var names []string
	for _, preset := range acmecore.Presets() {
		name, authority, err := c.Find(preset.Name)
		if err != nil || name != preset.Name || authority.Directory.String() != preset.Directory {
			t.Errorf("%s: got %q, %+v, %v", preset.Name, name, authority, err)
		}
		if parsed, err := url.Parse(preset.Directory); err != nil || parsed.Scheme != "https" || preset.Facts == "" {
			t.Errorf("%s: %q, %q", preset.Name, preset.Directory, preset.Facts)
		}
		if _, found := acmecore.FindPreset(preset.Staging); preset.Staging != "" && !found {
			t.Errorf("%s: its test side %q is no preset", preset.Name, preset.Staging)
		}
		names = append(names, preset.Name)
	}
	if !slices.Equal(slices.Sorted(slices.Values(names)), c.Authorities()) {
		t.Errorf("got %q, and authorities %q", names, c.Authorities())
	}
	if slices.Contains(names, "buypass") { // it has stopped
		t.Error("buypass is a preset")
	}
}

// TestReferenceHasThePresets, as it is generated.
func TestReferenceHasThePresets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("REFERENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, preset := range acmecore.Presets() {
		if !strings.Contains(string(text), "* `"+preset.Name+"`: "+preset.Directory) || !strings.Contains(string(text), preset.Facts) {
			t.Errorf("%s is not in it", preset.Name)
		}
	}
}

// TestAuthorityOfAPresetsName has what it does not say itself.
func TestAuthorityOfAPresetsName(t *testing.T) {
	t.Parallel()
	c := parse(t, `
[authority.zerossl]
eab_kid = "kid"
eab_key = "c2VjcmV0"
[authority.google]
eab_kid = "kid"
eab_key = "c2VjcmV0"
eab_algorithm = "HS384"
[authority.google-staging]
eab_kid = "test"
eab_key = "c2VjcmV0"
[authority.letsencrypt]
directory = "https://ca.example.org/directory"
[authority.own]
directory = "https://own.example.org/directory"
staging = "own-test"
[authority.own-test]
directory = "https://test.example.org/directory"
[authority.lost]
directory = "https://lost.example.org/directory"
staging = "nowhere"
`)
	for name, want := range map[string]struct{ directory, staging string }{
		"zerossl":             {"https://acme.zerossl.com/v2/DV90", ""},
		"google":              {"https://dv.acme-v02.api.pki.goog/directory", "google-staging"},
		"letsencrypt":         {"https://ca.example.org/directory", ""}, // which is another CA
		"letsencrypt-staging": {"https://acme-staging-v02.api.letsencrypt.org/directory", ""},
		"own":                 {"https://own.example.org/directory", "own-test"},
		"lost":                {"https://lost.example.org/directory", ""},
		"nowhere":             {"", ""},
	} {
		_, authority, _ := c.Find(name)
		staging, ok := c.StagingFor(name)
		if authority.Directory.String() != want.directory || staging != want.staging || ok != (want.staging != "") {
			t.Errorf("%s: got %q, test side %q, %v", name, authority.Directory, staging, ok)
		}
	}
	if _, google, _ := c.Find("google"); google.EABKeyID != "kid" || google.EABAlgorithm.String() != "HS384" {
		t.Errorf("got %+v", google)
	}
	for directory, want := range map[string]string{
		"https://acme.zerossl.com/v2/DV90":      "zerossl",
		"https://own.example.org/directory":     "own",
		"https://unknown.example.org/directory": "https://unknown.example.org/directory",
	} {
		if name, authority, err := c.FindDirectory(directory); err != nil || name != want || authority.Directory.String() != directory {
			t.Errorf("%s: got %q, %v", directory, name, err)
		}
	}
	if name, ok := parse(t, "").StagingFor(""); !ok || name != "letsencrypt-staging" {
		t.Errorf("of the default: got %q, %v", name, ok)
	}
}

// TestBindingHalfGiven is refused when the configuration is read.
func TestBindingHalfGiven(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"eab_kid = \"kid\"":      "eab_key, which is missing",
		"eab_key = \"c2VjcmV0\"": "eab_kid, which is missing",
		"eab_key_file = \"x\"":   "eab_kid, which is missing",
		"eab_kid = \"kid\"\neab_key = \"c2VjcmV0\"\neab_key_file = \"x\"":      "takes the place of eab_key",
		"eab_kid = \"kid\"\neab_key = \"no key!\"":                             "not base64url",
		"eab_kid = \"kid\"\neab_key = \"c2VjcmV0\"\neab_algorithm = \"HS1\"":   "none of HS256, HS384 and HS512",
		"eab_kid = \"kid\"\neab_key = \"c2VjcmV0\"\neab_algorithm = \"RS256\"": "none of HS256, HS384 and HS512",
	} {
		_, err := config.Parse("wcme.toml", []byte("[authority.zerossl]\n"+text+"\n"))
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "c2Vj") || strings.Contains(err.Error(), "no key!") {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
