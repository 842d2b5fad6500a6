package manager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/logging"
	"wcme/acmecore/store"
)

// How many entries are answered.
const (
	usualEntries = 100
	mostEntries  = 500
)

// trailLife is how long a verification holds, even where no file seems to have changed:
// whoever can change them can set their times.
const trailLife = 10 * time.Minute

// trailRead remembers what came of verifying the audit trail.
type trailRead struct {
	mu      sync.Mutex
	at      time.Time
	state   store.AuditState
	entries int
	broken  string
}

// Audit implements control.Administration.
func (m *Manager) Audit(ctx context.Context, query acmecore.AuditQuery) (page acmecore.AuditPage, err error) {
	page.Total, page.Broken, err = m.verified()
	if err != nil {
		return page, err
	}
	page.Whole = page.Broken == ""
	page.Entries = []acmecore.AuditEntry{}
	file, size, err := m.root.AuditLog()
	if err != nil || file == nil {
		return page, err
	}
	defer file.Close()
	search := auditSearch{words: strings.Fields(strings.ToLower(query.Words)), before: query.Before,
		limit: atMost(query.Limit, usualEntries, mostEntries), left: maxAudited, page: &page}
	return page, search.back(ctx, logging.NewBackward(file, size))
}

// verified verifies the trail, unless that has just been done.
func (m *Manager) verified() (entries int, broken string, err error) {
	trail := &m.records.trail
	trail.mu.Lock()
	defer trail.mu.Unlock()
	state, err := m.root.AuditState()
	if err != nil {
		return 0, "", err
	}
	if age := m.now().Sub(trail.at); state == trail.state && age >= 0 && age < trailLife {
		return trail.entries, trail.broken, nil
	}
	summary, err := m.root.VerifyAudit()
	var problem *audit.Broken
	if err != nil && !errors.As(err, &problem) {
		return 0, "", err
	}
	trail.at, trail.state, trail.entries, trail.broken = m.now(), state, summary.Entries, brokenSentence(problem)
	return trail.entries, trail.broken, nil
}

// brokenSentence says where the trail is broken, and how.
func brokenSentence(broken *audit.Broken) string {
	if broken == nil {
		return ""
	}
	what := map[audit.How]string{
		audit.Changed:   "has been changed",
		audit.Lost:      "follows on lines that are missing",
		audit.Reordered: "stands in another place than it was written in",
		audit.CutOff:    "is missing, and all that came after it",
		audit.Unrelated: "is not the one that was written there",
	}[broken.How]
	return fmt.Sprintf("line %d %s: %s", broken.Line, what, acmecore.Inert(broken.Text))
}

// auditSearch fills a page, within its bounds.
type auditSearch struct {
	words  []string // small letters
	before uint64
	limit  int
	left   int // bytes that may still be looked at
	size   int // of the answer so far, in bytes
	page   *acmecore.AuditPage
}

// back reads towards the first entry. Lines that are no entries are left out: what the
// verification has to say of them is on the page.
func (s *auditSearch) back(ctx context.Context, lines *logging.Backward) error {
	var last uint64
	for lines.Next() {
		if number := numberOf(lines.Line()); number == 0 || s.before > 0 && number >= s.before {
			continue // before the page begins
		}
		if len(s.page.Entries) >= s.limit || s.size >= maxAnswer || s.left <= 0 {
			s.page.Older, s.page.Looked = last, s.left <= 0
			return ctx.Err()
		}
		s.left -= len(lines.Line())
		var entry audit.Entry
		if err := json.Unmarshal(lines.Line(), &entry); err != nil {
			continue
		}
		last = entry.Number
		s.page.Total = max(s.page.Total, int(min(entry.Number, maxTotal)))
		if s.wants(entry) {
			s.add(entry)
		}
	}
	return errors.Join(lines.Err(), ctx.Err())
}

// maxTotal keeps a number that somebody has made up from being taken for a count.
const maxTotal = 1 << 31

// numberOf is the number of an entry, which each line begins with; 0 for what is none.
func numberOf(line []byte) uint64 {
	rest, found := bytes.CutPrefix(line, []byte(`{"number":`))
	digits, _, more := bytes.Cut(rest[:min(len(rest), 24)], []byte(","))
	number, err := strconv.ParseUint(string(digits), 10, 64)
	if !found || !more || err != nil {
		return 0
	}
	return number
}

func (s *auditSearch) wants(entry audit.Entry) bool {
	if len(s.words) == 0 {
		return true
	}
	text := strings.ToLower(strings.Join([]string{entry.Who, entry.What, entry.Subject, entry.Before, entry.After, entry.Outcome}, "\n"))
	for _, word := range s.words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func (s *auditSearch) add(entry audit.Entry) {
	shown := acmecore.AuditEntry{Number: entry.Number, At: entry.At, Who: acmecore.Inert(entry.Who), What: acmecore.Inert(entry.What), Subject: acmecore.Inert(entry.Subject),
		Before: acmecore.Inert(entry.Before), After: acmecore.Inert(entry.After), Outcome: acmecore.Inert(entry.Outcome)}
	s.size += 200 + len(shown.Who) + len(shown.What) + len(shown.Subject) + len(shown.Before) + len(shown.After) + len(shown.Outcome)
	s.page.Entries = append(s.page.Entries, shown)
}
