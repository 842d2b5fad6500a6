package records_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
)

// runID names a run of that minute.
func runID(minute int) string { return fmt.Sprintf("20261121T%02d%02d00-0000", minute/60, minute%60) }

func (s *setting) run(minute int, ids ...acmecore.ID) acmecore.Run {
	s.Helper()
	run := acmecore.Run{ID: runID(minute), Trigger: "schedule", Began: time.Date(2026, time.November, 21, minute/60, minute%60, 0, 0, time.UTC), Managed: 7}
	for _, id := range ids {
		run.Certificates = append(run.Certificates, acmecore.Treated{ID: id, Outcome: acmecore.Failed, Problem: "no"})
	}
	if err := s.root.PutRun(run); err != nil {
		s.Fatal(err)
	}
	return run
}

func runsOf(list acmecore.RunList) (ids string) {
	for _, run := range list.Runs {
		ids += run.ID[9:13] + " "
	}
	return strings.TrimSpace(ids)
}

func TestRunsAreListed(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	if list, err := reader.Runs(t.Context(), acmecore.RunQuery{}); err != nil || list.Runs == nil || len(list.Runs) != 0 || list.Older != "" {
		t.Errorf("without runs: %+v, %v", list, err)
	}
	for minute := range 10 {
		s.run(minute, acmecore.ID(fmt.Sprintf("c%d", minute%2)), "all")
	}
	for _, row := range []struct {
		query acmecore.RunQuery
		want  string
		older string
	}{
		{acmecore.RunQuery{Limit: 3}, "0009 0008 0007", runID(7)},
		{acmecore.RunQuery{Limit: 3, Before: runID(7)}, "0006 0005 0004", runID(4)},
		{acmecore.RunQuery{Before: runID(2)}, "0001 0000", ""},
		{acmecore.RunQuery{Certificate: "c1", Limit: 2}, "0009 0007", runID(7)},
		{acmecore.RunQuery{Certificate: "c1", Before: runID(3)}, "0001", ""},
		{acmecore.RunQuery{Certificate: "nobody"}, "", ""},
	} {
		list, err := reader.Runs(t.Context(), row.query)
		if err != nil || runsOf(list) != row.want || list.Older != row.older {
			t.Errorf("%+v: %q, older %q, %v; want %q, older %q", row.query, runsOf(list), list.Older, err, row.want, row.older)
		}
	}
	list, err := reader.Runs(t.Context(), acmecore.RunQuery{Limit: 1})
	if err != nil || list.Runs[0].Outcomes[acmecore.Failed] != 2 || list.Runs[0].Managed != 7 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestRunsAreReadAnewWhenTheyChange is about the records of runs that go on, and of
// those that have been damaged.
func TestRunsAreReadAnewWhenTheyChange(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	s.run(0, "a")
	s.run(1, "a")
	if list, err := reader.Runs(t.Context(), acmecore.RunQuery{Certificate: "b"}); err != nil || len(list.Runs) != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	s.run(1, "a", "b")
	if list, err := reader.Runs(t.Context(), acmecore.RunQuery{Certificate: "b"}); err != nil || runsOf(list) != "0001" {
		t.Errorf("%+v, %v", list, err)
	}
	s.write("nonsense", "log", "runs", runID(0)+".json")
	if list, err := reader.Runs(t.Context(), acmecore.RunQuery{}); err != nil || runsOf(list) != "0001" {
		t.Errorf("with a damaged record: %+v, %v", list, err)
	}
}

// TestManyLongRunsAreReadInBounds has records of 8 MB each, and looks for a certificate
// that is in none.
func TestManyLongRunsAreReadInBounds(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	run := s.run(0)
	for i := range 4000 {
		run.Certificates = append(run.Certificates, acmecore.Treated{ID: acmecore.ID(fmt.Sprintf("c%d", i)), Outcome: acmecore.Failed, Problem: strings.Repeat("x", 2000)})
	}
	for minute := range 12 {
		run.ID = runID(minute)
		if err := s.root.PutRun(run); err != nil {
			t.Fatal(err)
		}
	}
	query, pages := acmecore.RunQuery{Certificate: "nobody"}, 1
	for ; pages < 20; pages++ {
		list, err := reader.Runs(t.Context(), query)
		if err != nil || len(list.Runs) > 0 {
			t.Fatalf("%+v, %v", list, err)
		}
		if query.Before = list.Older; query.Before == "" {
			break
		}
	}
	if pages != 3 {
		t.Errorf("96 MB took %d pages, want 3", pages)
	}
	for minute := range 12 {
		s.spoilBehind("log", "runs", runID(minute)+".json")
	}
	if list, err := reader.Runs(t.Context(), acmecore.RunQuery{Certificate: "c3999"}); err != nil || len(list.Runs) != 12 {
		t.Errorf("%d runs, %v; want 12, of which none is read again", len(list.Runs), err)
	}
}

// spoilBehind spoils a file behind the back of its times: it is found by whoever reads it.
func (s *setting) spoilBehind(elements ...string) {
	s.Helper()
	path := s.path(elements...)
	info, err := os.Stat(path)
	if err != nil {
		s.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		s.Fatal(err)
	}
	_, err = file.WriteAt([]byte("x"), 0)
	if err := errors.Join(err, file.Close(), os.Chtimes(path, time.Time{}, info.ModTime())); err != nil {
		s.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	want := s.run(5, "a")
	if got, err := reader.Run(t.Context(), want.ID); err != nil || got.ID != want.ID || len(got.Certificates) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, id := range []string{runID(6), "", "x", "../audit", runID(5) + "\x00", strings.Repeat("9", 9999)} {
		if _, err := reader.Run(t.Context(), id); acmecore.KindOf(err) != acmecore.NotFound || acmecore.HintOf(err) == "" {
			t.Errorf("%.30q: %v, want that it is not found", id, err)
		}
	}
	if _, err := reader.Runs(t.Context(), acmecore.RunQuery{Before: "../x"}); acmecore.KindOf(err) != acmecore.Invalid {
		t.Errorf("runs before what is none: %v", err)
	}
}

func (s *setting) trail(n int) {
	s.Helper()
	for i := range n {
		if err := s.root.Audit(audit.Entry{Who: fmt.Sprintf("user u%d", i%3), What: "certify", Subject: fmt.Sprintf("c%d", i+1), Outcome: "done"}); err != nil {
			s.Fatal(err)
		}
	}
}

func subjects(page acmecore.AuditPage) (text string) {
	for _, entry := range page.Entries {
		text += entry.Subject + " "
	}
	return strings.TrimSpace(text)
}

func TestAuditIsListed(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	if page, err := reader.Audit(t.Context(), acmecore.AuditQuery{}); err != nil || !page.Whole || page.Total != 0 || page.Entries == nil {
		t.Errorf("without a trail: %+v, %v", page, err)
	}
	s.trail(7)
	for _, row := range []struct {
		query acmecore.AuditQuery
		want  string
		older uint64
	}{
		{acmecore.AuditQuery{}, "c7 c6 c5 c4 c3 c2 c1", 0},
		{acmecore.AuditQuery{Limit: 3}, "c7 c6 c5", 5},
		{acmecore.AuditQuery{Limit: 3, Before: 5}, "c4 c3 c2", 2},
		{acmecore.AuditQuery{Limit: 3, Before: 2}, "c1", 0},
		{acmecore.AuditQuery{Words: "U1 CERTIFY"}, "c5 c2", 0},
		{acmecore.AuditQuery{Words: "certify nobody"}, "", 0},
		{acmecore.AuditQuery{Before: 1 << 60}, "c7 c6 c5 c4 c3 c2 c1", 0},
	} {
		page, err := reader.Audit(t.Context(), row.query)
		if err != nil || subjects(page) != row.want || page.Older != row.older || !page.Whole || page.Total != 7 {
			t.Errorf("%+v: %q, older %d, %v; want %q, older %d", row.query, subjects(page), page.Older, err, row.want, row.older)
		}
	}
}

// TestBrokenAuditIsShown breaks the trail in each way, after it was found whole.
func TestBrokenAuditIsShown(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct {
		damage func(lines []string) []string
		want   string
	}{
		"a changed line": {func(l []string) []string { l[2] = strings.Replace(l[2], "certify", "restore", 1); return l }, "line 3 has been changed: "},
		"a missing line": {func(l []string) []string { return append(l[:2], l[3:]...) }, "line 3 follows on lines that are missing: entry 4 stands where entry 3 should"},
		"another order":  {func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, "line 3 stands in another place than it was written in: "},
		"a cut end":      {func(l []string) []string { return l[:3] }, "line 4 is missing, and all that came after it: "},
		"a line of markup": {func(l []string) []string { l[2] = "<script>\n"; return l },
			"line 3 has been changed: it is no entry"},
	} {
		s := newSetting(t)
		reader := s.reader()
		s.trail(6)
		if page, err := reader.Audit(t.Context(), acmecore.AuditQuery{}); err != nil || !page.Whole {
			t.Fatalf("%s: %+v, %v", what, page, err)
		}
		lines := strings.SplitAfter(s.read("log", "audit.log"), "\n")
		s.write(strings.Join(row.damage(lines[:6]), ""), "log", "audit.log")
		page, err := reader.Audit(t.Context(), acmecore.AuditQuery{})
		if err != nil || page.Whole || !strings.HasPrefix(page.Broken, row.want) || len(page.Entries) < 3 {
			t.Errorf("%s: %+v, %v; want %q", what, page, err, row.want)
		}
	}
}
