package config_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

func TestAnEmptyConfigurationHasTheDefaults(t *testing.T) {
	c, err := config.Parse("wcme.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	name, authority, err := c.Find("")
	if err != nil || name != "letsencrypt" || authority.Directory.String() != "https://acme-v02.api.letsencrypt.org/directory" {
		t.Errorf("got %s, %s, %v", name, authority.Directory, err)
	}
	if fmt.Sprint(c.Key, c.CA) != "[ec256] [letsencrypt]" || c.AcceptTerms || len(c.Contact) != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestTheTemplateIsAConfiguration(t *testing.T) {
	c, err := config.Parse("wcme.toml", config.Template(""))
	if err != nil || c.Script.User != "" {
		t.Errorf("without a user: got %+v, %v", c, err)
	}
	c, err = config.Parse("wcme.toml", config.Template("nginx"))
	if err != nil || c.Script.User != "nginx" || len(c.Load) != 0 {
		t.Errorf("with a user: got %+v, %v", c, err)
	}
	uncommented := strings.ReplaceAll(string(config.Template("")), "\n#", "\n")
	var examples []string
	others := regexp.MustCompile(`^(eab_key_file|tsig_key_file|acme_dns|key_file|key_mode|links|template|user = "www-data"|password_file = "etc/p12)`)
	for _, line := range strings.Split(uncommented, "\n") {
		alternative := others.MatchString(line) // to eab_key, tsig_key, server, "combined" and "+"
		if strings.Contains(line, " = ") && !alternative || strings.HasPrefix(line, "[") {
			examples = append(examples, line)
		}
	}
	c, err = config.Parse("wcme.toml", []byte(strings.Join(examples, "\n")))
	if err != nil || c.Authority["internal"].EABKeyID != "kid-1" || len(c.Install) != 1 || len(c.Load) != 1 {
		t.Errorf("its examples, taken as they are: got %+v, %v", c, err)
	}
}

func TestErrorsPointAtTheirPlace(t *testing.T) {
	for _, row := range []struct{ what, text, says, hint string }{
		{"a misspelt key", "\n\ncontct = []\n", `wcme.toml:3:1: there is no key "contct"`, `did you mean "contact"?`},
		{"a misspelt key in a table", "[authority.x]\ndirectori = \"https://x/\"\n", `wcme.toml:2:1: there is no key "authority.x.directori"`, `did you mean "directory"?`},
		{"a misspelt table", "[scripts]\nuser = \"x\"\n", `there is no key "scripts`, ""},
		{"a key like none", "zzzzzzzz = 1\n", `wcme.toml:1:1: there is no key "zzzzzzzz"`, "--reference"},
		{"a number for a text", "ca = 1\n", "wcme.toml:1:6: integer given where string or list is wanted", ""},
		{"a text for a boolean", "accept_terms = \"yes\"\n", "wcme.toml:1:16: string given where boolean is wanted", ""},
		{"a number for a list", "contact = 1\n", "wcme.toml:1:11: integer given where list is wanted", ""},
		{"a number for a table", "[authority]\nx = 1\n", "wcme.toml:2:5: integer given where table is wanted", ""},
		{"an unknown kind of key", "\nkey = \"ec512\"\n", "wcme.toml:2:7: key type \"ec512\": is none of", ""},
		{"an unknown CA", "ca = \"letsencript\"\n", `wcme.toml:1:1: ca "letsencript": there is no such authority`, "letsencrypt-staging"},
		{"an http directory", "[authority.x]\ndirectory = \"http://ca.example/\"\n", "wcme.toml:2:13: URL \"http://ca.example/\": is no https URL", ""},
		{"an http CA", "ca = \"http://ca.example/\"\n", "wcme.toml:1:1: URL \"http://ca.example/\": is no https URL", ""},
		{"a directory with a password", "[authority.x]\ndirectory = \"https://a:b@ca.example/\"\n", "is no https URL", ""},
		{"no directory", "# one\n[authority.x]\nroots = \"x\"\n", "wcme.toml:2:2: an authority needs its directory", ""},
		{"half a binding", "[authority.x]\ndirectory = \"https://x/\"\neab_kid = \"a\"\n", "wcme.toml:3:1: it goes together with eab_key", ""},
		{"the other half", "[authority.x]\ndirectory = \"https://x/\"\neab_key = \"a\"\n", "wcme.toml:3:1: it goes together with eab_kid", ""},
		{"a bad binding", "[authority.x]\ndirectory = \"https://x/\"\neab_kid = \"a\"\neab_key = \"***\"\n", "wcme.toml:4:1: it is not base64url", ""},
		{"a file without an identifier", "[authority.x]\ndirectory = \"https://x/\"\neab_key_file = \"a\"\n", "wcme.toml:3:1: it goes together with eab_kid", ""},
		{"a key and a file", "[authority.x]\ndirectory = \"https://x/\"\neab_kid = \"a\"\neab_key = \"aaaa\"\neab_key_file = \"a\"\n", "wcme.toml:5:1: it takes the place of eab_key", ""},
		{"a bad mail address", "contact = [\"a@example.org\", \"x\"]\n", "wcme.toml:1:29: mail address \"x\"", "give the address alone"},
		{"a mail address with a name", "contact = [\"A <a@example.org>\"]\n", "the address alone", ""},
		{"no TOML", "ca = [\n", "wcme.toml:1:", ""},
		{"a key twice", "ca = \"letsencrypt\"\nca = \"letsencrypt\"\n", "wcme.toml:2:1: key ca is already defined", ""},
		{"control characters", "ca = \"\x01\"\n", "wcme.toml:1:7:", ""},
	} {
		_, err := config.Parse("wcme.toml", []byte(row.text))
		if err == nil {
			t.Errorf("%s: no error", row.what)
			continue
		}
		if !strings.Contains(err.Error(), row.says) || !strings.Contains(acmecore.HintOf(err), row.hint) || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %q, hint %q, kind %s; want %q, hint %q, invalid", row.what, err, acmecore.HintOf(err), acmecore.KindOf(err), row.says, row.hint)
		}
		if strings.ContainsAny(err.Error(), "\x01\n") {
			t.Errorf("%s: the error is not inert: %q", row.what, err)
		}
	}
}

const withSecret = `
[authority.x]
directory = "https://ca.example/"
eab_kid = "kid"
eab_key = "c2VjcmV0c2VjcmV0"
`

func TestSecretsAreNeverPrinted(t *testing.T) {
	c, err := config.Parse("wcme.toml", []byte(withSecret))
	if err != nil {
		t.Fatal(err)
	}
	effective, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"TOML": string(effective), "JSON": string(asJSON),
		"%v": fmt.Sprintf("%v", c.Authority), "%+v": fmt.Sprintf("%+v", c.Authority), "%#v": fmt.Sprintf("%#v", c.Authority)} {
		if strings.Contains(text, "c2VjcmV0") {
			t.Errorf("%s shows the secret: %s", what, text)
		}
	}
	if !strings.Contains(string(effective), "(hidden)") {
		t.Errorf("TOML does not say that there is one: %s", effective)
	}
	authority := c.Authority["x"]
	if key, err := authority.EABKeyBytes(); err != nil || string(key) != "secretsecret" {
		t.Errorf("the key itself: got %q, %v", key, err)
	}
}

