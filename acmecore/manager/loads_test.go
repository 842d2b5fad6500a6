package manager_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
)

// lastRun returns the record of the last run.
func (s *setting) lastRun() acmecore.Run {
	s.Helper()
	ids, err := s.root.Runs(1)
	if err != nil || len(ids) != 1 {
		s.Fatalf("got %v, %v; want a run", ids, err)
	}
	run, err := s.root.Run(ids[0])
	if err != nil {
		s.Fatal(err)
	}
	return run
}

func TestACheckOfTheLoadActionsIsRecorded(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[[load]]\nname = \"well\"\nrun = \"echo well\"\n[[load]]\nname = \"ill\"\nrun = \"echo ill; exit 3\"\n")
	s.record(recordOfOne)
	results, err := s.manager().CheckLoad(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	run := s.lastRun()
	if _, err := store.ParseRunID(run.ID); err != nil || run.Trigger != "check load" || run.By != me() || run.Managed != 1 || len(run.Certificates) != 0 ||
		run.Began.IsZero() || run.Ended.Before(run.Began) {
		t.Errorf("got %+v, %v", run, err)
	}
	if len(run.Loads) != 2 || run.Loads[0].Commands[0].Output != results[0].Commands[0].Output || run.Loads[1].Problem != results[1].Problem || run.Loads[1].Problem == "" {
		t.Errorf("got %+v, want %+v", run.Loads, results)
	}
	if _, err := s.manager().CheckLoad(t.Context(), "other", nil); err == nil || s.lastRun().ID != run.ID {
		t.Errorf("of one that there is not: got %v and a run", err)
	}
}

// TestWhatALoadCommandSaysIsShortInReports, whatever it says: its beginning and its end
// are there.
func TestWhatALoadCommandSaysIsShortInReports(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	s.write(s.read("etc", "wcme.toml")+`[verify]
ports = []
[report]
mail = ["root"]
opcom = ["none"]
[[load]]
name = "loud"
run = "printf 'ä%.0s' $(seq 5000); echo the end; exit 3"
`, "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	s.record(recordOfOne)
	if _, err := m.Manage(t.Context(), control.ManageRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	run := s.lastRun()
	if len(run.Certificates) != 1 || len(run.Loads) != 1 {
		t.Fatalf("got %+v", run)
	}
	got := run.Loads[0].Problem
	if len(got) > 300 || !strings.HasPrefix(got, "it ended with status 3: ") || !strings.HasSuffix(got, "ä the end") && !strings.HasSuffix(got, "äthe end") ||
		got != acmecore.Inert(got) {
		t.Errorf("got %d bytes: %q", len(got), got)
	}
	if got := len(run.Loads[0].Commands[0].Output); got < 5000 {
		t.Errorf("the record has %d bytes of what it said, want more", got)
	}
	if got, want := run.Certificates[0].Problem, "load action loud: "+got; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	messages, err := s.root.Spool().List()
	if err != nil || len(messages) != 1 {
		t.Fatalf("got %v, %v; want one message", messages, err)
	}
}
