package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// How says in which way a log is broken.
type How string

// The ways.
const (
	Changed   How = "changed"    // the line is not what Append wrote
	Lost      How = "missing"    // lines are missing before it
	Reordered How = "reordered"  // it stands in another place, or twice
	CutOff    How = "cut off"    // lines are missing at the end
	Unrelated How = "other head" // the log goes on otherwise than the head says
)

// Broken is the error for a log that is not as it was written.
type Broken struct {
	Line int // the first one that is not as it should be, from 1
	How  How
	Text string // what was seen, inert
}

// Error reads "line 7: changed: …".
func (b *Broken) Error() string { return fmt.Sprintf("line %d: %s: %s", b.Line, b.How, b.Text) }

// Summary is what a log holds.
type Summary struct {
	Lines       int       `json:"lines"`
	Entries     int       `json:"entries"`
	First, Last time.Time `json:"-"`
	Torn        []int     `json:"torn,omitempty"` // lines that a kill left unfinished
	Head        Head      `json:"head"`
	Bytes       int64     `json:"-"` // that it takes
	before      Head      // the head before the last entry
}

// Verify reads a log to its end, or to the first line where the chain is broken, which
// gives a Broken: the whole log for the zero Summary, and otherwise what has been written
// behind the Bytes of the summary since. all is the summary of the whole log then, and settled the one of its lines that
// have their ends: one that has none may still become another one, so that the next
// verification goes on before it.
func (s Summary) Verify(r io.Reader) (settled, all Summary, err error) {
	settled, all = s, s
	all.Torn = slices.Clone(s.Torn) // what is put behind it stays out of the summary that this began with
	lines := newLines(r)
	for lines.Scan() {
		text, whole := bytes.CutSuffix(lines.Bytes(), []byte("\n"))
		if err := all.take(text, lines); err != nil {
			return settled, all, err
		}
		if all.Bytes += int64(len(lines.Bytes())); whole {
			settled = all
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return settled, all, &Broken{all.Lines + 1, Changed, fmt.Sprintf("it is longer than %d bytes", MaxLine)}
	}
	return settled, all, lines.Err()
}

// take adds a line to the summary, or says how it breaks the chain. The lines are those
// that follow it.
func (s *Summary) take(line []byte, lines *bufio.Scanner) error {
	s.Lines++
	entry, err := parse(line)
	if err != nil {
		if isTorn(line, s.Head.Number+1) {
			s.Torn = append(s.Torn, s.Lines)
			return nil
		}
		return &Broken{s.Lines, Changed, err.Error()}
	}
	if how, text := follows(entry, s.Head); how != "" {
		if how == Lost && comesLater(lines, s.Head.Number+1) {
			how = Reordered
		}
		return &Broken{s.Lines, how, text}
	}
	s.add(entry)
	return nil
}

// newLines reads lines with their ends, as they stand there.
func newLines(r io.Reader) *bufio.Scanner {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxLine)
	lines.Split(func(text []byte, ended bool) (size int, line []byte, err error) {
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			return end + 1, text[:end+1], nil
		}
		if ended && len(text) > 0 {
			return len(text), text, nil
		}
		return 0, nil, nil
	})
	return lines
}

func (s *Summary) add(entry Entry) {
	if s.Entries == 0 {
		s.First = entry.At
	}
	s.Entries++
	s.Last = entry.At
	s.before, s.Head = s.Head, Head{entry.Number, entry.Hash}
}

// Against compares the end of a log with the head that was kept elsewhere, and
// returns a Broken where lines have gone. The log may be one line ahead: its writer
// was killed between the two.
func (s Summary) Against(head Head) error {
	switch {
	case head == s.Head, head == s.before:
		return nil
	case head.Number > s.Head.Number:
		return &Broken{s.Lines + 1, CutOff, fmt.Sprintf("the log ends with entry %d, and entry %d was written", s.Head.Number, head.Number)}
	}
	return &Broken{s.Lines, Unrelated, fmt.Sprintf("entry %d is not the one that was written", head.Number)}
}

// parse reads one line, and accepts nothing but what Append writes.
func parse(line []byte) (entry Entry, err error) {
	if err := json.Unmarshal(line, &entry); err != nil {
		return entry, errors.New("it is no entry")
	}
	again, err := json.Marshal(entry)
	if err != nil || !bytes.Equal(again, line) {
		return entry, errors.New("it is not written as entries are")
	}
	if sum, err := entry.sum(); err != nil || sum != entry.Hash {
		return entry, errors.New("its hash is another one")
	}
	return entry, nil
}

// follows tells how an entry does not follow the head; "" when it does.
func follows(entry Entry, head Head) (how How, text string) {
	want := head.Number + 1
	switch {
	case entry.Number < want:
		return Reordered, fmt.Sprintf("entry %d stands where entry %d should", entry.Number, want)
	case entry.Number > want:
		return Lost, fmt.Sprintf("entry %d stands where entry %d should", entry.Number, want)
	case entry.Previous != head.Hash:
		return Changed, fmt.Sprintf("entry %d does not follow the one before", entry.Number)
	}
	return "", ""
}

// comesLater looks for an entry in what is left of a log.
func comesLater(lines *bufio.Scanner, number uint64) bool {
	for lines.Scan() {
		if entry, err := parse(bytes.TrimSuffix(lines.Bytes(), []byte("\n"))); err == nil && entry.Number == number {
			return true
		}
	}
	return false
}

// isTorn tells whether a line that is no entry is the beginning of the one with the
// number. A power failure can leave NULs after it, in the place of what was not
// written.
func isTorn(line []byte, number uint64) bool {
	begun := strings.TrimRight(string(line), "\x00")
	whole := fmt.Sprintf(`{"number":%d,`, number)
	return len(line) > 0 && !json.Valid(line) && (strings.HasPrefix(begun, whole) || strings.HasPrefix(whole, begun))
}

// Tail returns the head of the last entry in the end of a log, whose first line may
// be cut; the zero Head when there is none, which is no proof of anything.
func Tail(end []byte) (head Head) {
	for line := range bytes.Lines(end) {
		if entry, err := parse(bytes.TrimSuffix(line, []byte("\n"))); err == nil {
			head = Head{entry.Number, entry.Hash}
		}
	}
	return head
}
