package logging_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore/logging"
)

// texts are files that are hard to part into lines.
func texts() map[string]string {
	long := strings.Repeat("x", 64<<10)
	return map[string]string{
		"nothing":                      "",
		"one line":                     "a\n",
		"no end":                       "a\nb",
		"empty lines":                  "\n\n\na\n\n",
		"a line as long as a block":    long[:len(long)-1] + "\n" + long + "\nb\n",
		"lines around a block's end":   strings.Repeat(strings.Repeat("y", 1021)+"\r\n", 200),
		"a line of a megabyte":         "a\n" + strings.Repeat(long, 15) + "\nb\n",
		"NULs and what is not UTF-8":   "\x00\x00\xff\xfe\n\x00",
		"a line that ends in a return": "a\r\nb\r\n",
	}
}

func TestLinesAreTheSameFromBothEnds(t *testing.T) {
	for what, text := range texts() {
		var want []string
		for line := range strings.Lines(text) {
			want = append(want, line)
		}
		forward, backward := forward(t, text, true), backward(t, text)
		slices.Reverse(backward)
		if !slices.Equal(forward, want) || !slices.Equal(backward, want) {
			t.Errorf("%s: %d lines forward and %d backward, want %d", what, len(forward), len(backward), len(want))
		}
	}
}

// TestHugeLineComesInPieces keeps a file without line ends from filling the memory.
func TestHugeLineComesInPieces(t *testing.T) {
	text := "a\n" + strings.Repeat("z", 5*logging.MaxLine/2) + "\nb\n"
	for direction, lines := range map[string][]string{"forward": forward(t, text, true), "backward": backward(t, text)} {
		if direction == "backward" {
			slices.Reverse(lines)
		}
		if len(lines) != 5 || strings.Join(lines, "") != text {
			t.Errorf("%s: %d lines, %d bytes of %d", direction, len(lines), len(strings.Join(lines, "")), len(text))
		}
	}
}

// TestUnfinishedLineIsLeft is about a line that somebody is about to write.
func TestUnfinishedLineIsLeft(t *testing.T) {
	if got := forward(t, "a\nb", false); len(got) != 1 {
		t.Errorf("got %q, want the first line alone", got)
	}
	if got := forward(t, "a\nb", true); len(got) != 2 {
		t.Errorf("got %q, want both lines of a file that is whole", got)
	}
}

func forward(t *testing.T, text string, whole bool) (lines []string) {
	t.Helper()
	reader := logging.NewForward(strings.NewReader(text), 0, int64(len(text)), whole)
	for at := int64(0); reader.Next(); at = reader.Offset() {
		if got := text[at:reader.Offset()]; got != string(reader.Line()) {
			t.Fatalf("the line at %d is %.40q, want %.40q", at, reader.Line(), got)
		}
		lines = append(lines, string(reader.Line()))
	}
	if reader.Err() != nil {
		t.Error(reader.Err())
	}
	return lines
}

func backward(t *testing.T, text string) (lines []string) {
	t.Helper()
	reader := logging.NewBackward(strings.NewReader(text), int64(len(text)))
	for reader.Next() {
		if !strings.HasPrefix(text[reader.Offset():], string(reader.Line())) {
			t.Fatalf("another line than %.40q is at %d", reader.Line(), reader.Offset())
		}
		lines = append(lines, string(reader.Line()))
	}
	if reader.Err() != nil {
		t.Error(reader.Err())
	}
	return lines
}

// TestReadingEndsWithTheFile reads a file that has become shorter meanwhile.
func TestReadingEndsWithTheFile(t *testing.T) {
	back, on := logging.NewBackward(strings.NewReader("a\n"), 10), logging.NewForward(strings.NewReader("a\n"), 0, 10, true)
	if back.Next() || back.Err() == nil || on.Next() || on.Err() == nil {
		t.Errorf("read beyond the end: %v, %v", back.Err(), on.Err())
	}
}

