package records_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/records"
)

// isWhole tells whether the page finds the trail whole, with so many entries.
func isWhole(t *testing.T, reader *records.Reader, entries int) bool {
	t.Helper()
	page, err := reader.Audit(t.Context(), acmecore.AuditQuery{})
	if err != nil || page.Whole && page.Total != entries {
		t.Fatalf("got %+v, %v; want %d entries", page, err, entries)
	}
	return page.Whole
}

// tamper changes the first entry behind the back of the file's times.
func (s *setting) tamper() {
	s.Helper()
	path := s.path("log", "audit.log")
	info, err := os.Stat(path)
	if err != nil {
		s.Fatal(err)
	}
	s.write(strings.Replace(s.read("log", "audit.log"), "certify", "restore", 1), "log", "audit.log")
	if err := os.Chtimes(path, time.Time{}, info.ModTime()); err != nil {
		s.Fatal(err)
	}
}

// TestVerificationGoesOnWhereItEnded: a page verifies what is new, and every ten minutes
// all there is.
func TestVerificationGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	s.trail(3)
	if !isWhole(t, reader, 3) {
		t.Fatal("it is not whole")
	}
	s.tamper()
	if !isWhole(t, reader, 3) {
		t.Error("it was verified again")
	}
	s.trail(2)
	if !isWhole(t, reader, 5) {
		t.Error("all of it was verified again for two more entries")
	}
	reader.AgeTrail(10 * time.Minute)
	if isWhole(t, reader, 5) {
		t.Error("it was not verified again after ten minutes")
	}
	s.trail(1)
	if isWhole(t, reader, 6) {
		t.Error("what is broken has become whole by another entry")
	}
}

// TestNewEntriesAreVerified: one that does not follow the last one is found at once.
func TestNewEntriesAreVerified(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	s.trail(3)
	if !isWhole(t, reader, 3) {
		t.Fatal("it is not whole")
	}
	line, head, err := audit.Append(audit.Head{Number: 3, Hash: strings.Repeat("0", 64)}, audit.Entry{Who: "user mallory", What: "nothing"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	s.write(s.read("log", "audit.log")+string(line), "log", "audit.log")
	s.write(string(text), "priv", "audit-head")
	if isWhole(t, reader, 4) {
		t.Error("an entry that follows another trail was not found")
	}
}

// TestAPageOfALongTrailReadsWhatIsNew: 40 MB are verified once, and not again for a page
// with a new entry, which would find what was done to the first one.
func TestAPageOfALongTrailReadsWhatIsNew(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	const entries = 1200
	var head audit.Head
	var text strings.Builder
	long := strings.Repeat("x", 8<<10)
	for range entries {
		line, next, err := audit.Append(head, audit.Entry{Who: long, What: "certify", Subject: long, Before: long, After: long})
		if err != nil {
			t.Fatal(err)
		}
		text.Write(line)
		head = next
	}
	last, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	s.write(text.String(), "log", "audit.log")
	s.write(string(last), "priv", "audit-head")
	if !isWhole(t, reader, entries) {
		t.Fatal("it is not whole")
	}
	s.tamper()
	s.trail(1)
	if !isWhole(t, reader, entries+1) {
		t.Error("all of it was verified again for one more entry")
	}
	if isWhole(t, s.reader(), entries+1) {
		t.Error("who has verified nothing yet finds it whole")
	}
}

// TestATrailIsVerifiedForTheNextOneToo: whoever does not wait for the end of it has it
// found by whoever comes next.
func TestATrailIsVerifiedForTheNextOneToo(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	s.trail(3)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := reader.Audit(gone, acmecore.AuditQuery{}); err == nil {
		t.Error("a page was shown to nobody")
	}
	if !isWhole(t, reader, 3) {
		t.Error("it is not whole")
	}
}
