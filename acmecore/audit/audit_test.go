package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore/audit"
)

// written makes a log of so many entries, and returns its lines and its head.
func written(t *testing.T, entries int) (lines []string, head audit.Head) {
	t.Helper()
	for i := range entries {
		line, next, err := audit.Append(head, audit.Entry{
			At: time.Date(2026, 11, 21, 0, 20, i, 123456789, time.FixedZone("", 3600)), Who: "user alice (uid 33)",
			What: "restore", Subject: "www_example_org", Before: "000002", After: fmt.Sprintf("00000%d", i), Outcome: "done"})
		if err != nil {
			t.Fatal(err)
		}
		lines, head = append(lines, string(line)), next
	}
	return lines, head
}

func TestALogIsJSONLinesInAChain(t *testing.T) {
	lines, head := written(t, 2)
	const want = `{"number":2,"at":"2026-11-20T23:20:01.123456789Z","who":"user alice (uid 33)","what":"restore","subject":"www_example_org",` +
		`"before":"000002","after":"000001","outcome":"done","previous":"`
	if !strings.HasPrefix(lines[1], want) || !strings.HasSuffix(lines[1], `"hash":"`+head.Hash+"\"}\n") || len(head.Hash) != 64 || head.Number != 2 {
		t.Errorf("got %s, head %+v", lines[1], head)
	}
}

func TestVerifySaysWhereALogIsBrokenAndHow(t *testing.T) {
	long := strings.Repeat("x", audit.MaxLine) + "\n"
	for _, row := range []struct {
		what string
		edit func(lines []string) []string
		line int
		how  audit.How // "" when it is sound
	}{
		{"untouched", func(l []string) []string { return l }, 0, ""},
		{"a word changed", func(l []string) []string {
			l[2] = strings.Replace(l[2], "alice", "mallo", 1)
			return l
		}, 3, audit.Changed},
		{"a blank added", func(l []string) []string { l[2] = " " + l[2]; return l }, 3, audit.Changed},
		{"a field added", func(l []string) []string { l[2] = strings.Replace(l[2], "{", `{"x":1,`, 1); return l }, 3, audit.Changed},
		{"a field said twice", func(l []string) []string {
			l[2] = strings.Replace(l[2], `"who":`, `"who":"x","who":`, 1)
			return l
		}, 3, audit.Changed},
		{"a line replaced by garbage", func(l []string) []string { l[2] = "garbage\n"; return l }, 3, audit.Changed},
		{"a line emptied", func(l []string) []string { l[2] = "\n"; return l }, 3, audit.Changed},
		{"a line too long", func(l []string) []string { l[2] = long; return l }, 3, audit.Changed},
		{"the first line taken away", func(l []string) []string { return l[1:] }, 1, audit.Lost},
		{"a line taken away", func(l []string) []string { return slices.Delete(l, 2, 3) }, 3, audit.Lost},
		{"a line cut in the middle", func(l []string) []string { l[2] = l[2][:40] + "\n"; return l }, 4, audit.Lost},
		{"two lines exchanged", func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, 3, audit.Reordered},
		{"a line repeated", func(l []string) []string { return slices.Insert(l, 3, l[2]) }, 4, audit.Reordered},
		{"a line written anew, hash and all", func(l []string) []string {
			line, _, _ := audit.Append(audit.Head{Number: 2, Hash: audit.Tail([]byte(l[1])).Hash}, audit.Entry{Who: "mallory", What: "nothing"})
			l[2] = string(line)
			return l
		}, 4, audit.Changed},
	} {
		lines, _ := written(t, 6)
		summary, err := audit.Verify(strings.NewReader(strings.Join(row.edit(lines), "")))
		broken := &audit.Broken{}
		if row.how == "" {
			if err != nil || summary.Entries != 6 || summary.Lines != 6 || !summary.Last.After(summary.First) {
				t.Errorf("%s: got %+v, %v", row.what, summary, err)
			}
		} else if !errors.As(err, &broken) || broken.Line != row.line || broken.How != row.how {
			t.Errorf("%s: got %v, want line %d: %s", row.what, err, row.line, row.how)
		}
	}
}

