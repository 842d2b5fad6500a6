package records

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/logging"
)

// How many entries are answered.
const (
	usualEntries = 100
	mostEntries  = 500
)

// Audit returns a page of the audit trail, the newest entries first, and whether the trail
// is whole. It fails when the trail cannot be read, and with a kind Invalid for a query
// of too many words.
func (r *Reader) Audit(ctx context.Context, query acmecore.AuditQuery) (page acmecore.AuditPage, err error) {
	words, err := wordsToFind("read the audit trail", query.Words)
	if err != nil {
		return page, err
	}
	verdict, err := r.verified(ctx)
	if err != nil {
		return page, err
	}
	page.Total, page.Broken, page.Whole = verdict.entries, verdict.broken, verdict.broken == ""
	page.Entries = []acmecore.AuditEntry{}
	file, size, err := r.root.AuditLog()
	if err != nil || file == nil {
		return page, err
	}
	defer file.Close()
	search := auditSearch{words: words, before: query.Before,
		limit: atMost(query.Limit, usualEntries, mostEntries), left: maxAudited, page: &page}
	return page, search.back(ctx, logging.NewBackward(file, size))
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
	for count := 1; lines.Next(); count++ {
		if isGone(ctx, count) {
			return ctx.Err()
		}
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
