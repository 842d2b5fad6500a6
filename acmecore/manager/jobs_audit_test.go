package manager_test

import (
	"context"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// TestEachDeedOfAPageIsAudited, with what came of it.
func TestEachDeedOfAPageIsAudited(t *testing.T) {
	t.Parallel()
	s := inService(t)
	s.write("ca = \"gone\"\n[authority.gone]\ndirectory = \"https://127.0.0.1:1/directory\"\n[verify]\nports = []\n", "etc", "wcme.toml")
	m := s.manager()
	defer m.Close()
	for deed, want := range map[control.Deed]string{
		control.DeedCheckCA:        `\|gone\|\|\|.*127.0.0.1:1.*`,
		control.DeedCheckMail:      `\|\|\|\|.*none is configured.*`,
		control.DeedCheckOpcom:     `\|\|\|\|.*`,
		control.DeedCheckWebhook:   `\|\|\|\|.*none is configured.*`,
		control.DeedCheckChallenge: `\|www_example_test\|\|\|.*`,
		control.DeedCheckServed:    `\|www_example_test\|\|\|.*`,
		control.DeedVerify:         `\|www_example_test\|\|\|.*`,
	} {
		task := control.Task{Deed: deed}
		if strings.Contains(want, string(id)) {
			task.ID = id
		}
		before := len(s.audited())
		do(t, m, task)
		s.mustAudit(before, me()+`\|`+string(deed)+want)
	}
	before := len(s.audited())
	do(t, m, certifyTask(control.DeedRehearse, "new.example.invalid"))
	s.mustAudit(before, me()+`\|rehearse\|new_example_invalid\|\|\|done`)
}

// TestWhatCannotBeginIsAudited: who has wanted it, and why it was not done.
func TestWhatCannotBeginIsAudited(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[[load]]\nname = \"slow\"\nrun = \"sleep 60\"\n")
	s.record(recordOfOne)
	m := s.manager()
	bad := control.CertifyRequest{Names: []acmecore.Name{"x; id"}}
	for _, row := range []struct {
		task control.Task
		want string
	}{
		{control.Task{Deed: "rm -rf /"}, `rm -rf /\|\|\|\|not begun: .*nothing is called that`},
		{control.Task{Deed: control.DeedRenew, ID: "other_example_test"}, `renew\|other_example_test\|\|\|not begun: .*there is none`},
		{control.Task{Deed: control.DeedCertify, Certify: &bad}, `certify\|x; id\|\|\|not begun: .*`},
		{control.Task{Deed: control.DeedCheckLoad, Action: "other"}, `check load\|other\|\|\|not begun: .*there is no such load action`},
		{control.Task{Deed: control.DeedCheckCA, CA: "https://evil.example/"}, `check ca\|https://evil.example/\|\|\|not begun: .*`},
	} {
		before := len(s.audited())
		if _, err := m.Begin(t.Context(), row.task, "form"); err == nil {
			t.Fatalf("%+v: it was begun", row.task)
		}
		s.mustAudit(before, me()+`\|`+row.want)
	}
	mustBegin(t, m, control.Task{Deed: control.DeedCheckLoad}, "")
	m.Close()
	before := len(s.audited())
	if _, err := m.Begin(t.Context(), control.Task{Deed: control.DeedCheckLoad}, ""); acmecore.KindOf(err) != acmecore.Busy {
		t.Fatalf("got %v, want busy", err)
	}
	s.mustAudit(before, me()+`\|check load\|\|\|\|not begun: .*the overseer is about to end`)
}

// TestALoadCheckThatCannotRunIsAudited, whoever asks for it.
func TestALoadCheckThatCannotRunIsAudited(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[[load]]\nname = \"one\"\nrun = \"true\"\n")
	m := s.manager()
	if _, err := m.CheckLoad(t.Context(), "other", nil); err == nil {
		t.Fatal("it ran")
	}
	s.mustAudit(0, me()+`\|check load\|other\|\|\|.*there is no such load action`)
}

// TestWhatCannotBeTakenBackIsAuditedFirst: the audit has it before anything is done.
func TestWhatCannotBeTakenBackIsAuditedFirst(t *testing.T) {
	t.Parallel()
	s, m, _ := certified(t)
	version := `version 000001, serial [0-9a-f]+, valid to \S+`
	before, atCA := len(s.audited()), 0
	if _, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id, Reason: 1}, func(step acmecore.Step) {
		if step.Stage == "revoke" {
			atCA = len(s.audited())
		}
	}); err != nil {
		t.Fatal(err)
	}
	s.mustAudit(before, me()+`\|revoke\|www_example_test\|`+version+`\|\|begun`, me()+`\|revoke\|www_example_test\|`+version+`\|.*revoked: key-compromise\|done`)
	if atCA != before+1 {
		t.Errorf("when the CA was asked, the audit had %d entries of it, want 1", atCA-before)
	}
	before = len(s.audited())
	if err := m.Remove(t.Context(), control.RemoveRequest{ID: id}, nil); err != nil {
		t.Fatal(err)
	}
	s.mustAudit(before, me()+`\|stop managing\|www_example_test\|`+version+`\|\|begun`, me()+`\|stop managing\|www_example_test\|`+version+`\|not managed\|done`)
	before = len(s.audited())
	if err := m.Remove(context.Background(), control.RemoveRequest{ID: id}, nil); err == nil {
		t.Fatal("it was removed twice")
	}
	s.mustAudit(before, me()+`\|stop managing\|www_example_test\|\|\|.*there is none`)
}