func FuzzReadLines(f *testing.F) {
	for _, text := range texts() {
		f.Add(text[:min(len(text), 4000)])
	}
	f.Fuzz(func(t *testing.T, text string) {
		on, back := forward(t, text, true), backward(t, text)
		slices.Reverse(back)
		if !slices.Equal(on, back) || strings.Join(on, "") != text {
			t.Errorf("forward %q, backward %q", on, back)
		}
	})
}

func TestFilter(t *testing.T) {
	at := time.Date(2026, time.November, 21, 0, 20, 7, 0, time.Local)
	text := line(t, at, slog.LevelWarn, "Not served", "certificate", "www_example_org", "run", "20261121T002000-3f9a", "problem", "a <b> at 192.0.2.1")
	load := line(t, at, slog.LevelInfo, "load action ended", "certificates", "a_example_org www_example_org")
	for _, row := range []struct {
		what   string
		filter logging.Filter
		text   string
		want   bool
	}{
		{"no filter", logging.Filter{}, text, true},
		{"its certificate", logging.Filter{Certificate: "www_example_org"}, text, true},
		{"its run", logging.Filter{Certificate: "20261121T002000-3f9a"}, text, true},
		{"one of several certificates", logging.Filter{Certificate: "www_example_org"}, load, true},
		{"the beginning of a certificate's name", logging.Filter{Certificate: "www_example"}, text, false},
		{"a certificate in another attribute", logging.Filter{Certificate: "a"}, text, false},
		{"its level", logging.Filter{Leveled: true, Level: slog.LevelWarn}, text, true},
		{"a higher level", logging.Filter{Leveled: true, Level: slog.LevelError}, text, false},
		{"a lower level", logging.Filter{Leveled: true, Level: slog.LevelDebug}, text, true},
		{"words in another case", logging.Filter{Words: logging.Words("NOT <B> warn not")}, text, true},
		{"a word that is a pattern", logging.Filter{Words: []string{"serve."}}, text, false},
		{"one word that is not there", logging.Filter{Words: []string{"not", "there"}}, text, false},
		{"from then on", logging.Filter{From: at}, text, true},
		{"from later on", logging.Filter{From: at.Add(time.Second)}, text, false},
		{"until then", logging.Filter{To: at}, text, true},
		{"until before", logging.Filter{To: at.Add(-time.Second)}, text, false},
		{"what is no line", logging.Filter{}, "goroutine 1 [running]:\n", true},
		{"what is no line, by words", logging.Filter{Words: []string{"running"}}, "goroutine 1 [running]:\n", true},
		{"what is no line, by level", logging.Filter{Leveled: true, Level: slog.LevelDebug}, "goroutine 1 [running]:\n", false},
		{"what is no line, by time", logging.Filter{From: at}, "goroutine 1 [running]:\n", false},
		{"what is no line, by certificate", logging.Filter{Certificate: "running"}, "goroutine 1 [running]:\n", false},
	} {
		if _, _, got := row.filter.Match([]byte(row.text)); got != row.want {
			t.Errorf("%s: %v, want %v", row.what, got, row.want)
		}
	}
}

func line(t *testing.T, at time.Time, level slog.Level, message string, attrs ...any) string {
	t.Helper()
	var text bytes.Buffer
	record := slog.NewRecord(at, level, message, 0)
	record.Add(attrs...)
	if err := logging.NewHandler(&text, slog.LevelDebug).Handle(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func BenchmarkSearchBackward(b *testing.B) {
	var text bytes.Buffer
	log := slog.New(logging.NewHandler(&text, slog.LevelInfo))
	for i := 0; text.Len() < 10<<20; i++ {
		log.Info("certificate", "name", fmt.Sprintf("host_%d_example_org", i), "state", "valid", "expires_in_days", 61)
	}
	filter := logging.Filter{Words: []string{"nowhere"}}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		lines := logging.NewBackward(bytes.NewReader(text.Bytes()), int64(text.Len()))
		for lines.Next() {
			filter.Match(lines.Line())
		}
	}
}
