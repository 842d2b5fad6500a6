package manager_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
	"wcme/deploy/lab"
)

const hookToken = acmecore.Token("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA")

// noteHook makes a note as a killed run has left it.
func (s *setting) noteHook(name string, answered bool) store.HookNote {
	s.Helper()
	key := store.HookNote{Hook: name, Token: hookToken}
	note, err := json.Marshal(map[string]any{"answered": answered, "challenge": map[string]any{
		"method": "dns-01", "name": "*.example.test", "token": hookToken, "key_authorization": string(hookToken) + ".x"}})
	if err == nil {
		err = s.root.NoteHook(key, note)
	}
	if err != nil {
		s.Fatal(err)
	}
	return key
}

// noted tells whether the note is there.
func (s *setting) noted(key store.HookNote) bool {
	s.Helper()
	note, err := s.root.HookNoted(key)
	if err != nil {
		s.Fatal(err)
	}
	return note != nil
}

// sweep is the first one of an overseer.
func (s *setting) sweep() {
	s.Helper()
	if err := s.manager().Sweep(s.Context()); err != nil {
		s.Errorf("sweep: %v", err)
	}
}

// TestWhatHooksHaveBegunIsEnded is C12 where nobody goes on with the order.
func TestWhatHooksHaveBegunIsEnded(t *testing.T) {
	t.Parallel()
	table, record := lab.RecordingHook(t, "a", "dehydrated", "")
	s := newSetting(t, table)
	keys := []store.HookNote{s.noteHook("a", true), s.noteHook("gone", true)}
	journal, err := s.root.OpenJournal(id, order("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	s.record(recordOfOne)
	s.sweep()
	if _, err := os.Stat(record); err == nil || !s.noted(keys[0]) || !s.noted(keys[1]) {
		t.Errorf("with an order in flight, the hook was called: %v", err)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	s.manager()
	if _, err := os.Stat(record); err == nil {
		t.Error("recovery has waited for the hook")
	}
	s.sweep()
	s.sweep()
	text, err := os.ReadFile(record)
	if got := string(text); err != nil || strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "clean_challenge example.test "+string(hookToken)+" ") {
		t.Errorf("got %q, %v", text, err)
	}
	for _, key := range keys {
		if s.noted(key) {
			t.Errorf("the note of %s is still there", key.Hook)
		}
	}
}

// TestHookIsLookedAtBeforeTheOrder is of what the host alone shows.
func TestHookIsLookedAtBeforeTheOrder(t *testing.T) {
	t.Parallel()
	table, record := lab.RecordingHook(t, "a", "lego", "check = false\nenv_file = \"etc/a.env\"")
	for _, c := range []struct {
		name, says string
		change     func(s *setting, program string) error
	}{
		{"no file of variables", "read env_file of hook a: read secret etc/a.env", func(*setting, string) error { return nil }},
		{"a program that others can write", "check hook a: ", func(s *setting, program string) error {
			s.write("A=1\n", "etc", "a.env")
			return os.Chmod(program, 0o775)
		}},
	} {
		s := registered(t, table)
		if err := c.change(s, filepath.Join(filepath.Dir(record), "program")); err != nil {
			t.Fatal(err)
		}
		m := s.unrecovered()
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the configuration's check says %v, want %q", c.name, err, c.says)
		}
		_, err := m.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"*.example.test"}}, nil)
		if err == nil || !strings.Contains(err.Error(), c.says) || acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
	}
	if _, err := os.Stat(record); err == nil {
		t.Error("the hook was called")
	}
}
