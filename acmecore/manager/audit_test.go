package manager_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/control"
)

// audited returns the audit, a line for each entry.
func (s *setting) audited() (lines []string) {
	s.Helper()
	text, err := os.ReadFile(s.path("log", "audit.log"))
	if err != nil && !os.IsNotExist(err) {
		s.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is just being written
		}
		var entry audit.Entry
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			s.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, fmt.Sprintf("%s|%s|%s|%s|%s|%s", entry.Who, entry.What, entry.Subject, entry.Before, entry.After, entry.Outcome))
	}
	return lines
}

// mustAudit wants an entry for each pattern, and no other, after so many.
func (s *setting) mustAudit(after int, patterns ...string) {
	s.Helper()
	lines := s.audited()[after:]
	if len(lines) != len(patterns) {
		s.Fatalf("got %d entries, want %d:\n%s", len(lines), len(patterns), strings.Join(lines, "\n"))
	}
	for i, pattern := range patterns {
		if !regexp.MustCompile("^" + pattern + "$").MatchString(lines[i]) {
			s.Errorf("entry %d: got\n%s\nwant\n%s", i+1, lines[i], pattern)
		}
	}
}

// me is this process's user, as the audit calls it.
func me() string { return fmt.Sprintf("uid %d", os.Geteuid()) }

func TestWhatFailsBeforeItBeginsIsAudited(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "ca = \"letsencrypt-staging\"\n")
	s.record(recordOfOne)
	m := s.manager()
	for _, row := range []struct {
		what string
		do   func() error
		want string
	}{
		{"no name", func() error { _, err := m.Certify(t.Context(), control.CertifyRequest{}, nil); return err }, `certify\|\|\|\|host names: none given`},
		{"a bad name", func() error { _, err := m.Certify(t.Context(), request("a b\n"), nil); return err }, `certify\|a b\|\|\|.*`},
		{"a CA that there is not", func() error {
			_, err := m.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, CA: "nobody"}, nil)
			return err
		}, `certify\|www_example_test\|\|\|.*nobody.*`},
		{"a certificate that is not managed", func() error {
			_, err := m.Restore(t.Context(), control.RestoreRequest{ID: "other_example_test"}, nil)
			return err
		}, `restore\|other_example_test\|\|\|.*there is none`},
		{"a path", func() error { _, err := m.Restore(t.Context(), control.RestoreRequest{ID: "../x"}, nil); return err }, `restore\|../x\|\|\|.*`},
		{"no version", func() error { _, err := m.Restore(t.Context(), control.RestoreRequest{ID: id}, nil); return err }, `restore\|www_example_test\|\|\|.*no version is kept.*`},
		{"a pass for a certificate that is not managed", func() error {
			_, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{"other_example_test"}}, nil)
			return err
		}, `manage\|other_example_test\|\|\|.*there is none`},
		{"a registration at nobody's", func() error {
			_, err := m.Register(t.Context(), control.RegisterRequest{CA: "nobody"}, nil)
			return err
		}, `register\|nobody\|\|\|.*nobody.*`},
		{"a registration of nobody", func() error {
			_, err := m.Register(t.Context(), control.RegisterRequest{Contact: []string{"nobody"}}, nil)
			return err
		}, `register\|letsencrypt-staging\|\|\|.*mail address "nobody".*`},
	} {
		before := len(s.audited())
		if err := row.do(); err == nil {
			t.Errorf("%s: it was done", row.what)
		}
		s.mustAudit(before, me()+`\|`+row.want)
	}
	if _, err := s.root.VerifyAudit(); err != nil {
		t.Error(err)
	}
}

func TestReadingTheConfigurationAgainIsAuditedWithWhatItWas(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "key = \"ec256\"\n")
	m := s.manager()
	s.write("key = \"ec384\"\n", "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	s.write("kye = \"ec384\"\n", "etc", "wcme.toml")
	if err := m.Reload(); err == nil {
		t.Fatal("it was taken")
	}
	// printf 'key = "ec256"\n' | sha256sum, and of ec384
	const old, fresh = "SHA-256 3a056b9d2c643472", "SHA-256 0757e0fabc16b9cc"
	s.mustAudit(0, me()+`\|read configuration again\|wcme.toml\|`+old+`\|`+fresh+`\|done`,
		me()+`\|read configuration again\|wcme.toml\|`+fresh+`\|`+fresh+`\|.*there is no key.*`)
}

