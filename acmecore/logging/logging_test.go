package logging_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"wcme/acmecore/logging"
)

func at(text string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04:05.00", text, time.Local)
	if err != nil {
		panic(err)
	}
	return at
}

func TestLinesAreReadable(t *testing.T) {
	when := at("2026-11-21 00:20:07.31")
	for _, row := range []struct {
		what    string
		level   slog.Level
		message string
		attrs   []any
		want    string
	}{
		{"the usual", slog.LevelInfo, "renewed", []any{"run", "20261121T002000-3f9a", "certificate", "www_example_org"},
			"2026-11-21 00:20:07.31  info   renewed  run=20261121T002000-3f9a certificate=www_example_org"},
		{"no attribute", slog.LevelDebug, "overseer ends", nil, "2026-11-21 00:20:07.31  debug  overseer ends"},
		{"an error", slog.LevelError, "not renewed", []any{"problem", errors.New("read key: no such file")},
			`2026-11-21 00:20:07.31  error  not renewed  problem="read key: no such file"`},
		{"a level between", slog.LevelInfo + 2, "x", nil, "2026-11-21 00:20:07.31  info+2  x"},
		{"an empty message", slog.LevelWarn, "", []any{"a", ""}, `2026-11-21 00:20:07.31  warn   ""  a=""`},
		{"a message that looks like attributes", slog.LevelWarn, "x  level=info", nil, `2026-11-21 00:20:07.31  warn   "x  level=info"`},
		{"a line end", slog.LevelInfo, "a\nb", []any{"a", "x\r\n2026-11-21 00:20:07.31  info   renewed"},
			`2026-11-21 00:20:07.31  info   "a\nb"  a="x\r\n2026-11-21 00:20:07.31  info   renewed"`},
		{"a terminal's language", slog.LevelInfo, "x", []any{"a", "\x1b[2J\u202e"}, `2026-11-21 00:20:07.31  info   x  a="\x1b[2J\u202e"`},
		{"numbers, times, durations", slog.LevelInfo, "x", []any{"n", 7, "t", time.Date(2027, 2, 19, 0, 0, 0, 5, time.UTC), "d", 90 * time.Second},
			"2026-11-21 00:20:07.31  info   x  n=7 t=2027-02-19T00:00:00Z d=1m30s"},
		{"a URL", slog.LevelInfo, "x", []any{"url", "https://ca.example/acme?a=b"}, "2026-11-21 00:20:07.31  info   x  url=https://ca.example/acme?a=b"},
		{"a group", slog.LevelInfo, "x", []any{slog.Group("ca", "name", "lab", slog.Group("", "n", 1))}, "2026-11-21 00:20:07.31  info   x  ca.name=lab ca.n=1"},
		{"a bad key", slog.LevelInfo, "x", []any{"a b=\n", 1, "", 2}, "2026-11-21 00:20:07.31  info   x  a_b__=1 _=2"},
	} {
		var out bytes.Buffer
		record := slog.NewRecord(when, row.level, row.message, 0)
		record.Add(row.attrs...)
		if err := logging.NewHandler(&out, slog.LevelDebug).Handle(context.Background(), record); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != row.want+"\n" {
			t.Errorf("%s:\n got %s\nwant %s", row.what, got, row.want)
		}
	}
}

// TestHandlerIsAHandler: slogtest's rules, but the one that a record without a time
// has none in its line.
func TestHandlerIsAHandler(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		out.Reset()
		return logging.NewHandler(&out, nil)
	}, func(t *testing.T) map[string]any {
		line, err := logging.ParseLine(out.String())
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]any{slog.LevelKey: line.Level, slog.MessageKey: line.Message}
		if !strings.HasSuffix(t.Name(), "zero-time") {
			found[slog.TimeKey] = line.Time
		}
		for _, attr := range line.Attrs {
			group := found
			names := strings.Split(attr.Key, ".")
			for _, name := range names[:len(names)-1] {
				if group[name] == nil {
					group[name] = map[string]any{}
				}
				group = group[name].(map[string]any)
			}
			group[names[len(names)-1]] = attr.Value
		}
		return found
	})
}

