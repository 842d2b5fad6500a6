package proving_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
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

// sweep is what an overseer does first, and then has hooks do.
func (s *setting) sweep() {
	s.Helper()
	if err := s.recovered().SweepHooks(s.Context(), func(acmecore.Step) {}); err != nil {
		s.Errorf("sweep: %v", err)
	}
}

// TestHookThatFailsInTheEndIsNotCalledForever: nor does anything else fail for it.
func TestHookThatFailsInTheEndIsNotCalledForever(t *testing.T) {
	t.Parallel()
	table, record := lab.RecordingHook(t, "a", "uacme", "")
	s := newSetting(t, strings.Replace(table, "env = {", "env = { STATUS = \"3\",", 1))
	key := s.noteHook("a", true)
	s.sweep()
	s.sweep()
	text, err := os.ReadFile(record)
	if err != nil || strings.Count(string(text), "\n") != 1 || !strings.HasPrefix(string(text), "failed dns-01 example.test ") || s.noted(key) {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestDamagedNoteOfAHookIsPutAway(t *testing.T) {
	t.Parallel()
	table, record := lab.RecordingHook(t, "a", "uacme", "")
	s := newSetting(t, table)
	key := s.noteHook("a", true)
	s.write("{", "priv", "hooks", "a", string(hookToken)+".json")
	_ = s.prover().EndHooks()
	s.sweep()
	if _, err := os.Stat(record); err == nil || s.noted(key) {
		t.Errorf("the hook was called, or the note is still there: %v", err)
	}
}

// TestHookThatUsesUpItsTimeIsNotCalledAgain goes by the log: in its time, the hook may not
// even have come to its first line.
func TestHookThatUsesUpItsTimeIsNotCalledAgain(t *testing.T) {
	t.Parallel()
	table, record, _ := lab.HangingHook(t, "timeout = \"1s\"")
	s := newSetting(t, table)
	key := s.noteHook("a", true)
	var log bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	s.sweep()
	s.sweep()
	text, _ := os.ReadFile(record)
	if n := strings.Count(log.String(), "a hook did not end what a killed run has left"); n != 1 || strings.Count(string(text), "\n") > 1 || s.noted(key) {
		t.Errorf("the hook was called %d times; the note is there: %v; record %q, log %s", n, s.noted(key), text, log.String())
	}
}

// TestOrderBeginsAnewWhatIsLeft: a CA may give the same challenge again, and what a sweep
// is about to end does not answer it.
func TestOrderBeginsAnewWhatIsLeft(t *testing.T) {
	t.Parallel()
	table, record := lab.RecordingHook(t, "a", "dehydrated", "check = false")
	s := newSetting(t, table)
	key := s.noteHook("a", true)
	p := s.recovered()
	ways, release, err := prepare(t.Context(), p, byDNS, "*.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	response := order.Response{Method: acmecore.DNS01, Name: "*.example.test", Token: hookToken, KeyAuthorization: string(hookToken) + ".x", Record: "x"}
	if err := ways.Publish(t.Context(), response); err != nil {
		t.Fatal(err)
	}
	if err := p.SweepHooks(t.Context(), func(acmecore.Step) {}); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(record)
	if lines := strings.Split(string(text), "\n"); err != nil || len(lines) != 3 || !strings.HasPrefix(lines[0], "clean_challenge ") || !strings.HasPrefix(lines[1], "deploy_challenge ") {
		t.Errorf("got %q, %v", text, err)
	}
	if !s.noted(key) {
		t.Error("the note of the order is gone")
	}
}
