// Package overview is the list of all certificates as pages show it: sorted, a page of
// those that were asked for, with the days to come and what needs attention.
//
// An Index knows all certificates, so that ten thousand of them need not be read for each
// page that is shown. Of is what a query asks of them: a pure function of the entries,
// the query and the time.
//
// What a certificate is like, and which files that was read from, an Index asks of its
// Source. It opens no file itself, and compares stamps only. It changes nothing, and asks
// nobody outside.
package overview

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
)

// Entry is one certificate as the list shows it. It is not changed any more: there is
// another one as soon as a file has changed that it was read from.
type Entry struct {
	acmecore.Certificate
	text                   string // what words are looked for in, in lower case
	windowStart, windowEnd time.Time
}

// newEntry makes one of what was read.
func newEntry(read Reading) *Entry {
	e := &Entry{Certificate: read.Certificate, windowStart: read.WindowStart, windowEnd: read.WindowEnd}
	parts := []string{string(e.ID), e.CA, e.Profile, e.Issuer}
	for _, name := range e.Names {
		parts = append(parts, string(name))
	}
	e.text = strings.ToLower(strings.Join(parts, "\n")) // no word has a line's end in it
	return e
}

// called is what the list calls it: its first name, and where it has none its ID.
func (e *Entry) called() string {
	if len(e.Names) == 0 {
		return string(e.ID)
	}
	return string(e.Names[0])
}

// byName sorts by what they are called, and otherwise by the ID.
func byName(a, b *Entry) int {
	if order := strings.Compare(a.called(), b.called()); order != 0 {
		return order
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

// The sizes of a page of the list.
const (
	usualSize = 50
	mostSize  = 200
)

// Completed fills in what the query leaves open. What there is not, it refuses with an
// error of kind Invalid.
func Completed(query acmecore.Query) (acmecore.Query, error) {
	if query.Sort == "" {
		query.Sort = acmecore.ByName
	}
	if comparison(query.Sort) == nil {
		return query, unknown("column", string(query.Sort))
	}
	if !isSelection(query.State) {
		return query, unknown("state", query.State)
	}
	if query.Size < 1 {
		query.Size = usualSize
	}
	query.Size, query.Page = min(query.Size, mostSize), max(query.Page, 1)
	return query, nil
}

func unknown(what, text string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "list certificates by", Subject: what + " " + fmt.Sprintf("%.80q", text),
		Cause: errors.New("there is no such " + what), Hint: "take one that the list offers"}
}

// isSelection tells whether certificates can be selected by the text.
func isSelection(text string) bool {
	switch acmecore.State(text) {
	case "", acmecore.Attention, acmecore.Valid, acmecore.Due, acmecore.Expired, acmecore.Missing, acmecore.Unusable:
		return true
	}
	return serviceRank(acmecore.Service(text)) != unranked
}