// TestL09OneEventIsOneLine logs ten thousand hostile texts as message and attribute.
func TestL09OneEventIsOneLine(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(logging.NewHandler(&out, nil))
	random := rand.New(rand.NewPCG(1, 2))
	var texts []string
	for range 10_000 {
		texts = append(texts, hostile(random))
	}
	for _, text := range texts {
		log.With("with", text).Info(text, "text", text, "error", errors.New(text))
	}
	lines := strings.SplitAfter(out.String(), "\n")
	if len(lines) != len(texts)+1 {
		t.Fatalf("%d events are %d lines", len(texts), len(lines)-1)
	}
	for i, text := range texts {
		line, err := logging.ParseLine(lines[i])
		if err != nil || line.Message != text || line.Attr("with") != text || line.Attr("text") != text || line.Attr("error") != text || len(line.Attrs) != 3 {
			t.Fatalf("%q came back as %+v, %v", text, line, err)
		}
		if j := strings.IndexFunc(strings.TrimSuffix(lines[i], "\n"), func(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 || r == '\u202e' || r == '\u2028' }); j >= 0 {
			t.Fatalf("%q has left %q in its line", text, lines[i][j])
		}
	}
}

func hostile(random *rand.Rand) string {
	pieces := []string{"\n", "\r\n", "\x00", "\x1b[31m", "\u202e", "\u2028", "\x85", "\xff\xfe", "é", "<script>", `"`, `\`, "=", " ", "  ", "a", "info", "\t",
		"2026-11-21 00:20:07.31  info   renewed  certificate=x", "\ufeff", "…", "%s", "\x7f", "𝄞"}
	var text strings.Builder
	for range 1 + random.IntN(8) {
		text.WriteString(pieces[random.IntN(len(pieces))])
	}
	return text.String()
}

func TestLongTextsAreCut(t *testing.T) {
	var out bytes.Buffer
	slog.New(logging.NewHandler(&out, nil)).Info("x", "a", strings.Repeat("é", 1<<20), "b", "y", strings.Repeat("k", 1<<20), "z")
	line, err := logging.ParseLine(out.String())
	if err != nil || len(line.Attr("a")) > 8<<10 || !strings.HasSuffix(line.Attr("a"), "é…") || line.Attr("b") != "y" || out.Len() > 20<<10 {
		t.Errorf("got a line of %d bytes, %v", out.Len(), err)
	}
}

func TestParseLineRefuses(t *testing.T) {
	for _, text := range []string{"", "x", "2026-11-21 00:20:07.31", "2026-11-21 00:20:07.31  loud   x", "2026-13-21 00:20:07.31  info   x",
		`2026-11-21 00:20:07.31  info   "x`, `2026-11-21 00:20:07.31  info   "x"y`, "2026-11-21 00:20:07.31  info   x  a",
		"2026-11-21 00:20:07.31  info   x  a=", "2026-11-21 00:20:07.31  info   x  =b", "2026-11-21 00:20:07.31  info   x\x1b", "2026-11-21 00:20:07.31  info"} {
		if line, err := logging.ParseLine(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, line)
		}
	}
}

func TestALevelIsObeyed(t *testing.T) {
	var out bytes.Buffer
	var level slog.LevelVar
	log := slog.New(logging.NewHandler(&out, &level))
	log.Debug("one")
	level.Set(slog.LevelDebug)
	log.Debug("two")
	if got := out.String(); strings.Contains(got, "one") || !strings.Contains(got, "two") {
		t.Errorf("got %q", got)
	}
}

// FuzzParseLine: what is accepted can be written, and reads back as the same.
func FuzzParseLine(f *testing.F) {
	f.Add("2026-11-21 00:20:07.31  info   renewed  run=1 certificate=www_example_org")
	f.Add(`2026-11-21 00:20:07.31  warn   "a\nb"  a="\x1b" b=c`)
	f.Add("2026-11-21 00:20:07.31  info-1  x")
	f.Fuzz(func(t *testing.T, text string) {
		line, err := logging.ParseLine(text)
		if err != nil || len(text) > 8<<10 {
			return
		}
		again, err := logging.ParseLine(line.String())
		if err != nil || fmt.Sprintf("%q", again) != fmt.Sprintf("%q", line) {
			t.Errorf("%q: got %q, and then %q, %v", text, line, again, err)
		}
		if strings.ContainsAny(line.String(), "\n\r\x1b\x00") {
			t.Errorf("%q: written as %q", text, line)
		}
	})
}
