package manager

import (
	"context"
	"fmt"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/logging"
)

// remembered is what is kept in memory of the records, so that a page need not read
// all of them. Its zero value remembers nothing.
type remembered struct {
	runs    runsRead
	trail   trailRead
	waiting sync.Mutex // of waiters
	waiters int        // that wait for the log
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