// TestAPassIsAuditedByCertificate: who had it renewed, and what was so before.
func TestAPassIsAuditedByCertificate(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	dir := s.path("web")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.write(s.read("etc", "wcme.toml")+"[verify]\nports = []\n[[install]]\nname = \"web\"\ndir = \""+dir+"\"\n", "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	s.record(recordOfOne)
	put := func(name, text string) {
		if err := s.root.PutRecord(acmecore.Name(name).ID(), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	put("none.example.test", "names = [\"none.example.test\"]\nprofile = \"none\"\n")
	const version = `version 00000%d, serial [0-9a-f]+, valid to \d{4}-[-0-9T:Z]+`
	first, second := fmt.Sprintf(version, 1), fmt.Sprintf(version, 2)
	failed := `\|renew\|none_example_test\|\|\|failed: .*the CA has no profile "none".*`
	ctx, user := t.Context(), me()
	pass := func(request control.ManageRequest) {
		if _, err := m.Manage(ctx, request, nil); err != nil {
			t.Error(err)
		}
	}
	before := len(s.audited())
	pass(control.ManageRequest{})
	s.mustAudit(before, user+failed, user+`\|renew\|www_example_test\|\|`+first+`\|done`, user+`\|manage\|\|\|1 renewed, 1 failed\|done`)

	before = len(s.audited())
	pass(control.ManageRequest{Force: []acmecore.ID{id}})
	s.mustAudit(before, user+`\|renew\|www_example_test\|`+first+`\|`+second+`\|done`, user+`\|manage\|www_example_test\|\|1 renewed\|done`)

	before = len(s.audited())
	s.remove("web", "fullchain_www_example_test.pem")
	if err := s.root.DropRecord("none_example_test"); err != nil {
		t.Fatal(err)
	}
	pass(control.ManageRequest{DryRun: true})
	s.mustAudit(before)
	pass(control.ManageRequest{})
	s.mustAudit(before, user+`\|put right\|www_example_test\|`+second+`\|`+second+`\|done`, user+`\|manage\|\|\|1 repaired\|done`)

	before = len(s.audited())
	s.remove("web", "fullchain_www_example_test.pem")
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.Keep(ctx, nil) }()
	s.await(func() bool { return len(s.audited()) > before })
	end()
	<-ended
	s.mustAudit(before, `schedule\|put right\|www_example_test\|`+second+`\|`+second+`\|done`)
}

// await waits until something is so.
func (s *setting) await(isSo func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !isSo(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatal("it does not come about")
		}
	}
}

// TestRefusedRequestsDoNotFillTheAudit: whoever is refused chooses how often.
func TestRefusedRequestsDoNotFillTheAudit(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	m := s.manager()
	for i := range 1000 {
		m.Refused(fmt.Sprintf("user %d (uid 33)", i), "/1/certify", "ask the overseer: the script may not do this")
	}
	lines := s.audited()
	if len(lines) < 60 || len(lines) > 70 { // a slow host has time for a few more
		t.Errorf("got %d entries, want 60", len(lines))
	}
	if want := "user 0 (uid 33)|refused request|/1/certify|||ask the overseer: the script may not do this"; lines[0] != want {
		t.Errorf("got %q, want %q", lines[0], want)
	}
}

// TestACrashIsToldOnceADay, however often the overseer crashes and starts again.
func TestACrashIsToldOnceADay(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[report]\nmail = [\"root\"]\nopcom = [\"none\"]\n")
	for _, since := range []string{"2026-01-01T00:00:00Z\n", "2026-01-01T00:05:00Z\n", "2026-01-01T00:10:00Z\n"} {
		s.write(since, "priv", "running")
		if err := s.manager().Started(); err != nil {
			t.Fatal(err)
		}
	}
	messages, err := s.root.Spool().List()
	if err != nil || len(messages) != 1 {
		t.Fatalf("got %v, %v; want one message", messages, err)
	}
	text, err := s.root.Spool().Get(messages[0])
	if err != nil || !strings.Contains(string(text), "2026-01-01T00:00:00Z") {
		t.Errorf("it does not say since when: %v, %s", err, text)
	}
}
