// Package records reads for pages what the overseer writes down: its log, a record of
// each run, and the audit trail.
//
// Whoever asks is answered within bounds of work and length, and learns how far that
// came. All that is answered is inert: whoever it came from, it can be shown.
package records

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/logging"
	"wcme/acmecore/store"
)

// Reader reads the records of one state directory, for many at once. It remembers of
// them what every page would read anew otherwise, and changes none.
type Reader struct {
	root    *store.Root
	now     func() time.Time
	log     *slog.Logger // where records are told of that are damaged
	runs    runsRead
	trail   trailRead
	waiters waiters
}

// NewReader returns a reader of the state directory's records, which remembers nothing yet.
func NewReader(root *store.Root, now func() time.Time, log *slog.Logger) *Reader {
	return &Reader{root: root, now: now, log: log}
}

// A query looks at no more than this, and says how far it came: a search for what is
// nowhere ends in good time.
const (
	maxLogRead  = 32 << 20 // bytes of the log
	maxRunsRead = 32 << 20 // bytes of records of runs
	maxAudited  = 32 << 20 // bytes of the audit trail, of entries that were looked at
	maxAnswer   = 1 << 20  // bytes of texts in an answer
)

// atMost is how many of something are answered.
func atMost(asked, usual, most int) int {
	if asked <= 0 {
		return usual
	}
	return min(asked, most)
}

// textSize is about how many bytes a line takes in an answer.
func textSize(line acmecore.LogLine) int {
	size := 100 + len(line.Message)
	for _, attr := range line.Attrs {
		size += 30 + len(attr.Key) + len(attr.Value)
	}
	return size
}

// maxWords are looked for at once: each one is work with every line.
const maxWords = 16

// wordsToFind are the words of a query, each once, in small letters.
func wordsToFind(op, text string) ([]string, error) {
	words := logging.Words(text)
	if len(words) > maxWords {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: op, Cause: fmt.Errorf("%d words are looked for, and no more than %d can be at once", len(words), maxWords),
			Hint: "leave some of them out"}
	}
	return words, nil
}

// isGone tells now and then, of so many lines, whether whoever has asked has gone.
func isGone(ctx context.Context, lines int) bool { return lines%1000 == 0 && ctx.Err() != nil }
