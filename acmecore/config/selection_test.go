package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

const threeTargets = `
[renew]
before = "30d"
[verify]
probe = ["192.0.2.1"]
[[install]]
name = "all"
dir = "/srv/all"
[[install]]
name = "mail"
dir = "/srv/mail"
certificates = ["mail.example.org", "www_example_org"]
[[install]]
name = "nobody"
dir = "/srv/nobody"
certificates = []
[[load]]
name = "any"
run = "+"
[[load]]
name = "for-mail"
run = "x"
install = ["mail", "nobody"]
[[load]]
name = "never"
run = "x"
install = []
`

func record(t *testing.T, text string) *config.Certificate {
	t.Helper()
	record, err := config.ParseCertificate("etc/certificates/x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestTargetsAndLoadActionsOfACertificate(t *testing.T) {
	c := parse(t, threeTargets)
	for _, row := range []struct{ what, record, targets, loads string }{
		{"a record that says nothing", "names = ['a.example']", "all", "any"},
		{"one that a target names by its name", "names = ['mail.example.org', 'a.example']", "all mail", "any for-mail"},
		{"one that a target names by its ID", "names = ['www.example.org']", "all mail", "any for-mail"},
		{"a second name does not count", "names = ['a.example', 'mail.example.org']", "all", "any"},
		{"a record with one target", "names = ['mail.example.org']\ninstall = ['mail']", "mail", "any for-mail"},
		{"a record with a target that does not take it", "names = ['a.example']\ninstall = ['mail', 'all']", "all", "any"},
		{"a record with no targets", "names = ['mail.example.org']\ninstall = []", "", "any"},
		{"a record with one action", "names = ['mail.example.org']\nload = ['for-mail']", "all mail", "for-mail"},
		{"a record with an action for other targets", "names = ['a.example']\nload = ['for-mail']", "all", ""},
		{"a record with no actions", "names = ['mail.example.org']\nload = []", "all mail", ""},
	} {
		record := record(t, row.record)
		id := record.Names[0].ID()
		targets := c.TargetsFor(id, record)
		loads := c.LoadsFor(id, record, targets)
		var got []string
		for _, target := range targets {
			got = append(got, target.Name.String())
		}
		if strings.Join(got, " ") != row.targets {
			t.Errorf("%s: got targets %v, want %s", row.what, got, row.targets)
		}
		got = nil
		for _, load := range loads {
			got = append(got, load.Name.String())
		}
		if strings.Join(got, " ") != row.loads {
			t.Errorf("%s: got actions %v, want %s", row.what, got, row.loads)
		}
	}
}

func TestARecordTakesThePlaceOfVerifyAndRenew(t *testing.T) {
	c := parse(t, threeTargets)
	for _, row := range []struct {
		what, record, places string
		before               time.Duration
	}{
		{"nothing said", "", "[443] [192.0.2.1]", 720 * time.Hour},
		{"its own", "ports = ['25/smtp']\nprobe = ['::1']\nbefore = '20d'", "[25/smtp] [[::1]]", 480 * time.Hour},
		{"none", "ports = []\nprobe = []\nbefore = ''", "[] []", 0},
	} {
		record := record(t, "names = ['a.example']\n"+row.record)
		verify := c.VerifyFor(record)
		if got := fmt.Sprint(verify.Ports, " ", verify.Probe); got != row.places || verify.Patience != c.Verify.Patience {
			t.Errorf("%s: got %s, %s, want %s", row.what, got, verify.Patience, row.places)
		}
		if got := c.BeforeFor(record); got != row.before {
			t.Errorf("%s: got %s before, want %s", row.what, got, row.before)
		}
	}
	if len(c.Verify.Ports) != 1 || len(c.Verify.Probe) != 1 {
		t.Errorf("[verify] itself was changed: %+v", c.Verify)
	}
}

func TestARecordMustFitTheConfiguration(t *testing.T) {
	c := parse(t, threeTargets)
	for _, row := range []struct{ what, record, says, hint string }{
		{"one that fits", "install = ['all', 'mail']\nload = ['any', 'for-mail']", "", ""},
		{"lists of nothing", "install = []\nload = []", "", ""},
		{"a target that is not there", "install = ['all', 'mial']", `etc/certificates/x.toml:2:1: target "mial": there is none of that name in wcme.toml`, `did you mean "mail"?`},
		{"an action that is not there", "\nload = ['zzzzzzzz']", `etc/certificates/x.toml:3:1: load action "zzzzzzzz": there is none`, ""},
		{"a target that does not take it", "install = ['nobody']", "etc/certificates/x.toml:2:1: target \"nobody\": its `certificates` do not name mail_example_org", "add it there"},
	} {
		err := c.CheckRecord(record(t, "names = ['mail.example.org']\n"+row.record))
		if row.says == "" {
			if err != nil {
				t.Errorf("%s: %v", row.what, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), row.says) || !strings.Contains(acmecore.HintOf(err), row.hint) {
			t.Errorf("%s: got %v, hint %q; want %q, hint %q", row.what, err, acmecore.HintOf(err), row.says, row.hint)
			continue
		}
		refusedWell(t, err)
	}
	fresh, err := new(config.Certificate).With(config.Wishes{Names: []acmecore.Name{"a.example"}})
	if err == nil {
		err = c.CheckRecord(fresh)
	}
	if err != nil {
		t.Errorf("a new record: %v", err)
	}
}

func TestTextsKeepNothingFromNoList(t *testing.T) {
	if got := config.Texts([]config.Label(nil)); got != nil {
		t.Errorf("of nil: got %v", got)
	}
	if got := config.Texts([]config.Label{}); got == nil || len(got) != 0 {
		t.Errorf("of an empty list: got %v", got)
	}
	report := parse(t, everything).Report
	if got := fmt.Sprint(config.Texts(report.Opcom), report.Occasions()); got != "[daemon local7] [failed not served]" {
		t.Errorf("got %s", got)
	}
}