// TestEveryChangedByteIsNoticed changes each one in turn, in each line but the ends
// of the lines' own.
func TestEveryChangedByteIsNoticed(t *testing.T) {
	lines, head := written(t, 3)
	text := []byte(strings.Join(lines, ""))
	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 1
		summary, err := audit.Verify(bytes.NewReader(changed))
		if err == nil {
			err = summary.Against(head)
		}
		if err == nil {
			t.Errorf("byte %d, %q as %q, was not noticed", i, text[i], changed[i])
		}
	}
}

func TestTheHeadShowsWhatIsMissingAtTheEnd(t *testing.T) {
	lines, head := written(t, 6)
	_, before := written(t, 5)
	_, long := written(t, 4)
	for _, row := range []struct {
		what  string
		lines int
		head  audit.Head
		how   audit.How
	}{
		{"whole", 6, head, ""},
		{"killed between the line and the head", 6, before, ""},
		{"the last line taken away", 5, head, audit.CutOff},
		{"all taken away", 0, head, audit.CutOff},
		{"an old head", 6, long, audit.Unrelated},
		{"another head", 6, audit.Head{Number: 6, Hash: "x"}, audit.Unrelated},
		{"nothing ever written", 0, audit.Head{}, ""},
		{"killed before the first head", 1, audit.Head{}, ""},
	} {
		summary, err := audit.Verify(strings.NewReader(strings.Join(lines[:row.lines], "")))
		if err != nil {
			t.Fatal(err)
		}
		err = summary.Against(row.head)
		broken := &audit.Broken{}
		if errors.As(err, &broken); broken.How != row.how {
			t.Errorf("%s: got %v, want %q", row.what, err, row.how)
		}
	}
}

// TestALineThatAKillHasCutIsCounted cuts the last line at each byte, and goes on.
func TestALineThatAKillHasCutIsCounted(t *testing.T) {
	lines, _ := written(t, 3)
	last := lines[2]
	for cut := range len(last) - 1 {
		for _, filling := range []string{"", "\x00\x00"} {
			log := lines[0] + lines[1] + last[:cut] + filling
			next, head, err := audit.Append(audit.Tail([]byte(log)), audit.Entry{Who: "uid 0", What: "manage"})
			if err != nil || head.Number != 3 {
				t.Fatalf("cut at %d: the next one is %+v, %v", cut, head, err)
			}
			torn := 0
			if cut+len(filling) > 0 {
				log, torn = log+"\n", 1
			}
			summary, err := audit.Verify(strings.NewReader(log + string(next)))
			if err != nil || summary.Entries != 3 || len(summary.Torn) != torn || summary.Against(head) != nil {
				t.Fatalf("cut at %d: got %+v, %v", cut, summary, err)
			}
		}
	}
}

func TestAnEntryOfAnythingVerifies(t *testing.T) {
	var log bytes.Buffer
	var head audit.Head
	hostile := []string{"\n{", "\xff\xfe", "\u2028", "<&>", "\x00\x1b", strings.Repeat("é", 8<<10), strings.Repeat("\x00", 8<<10), strings.Repeat("x", 1<<20), `"}`}
	for _, text := range hostile {
		line, next, err := audit.Append(head, audit.Entry{Who: text, What: text, Subject: text, Before: text, After: text, Outcome: text})
		if err != nil || len(line) > audit.MaxLine || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%.20q: a line of %d bytes, %v", text, len(line), err)
		}
		log.Write(line)
		head = next
	}
	if tail := audit.Tail(log.Bytes()); tail != head {
		t.Errorf("tail: got %+v, want %+v", tail, head)
	}
	if summary, err := audit.Verify(&log); err != nil || summary.Entries != len(hostile) || summary.Head != head {
		t.Errorf("got %+v, %v", summary, err)
	}
}

// FuzzVerify: whatever a log holds, it is read to an end, and what follows its tail is
// found as the tail.
func FuzzVerify(f *testing.F) {
	line, _, err := audit.Append(audit.Head{}, audit.Entry{Who: "uid 0", What: "manage"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(append(line[:20:20], '\n'))
	f.Fuzz(func(t *testing.T, log []byte) {
		summary, err := audit.Verify(bytes.NewReader(log))
		if err == nil && summary.Entries+len(summary.Torn) != summary.Lines {
			t.Errorf("%q: got %+v", log, summary)
		}
		next, head, err := audit.Append(audit.Tail(log), audit.Entry{Who: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if tail := audit.Tail(append(append(log, '\n'), next...)); tail != head {
			t.Errorf("%q: got the tail %+v, want %+v", log, tail, head)
		}
	})
}
