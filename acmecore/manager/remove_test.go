package manager_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

func (s *setting) mustRemove(progress acmecore.Progress) {
	s.Helper()
	if err := s.manager().Remove(s.Context(), control.RemoveRequest{ID: id}, progress); err != nil {
		s.Fatal(err)
	}
}

func TestRemoveKeepsEverything(t *testing.T) {
	t.Parallel()
	s := inService(t)
	record, key, product := s.read("etc", "certificates", string(id)+".toml"), s.read(s.current("key.pem")...), s.read("ssl", "fullchain_"+string(id)+".pem")
	installed := s.details().Files[0].Path
	if _, err := s.root.OpenJournal(id, order("www.example.test")); err != nil {
		t.Fatal(err)
	}
	heard := new(steps)
	s.mustRemove(heard.of("remove", nil))
	s.gone("etc", "certificates", string(id)+".toml")
	s.gone("priv", "orders", string(id))
	if s.read("etc", "certificates", string(id)+".toml.removed") != record || s.read(s.current("key.pem")...) != key ||
		s.read("ssl", "fullchain_"+string(id)+".pem") != product {
		t.Error("a file is not what it was")
	}
	if text, err := os.ReadFile(installed); err != nil || string(text) != product {
		t.Errorf("the installed file: %v", err)
	}
	for _, said := range []string{"its record is here from now on", "its keys and versions stay here", "is not renewed any more"} {
		if !heard.has("remove", said) {
			t.Errorf("no step says that %s: %q", said, heard.list)
		}
	}
	if list := s.list(); len(list) != 0 {
		t.Errorf("still listed: %+v", list)
	}
	if run, err := s.manager().Manage(t.Context(), control.ManageRequest{}, nil); err != nil || run.Managed != 0 {
		t.Errorf("the next pass looks at %d, %v", run.Managed, err)
	}
	if audit := s.read("log", "audit.log"); !strings.Contains(audit, `"what":"stop managing","subject":"www_example_test","before":"version 000001`) ||
		!strings.Contains(audit, `"after":"not managed","outcome":"done"`) {
		t.Errorf("audit: %s", audit)
	}

	// The record put back by hand is all that it takes.
	if err := os.Rename(s.path("etc", "certificates", string(id)+".toml.removed"), s.path("etc", "certificates", string(id)+".toml")); err != nil {
		t.Fatal(err)
	}
	if c := s.details().Certificate; c.Version != "000001" || c.State(time.Now()) != acmecore.Valid {
		t.Errorf("put back: got %+v", c)
	}
}

// TestRemoveTwice: no record is written over.
func TestRemoveTwice(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	for _, text := range []string{recordOfOne + "# one\n", recordOfOne + "# two\n", recordOfOne + "# three\n"} {
		s.record(text)
		s.mustRemove(nil)
	}
	for end, want := range map[string]string{"": "# three", "-2": "# one", "-3": "# two"} {
		if text := s.read("etc", "certificates", string(id)+".toml.removed"+end); !strings.Contains(text, want) {
			t.Errorf(".removed%s: got %q, want %q", end, text, want)
		}
	}
}

func TestRemoveOfWhatIsNotManaged(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	for asked, want := range map[acmecore.ID]acmecore.Kind{id: acmecore.NotFound, "../../etc/passwd": acmecore.Invalid, "": acmecore.Invalid} {
		if err := s.manager().Remove(t.Context(), control.RemoveRequest{ID: asked}, nil); err == nil || acmecore.KindOf(err) != want {
			t.Errorf("%q: got %v, want it %s", asked, err, want)
		}
	}
}

// TestRemoveOfADamagedRecord: whatever it says, it can be put aside.
func TestRemoveOfADamagedRecord(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.record("names = [")
	s.mustRemove(nil)
	if list := s.list(); len(list) != 0 {
		t.Errorf("still listed: %+v", list)
	}
}
