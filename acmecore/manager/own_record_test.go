package manager_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

func TestRecordsWrittenByHandStayAsTheyAre(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	const own = "# For the shop. Ask Alice before you change it!\nkey    =    \"ec384\"\n\nports = []\nnames = [\"WWW.example.test\", \"www.example.test\"] # the old name\n"
	s.record(own)
	for what, do := range map[string]func() error{
		"obtained by a pass": func() error { _, err := m.Manage(t.Context(), control.ManageRequest{}, nil); return err },
		"kept":               func() error { _, err := m.Certify(t.Context(), request("www.example.test"), nil); return err },
		"obtained once more": func() error {
			_, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil)
			return err
		},
		"obtained as it stands": func() error {
			_, err := m.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, Keys: []acmecore.KeyType{acmecore.EC384}, Force: true}, nil)
			return err
		},
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := s.read("etc", "certificates", string(id)+".toml"); got != own {
			t.Errorf("%s: the record is now\n%s", what, got)
		}
	}
	if list := s.list(); len(list) != 1 || list[0].Key != acmecore.EC384 || list[0].Version == "" {
		t.Fatalf("got %+v", list)
	}
	// What means something else is written.
	if _, err := m.Certify(t.Context(), request("www.example.test", "example.test"), nil); err != nil {
		t.Fatal(err)
	}
	if got := s.read("etc", "certificates", string(id)+".toml"); !strings.Contains(got, "'example.test'") || !strings.Contains(got, "key = 'ec384'") {
		t.Errorf("with another name: got\n%s", got)
	}
}

// withRefusingCA is withCA, with a CA that nobody answers.
func withRefusingCA(t *testing.T) (*setting, *manager.Manager) {
	t.Helper()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: port})
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\nreport.opcom = [\"none\"]\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		pebble.Directory, pebble.Roots))
	m := s.manager()
	if _, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	return s, m
}

// TestAFailedAttemptTakesBackItsOwnRecordOnly: what was edited, or removed, while it
// was under way is somebody else's.
func TestAFailedAttemptTakesBackItsOwnRecordOnly(t *testing.T) {
	t.Parallel()
	s, m := withRefusingCA(t)
	path := s.path("etc", "certificates", string(id)+".toml")
	const edited = "# mine\nnames = [\"www.example.test\", \"mine.example.test\"]\n"
	for _, row := range []struct {
		what, before string
		meanwhile    func() error
		want         string
	}{
		{"a new record", "", nil, ""},
		{"a changed record", recordOfOne, nil, recordOfOne},
		{"a record that was edited", recordOfOne, func() error { return os.WriteFile(path, []byte(edited), 0o644) }, edited},
		{"a new record that was edited", "", func() error { return os.WriteFile(path, []byte(edited), 0o644) }, edited},
		{"a record that was removed", recordOfOne, func() error { return os.Remove(path) }, ""},
		{"a new record that was removed", "", func() error { return os.Remove(path) }, ""},
	} {
		s.remove("etc", "certificates", string(id)+".toml")
		if row.before != "" {
			s.record(row.before)
		}
		met := false
		_, err := m.Certify(t.Context(), request("www.example.test", "example.test"), func(step acmecore.Step) {
			if row.meanwhile == nil || met || step.Stage != "order" {
				return
			}
			met = true
			if got := s.read("etc", "certificates", string(id)+".toml"); !strings.Contains(got, "'example.test'") {
				t.Errorf("%s: while it is ordered: got\n%s", row.what, got)
			}
			if err := row.meanwhile(); err != nil {
				t.Error(err)
			}
		})
		if acmecore.KindOf(err) != acmecore.Refused || met != (row.meanwhile != nil) {
			t.Fatalf("%s: got %v, want a refusal", row.what, err)
		}
		got, err := os.ReadFile(path)
		if string(got) != row.want || (err != nil) != (row.want == "") {
			t.Errorf("%s: got %q, %v; want %q", row.what, got, err, row.want)
		}
	}
}

// TestARecordOfAnotherNameIsRefused: what it asks for would be kept under the first name,
// and be missing under the file's at each pass.
func TestARecordOfAnotherNameIsRefused(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	if err := s.root.PutRecord("shop", []byte("names = [\"www.example.test\", \"shop\"]\n")); err != nil {
		t.Fatal(err)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{}, nil)
	if err != nil || len(run.Certificates) != 1 || run.Certificates[0].Outcome != acmecore.Failed {
		t.Fatalf("a pass: got %+v, %v", run, err)
	}
	const problem = "shop.toml:1:1: file name shop.toml: the first name, www.example.test, wants www_example_test.toml"
	if list := s.list(); len(list) != 1 || list[0].State(s.began) != acmecore.Unusable || !strings.HasSuffix(list[0].Problem, problem) ||
		list[0].Hint != "rename the file, or put the name first that it is called after" {
		t.Errorf("got %+v", list)
	}
	if err := os.Rename(s.path("etc", "certificates", "shop.toml"), s.path("etc", "certificates", string(id)+".toml")); err != nil {
		t.Fatal(err)
	}
	run, err = m.Manage(t.Context(), control.ManageRequest{}, nil)
	if err != nil || len(run.Certificates) != 1 || run.Certificates[0].Outcome != acmecore.Renewed {
		t.Errorf("renamed: got %+v, %v", run, err)
	}
}