func TestFindPrefersTheConfiguredOne(t *testing.T) {
	c, err := config.Parse("wcme.toml", []byte("ca = \"letsencrypt\"\n[authority.letsencrypt]\ndirectory = \"https://mine.example/\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, authority, err := c.Find("letsencrypt"); err != nil || authority.Directory.String() != "https://mine.example/" {
		t.Errorf("got %s, %v", authority.Directory, err)
	}
	name, authority, err := c.Find("https://other.example/dir")
	if err != nil || name != "https://other.example/dir" || authority.Directory.String() != name {
		t.Errorf("a URL: got %s, %s, %v", name, authority.Directory, err)
	}
}

func TestARecordSurvivesItsFile(t *testing.T) {
	record, err := new(config.Certificate).With(config.Wishes{Names: []acmecore.Name{"a.example", "b.example"}, CA: []string{"letsencrypt", "zerossl"},
		Keys: []acmecore.KeyType{acmecore.RSA2048}, Profile: "tlsserver", Challenge: []acmecore.Method{acmecore.DNS01, acmecore.HTTP01}, Validity: 30 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	text, err := record.Text()
	if err != nil {
		t.Fatal(err)
	}
	back, err := config.ParseCertificate("a.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	names, err := back.HostNames()
	if got := fmt.Sprintln(names, back.CA, back.Key, back.Profile, back.Challenge, back.Validity, err); strings.TrimSpace(got) != "[a.example b.example] [letsencrypt zerossl] [rsa2048] tlsserver [dns-01 http-01] 30d <nil>" {
		t.Errorf("got %s", got)
	}
}

func TestARecordWithErrorsIsRefused(t *testing.T) {
	for what, text := range map[string]string{
		"no names":      "ca = \"letsencrypt\"\n",
		"an empty list": "names = []\n",
		"a bad name":    "names = [\"a b\"]\n",
		"a wildcard":    "names = [\"*.*.example.org\"]\n",
		"no method":     "names = [\"a.example\"]\nchallenge = [\"dns-01\", \"dns-02\"]\n",
		"a misspelling": "names = [\"a.example\"]\nkye = \"ec256\"\n",
	} {
		if c, err := config.ParseCertificate("a.toml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "a.toml") {
			t.Errorf("%s: got %+v, %v", what, c, err)
		}
	}
}
