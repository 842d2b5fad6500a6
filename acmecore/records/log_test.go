package records_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/logging"
	"wcme/acmecore/records"
)

// logged is a state directory whose log is written as the overseer writes it.
type logged struct {
	*setting
	from *records.Reader
	file *logging.File
	log  *slog.Logger
}

func newLogged(t *testing.T, maxBytes int64) *logged {
	t.Helper()
	s := newSetting(t)
	file := logging.NewFile(s.path("log", "overseer.log"), logging.Options{MaxBytes: maxBytes, Trouble: func(err error) {
		if err != nil {
			t.Errorf("log: %v", err)
		}
	}})
	t.Cleanup(func() { file.Close() })
	return &logged{setting: s, from: s.reader(), file: file, log: slog.New(logging.NewHandler(file, slog.LevelDebug))}
}

func (l *logged) ask(query acmecore.LogQuery) acmecore.LogPage {
	l.Helper()
	page, err := l.from.Log(context.Background(), query)
	if err != nil {
		l.Fatalf("%+v: %v", query, err)
	}
	return page
}

// messages of the lines, the first word of each, as they are answered.
func messages(page acmecore.LogPage) string {
	var texts []string
	for _, line := range page.Lines {
		texts = append(texts, line.Message)
	}
	return strings.Join(texts, " ")
}

func TestLogIsReadNewestFirst(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 0)
	if page := l.ask(acmecore.LogQuery{}); len(page.Lines) != 0 || page.Older != "" || page.Newer == "" || page.Lines == nil || page.Files == nil {
		t.Errorf("without a log: %+v", page)
	}
	for i := range 5 {
		l.log.Info(fmt.Sprintf("m%d", i), "certificate", fmt.Sprintf("c%d_example_org", i%2))
	}
	first := l.ask(acmecore.LogQuery{Limit: 2})
	second := l.ask(acmecore.LogQuery{Limit: 2, Before: first.Older})
	last := l.ask(acmecore.LogQuery{Limit: 2, Before: second.Older})
	if got := messages(first) + "|" + messages(second) + "|" + messages(last); got != "m4 m3|m2 m1|m0" || last.Older != "" {
		t.Errorf("got %s, then %q", got, last.Older)
	}
	if got := messages(l.ask(acmecore.LogQuery{Certificate: "c1_example_org"})); got != "m3 m1" {
		t.Errorf("of one certificate: %s", got)
	}
	line := first.Lines[0]
	if line.Level != "info" || time.Since(line.Time) > time.Minute || len(line.Attrs) != 1 || line.Attrs[0] != (acmecore.Attr{Key: "certificate", Value: "c0_example_org"}) {
		t.Errorf("line %+v", line)
	}
}

// TestLogPagesGoOnThroughRotation reads page by page while the files are moved: no line
// is missed, and none comes twice.
func TestLogPagesGoOnThroughRotation(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 2000)
	number := 0
	write := func(lines int) {
		for range lines {
			l.log.Info(fmt.Sprintf("m%04d", number))
			number++
		}
	}
	write(150)
	page := l.ask(acmecore.LogQuery{Limit: 20})
	if len(page.Files) < 3 {
		t.Fatalf("%d files, want several", len(page.Files))
	}
	newer, got := page.Newer, messages(page)
	for page.Older != "" && len(got) < 110*6 { // what is older is dropped meanwhile
		write(20)
		page = l.ask(acmecore.LogQuery{Limit: 20, Before: page.Older})
		got += " " + messages(page)
	}
	for i, message := range strings.Fields(got) {
		if want := fmt.Sprintf("m%04d", 149-i); message != want {
			t.Fatalf("line %d is %s, want %s", i, message, want)
		}
	}
	var since []string
	for after := newer; ; after = page.Newer {
		if page = l.ask(acmecore.LogQuery{Limit: 7, After: after}); len(page.Lines) == 0 {
			break
		}
		since = append(since, messages(page))
	}
	if want := number - 150; len(strings.Fields(strings.Join(since, " "))) != want || want == 0 {
		t.Errorf("%d lines have come since, want %d", len(strings.Fields(strings.Join(since, " "))), want)
	}
}

// TestLogCursors has a row for each way in which a place in the log can be none.
func TestLogCursors(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 0)
	for i := range 10 {
		l.log.Info(fmt.Sprintf("m%d", i))
	}
	page := l.ask(acmecore.LogQuery{Limit: 5})
	for _, text := range []string{"x", "-", "--", "1-2", "1-2-3-4", "0x1-2-3", "1-2-3 ", "01-2-3", "1--2-3", "-1-2-3", "1-ffffffffffffffff-3", "A-2-3",
		"../../etc/passwd", strings.Repeat("1", 10000), "1-2-\x00", "<script>"} {
		for _, query := range []acmecore.LogQuery{{Before: text}, {After: text}, {After: text, Raw: true}} {
			if _, err := l.from.Log(t.Context(), query); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" || len(err.Error()) > 2000 {
				t.Errorf("%.40q: %v, want that it is invalid", text, err)
			}
		}
	}
	gone := "123-0-cbf29ce484222325"
	if _, err := l.from.Log(t.Context(), acmecore.LogQuery{Before: gone}); acmecore.KindOf(err) != acmecore.Stale {
		t.Errorf("a file that is gone: %v", err)
	}
	if got := l.ask(acmecore.LogQuery{After: gone}); len(got.Lines) != 10 {
		t.Errorf("since a file that is gone: %d lines, want all", len(got.Lines))
	}
	if err := os.Truncate(l.path("log", "overseer.log"), 0); err != nil { // as logrotate's copytruncate
		t.Fatal(err)
	}
	l.log.Info("after")
	if _, err := l.from.Log(t.Context(), acmecore.LogQuery{Before: page.Older}); acmecore.KindOf(err) != acmecore.Stale {
		t.Errorf("a file that was emptied: %v", err)
	}
	if got := messages(l.ask(acmecore.LogQuery{After: page.Newer})); got != "after" {
		t.Errorf("since a file was emptied: %q", got)
	}
}

func TestLogRefusesWhatIsNoQuery(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 0)
	for kind, query := range map[acmecore.Kind]acmecore.LogQuery{acmecore.Invalid: {Level: "loud"}, acmecore.NotFound: {File: 7}} {
		if _, err := l.from.Log(t.Context(), query); acmecore.KindOf(err) != kind || acmecore.HintOf(err) == "" {
			t.Errorf("%+v: %v, want %s", query, err, kind)
		}
	}
}

// TestHostileLogLines is T8: what is in an event is one line, and one row, and inert.
func TestHostileLogLines(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 100<<20)
	payloads := []string{"<script>alert(1)</script>", "a\r\nb", "\n\n2026-11-21 00:20:07.31  error  forged", "\x1b[2J\x00", "\u202egro.elpmaxe", "\xff\xfe",
		strings.Repeat("long ", 4000), `" level=error x="`, "=", "{{.}}", "", " ", "  a  b  ", "key=value", "\u2028\u0085"}
	const rounds = 20
	for range rounds {
		for _, p := range payloads {
			l.log.Info(p, p, p, "certificate", p)
		}
	}
	var lines int
	for query := (acmecore.LogQuery{Limit: 50}); ; {
		page := l.ask(query)
		for _, line := range page.Lines {
			lines++
			if line.Level != "info" || line.Time.IsZero() {
				t.Fatalf("an event has become another line: %+v", line)
			}
			for _, attr := range append(line.Attrs, acmecore.Attr{Value: line.Message}) {
				if attr.Key+attr.Value != acmecore.Inert(attr.Key)+acmecore.Inert(attr.Value) && !strings.HasSuffix(attr.Value, "…") {
					t.Errorf("%q is not inert", attr)
				}
			}
		}
		if query.Before = page.Older; query.Before == "" {
			break
		}
	}
	if want := rounds * len(payloads); lines != want || want < 300 {
		t.Errorf("%d rows of %d events", lines, want)
	}
	raw := l.ask(acmecore.LogQuery{Raw: true})
	if strings.ContainsAny(raw.Text, "\x00\x1b\r\u202e\u2028") {
		t.Error("the text of the file is not inert")
	}
}

// TestForeignLogLines is about what others may have written into the file.
func TestForeignLogLines(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 0)
	l.log.Info("before")
	foreign := "goroutine 1 [running]:\n" + strings.Repeat("x", 3<<20) + "\n\x00\x1b[2J\xff\n" +
		"2026-11-21 00:20:07.31  info   many  " + strings.Repeat("k=v ", 2000) + "k=v\n"
	file, err := os.OpenFile(l.path("log", "overseer.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(foreign); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	l.log.Info("after")
	page := l.ask(acmecore.LogQuery{})
	if len(page.Lines) < 6 || page.Lines[0].Message != "after" || len(page.Lines[1].Attrs) != 65 || page.Lines[2].Message != "??[2J?" || page.Lines[2].Level != "" {
		t.Fatalf("%d lines: %.300v", len(page.Lines), page.Lines)
	}
	if last := page.Lines[len(page.Lines)-1]; last.Message != "before" {
		t.Errorf("the last line is %+v", last)
	}
	for _, line := range page.Lines {
		if len(line.Message) > 1100 {
			t.Errorf("a message of %d bytes", len(line.Message))
		}
	}
}

// TestLogIsReadFromFilesOnly puts other things in their place.
func TestLogIsReadFromFilesOnly(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	reader := s.reader()
	s.write("2026-11-21 00:20:07.31  info   secret\n", "priv", "secret")
	if err := errors.Join(syscall.Mkfifo(s.path("log", "overseer.log"), 0o600), os.Symlink(s.path("priv", "secret"), s.path("log", "overseer.log.1")),
		os.Mkdir(s.path("log", "overseer.log.2"), 0o700)); err != nil {
		t.Fatal(err)
	}
	s.write("2026-11-21 00:20:07.31  info   old\n", "log", "overseer.log.7")
	page, err := reader.Log(t.Context(), acmecore.LogQuery{})
	if err != nil || messages(page) != "old" || len(page.Files) != 1 || page.Files[0].Name != "overseer.log.7" {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestHugeLogIsSearchedInBounds has a file of 100 MB, and looks in it for what is nowhere.
func TestHugeLogIsSearchedInBounds(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 0)
	var block bytes.Buffer
	log := slog.New(logging.NewHandler(&block, slog.LevelInfo))
	for i := 0; block.Len() < 1<<20; i++ {
		log.Info("certificate", "name", fmt.Sprintf("host_%d_example_org", i), "state", "valid", "not_after", "2027-02-01", "expires_in_days", 61)
	}
	lines := bytes.Count(block.Bytes(), []byte("\n"))
	file, err := os.Create(l.path("log", "overseer.log"))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := file.Write(block.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := &leaving{Context: t.Context(), looks: 10} // one after each 1,000 lines: all of them were 100 times as many
	first, err := l.from.Log(ctx, acmecore.LogQuery{Limit: 1000})
	if err != nil || len(first.Lines) != 1000 || first.Older == "" {
		t.Errorf("got the newest %d lines, older %q, %v", len(first.Lines), first.Older, err)
	}
	pages, query := 0, acmecore.LogQuery{Words: "nowhere"}
	for ; pages < 20; pages++ {
		page := l.ask(query)
		if len(page.Lines) > 0 {
			t.Fatal("something was found that is nowhere")
		}
		if query.Before = page.Older; query.Before == "" {
			break
		}
		if page.Reached.IsZero() {
			t.Error("nothing says how far back was looked")
		}
	}
	if pages < 2 || pages > 5 {
		t.Errorf("100 MB took %d pages, want 3 or 4", pages)
	}
	if page := l.ask(acmecore.LogQuery{Words: "HOST_7_example", Limit: 3}); len(page.Lines) != 3 {
		t.Errorf("%d lines found of %d", len(page.Lines), 100*lines)
	}
}

// TestLogIsReadWhileItIsWritten follows a log that four write, through rotations.
func TestLogIsReadWhileItIsWritten(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 200_000)
	l.log.Info("begin")
	after := l.ask(acmecore.LogQuery{}).Newer
	const writers, each = 4, 500
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				l.log.Info("line", "subject", fmt.Sprintf("w%d-%d", w, i))
			}
		})
	}
	next := [writers]int{}
	for got := 0; got < writers*each; {
		page, err := l.from.Log(t.Context(), acmecore.LogQuery{After: after, Limit: 1000, Wait: 30 * time.Second})
		if err != nil || len(page.Lines) == 0 {
			t.Fatalf("after %d lines: %v", got, err)
		}
		for i := len(page.Lines) - 1; i >= 0; i-- {
			var w, n int
			if _, err := fmt.Sscanf(page.Lines[i].Attrs[0].Value, "w%d-%d", &w, &n); err != nil || next[w] != n {
				t.Fatalf("line %q, want number %d of it", page.Lines[i].Attrs[0].Value, next[w])
			}
			next[w]++
			got++
		}
		after = page.Newer
	}
	all.Wait()
}

func TestLogIsWaitedFor(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 0)
	after := l.ask(acmecore.LogQuery{}).Newer // of a log that is not there yet
	go func() {
		time.Sleep(300 * time.Millisecond)
		l.log.Debug("quiet")
		l.log.Warn("loud")
	}()
	page, err := l.from.Log(t.Context(), acmecore.LogQuery{After: after, Level: "warn", Wait: 20 * time.Second})
	if err != nil || messages(page) != "loud" {
		t.Errorf("%v, %v", page, err)
	}
	began := time.Now()
	if page := l.ask(acmecore.LogQuery{After: page.Newer, Wait: 300 * time.Millisecond}); len(page.Lines) != 0 || time.Since(began) < 300*time.Millisecond {
		t.Errorf("nothing has come, and %v was answered after %s", page, time.Since(began))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.from.Log(ctx, acmecore.LogQuery{After: page.Newer, Wait: 20 * time.Second}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the visitor has gone: %v", err)
	}
}

// TestNotAllMayWait keeps those who follow the log from taking every place.
func TestNotAllMayWait(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 0)
	after := l.ask(acmecore.LogQuery{}).Newer
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	answered := make(chan bool, 40)
	for range 40 {
		all.Go(func() {
			if _, err := l.from.Log(ctx, acmecore.LogQuery{After: after, Wait: 20 * time.Second}); err == nil {
				answered <- true
			}
		})
	}
	for range 40 - 16 {
		<-answered
	}
}

// TestRawLogIsTheFile reads a file as it is downloaded, from its beginning to its end.
func TestRawLogIsTheFile(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 3<<20)
	for i := 0; i < 60_000; i++ {
		l.log.Info("certificate", "name", fmt.Sprintf("host_%d_example_org", i), "state", "valid", "not_after", "2027-02-01")
	}
	for number, name := range []string{"overseer.log", "overseer.log.1"} {
		var text strings.Builder
		for query := (acmecore.LogQuery{Raw: true, File: number}); ; {
			page := l.ask(query)
			if page.Text == "" {
				break
			}
			if len(page.Text) > 1<<20 || page.Files[number].Name != name {
				t.Errorf("%d bytes of %s", len(page.Text), page.Files[number].Name)
			}
			text.WriteString(page.Text)
			query.After = page.Newer
		}
		if text.String() != l.read("log", name) || text.Len() < 1<<20 {
			t.Errorf("%s: %d bytes are another text", name, text.Len())
		}
	}
}

// TestManyWordsAreRefused: each one is work with every line.
func TestManyWordsAreRefused(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 1<<20)
	l.log.Info("begin w00")
	var many strings.Builder
	for i := range 17 {
		fmt.Fprintf(&many, "w%02d ", i)
	}
	if _, err := l.from.Log(t.Context(), acmecore.LogQuery{Words: many.String()}); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
		t.Errorf("17 words: got %v, want that it is invalid", err)
	}
	if _, err := l.from.Audit(t.Context(), acmecore.AuditQuery{Words: many.String()}); acmecore.KindOf(err) != acmecore.Invalid {
		t.Errorf("17 words in the audit trail: got %v, want that it is invalid", err)
	}
	if page := l.ask(acmecore.LogQuery{Words: strings.Repeat("begin W00 ", 500)}); len(page.Lines) != 1 {
		t.Errorf("two words, 500 times each: %d lines, want 1", len(page.Lines))
	}
}

// leaving is a context of somebody who goes away after having been looked for so often.
type leaving struct {
	context.Context
	looks int
}

func (l *leaving) Err() error {
	if l.looks--; l.looks < 0 {
		return context.Canceled
	}
	return nil
}

// TestSearchEndsWithWhoeverWantsIt: 20,000 lines are not read to their end for nobody.
func TestSearchEndsWithWhoeverWantsIt(t *testing.T) {
	t.Parallel()
	l := newLogged(t, 64<<20)
	l.log.Info("the first")
	after := l.ask(acmecore.LogQuery{}).Newer
	for range 20_000 {
		l.log.Info("certificate")
	}
	s := &setting{TB: t, dir: l.dir, root: l.root}
	lines := strings.Repeat(`{"number":1,"at":"2026-11-20T23:20:01Z","who":"","what":""}`+"\n", 20_000)
	s.write(lines, "log", "audit.log")
	for what, ask := range map[string]func(context.Context) error{
		"backwards": func(ctx context.Context) error {
			_, err := l.from.Log(ctx, acmecore.LogQuery{Words: "nowhere"})
			return err
		},
		"forwards": func(ctx context.Context) error {
			_, err := l.from.Log(ctx, acmecore.LogQuery{Words: "nowhere", After: after})
			return err
		},
		"in the audit trail": func(ctx context.Context) error {
			_, err := l.from.Audit(ctx, acmecore.AuditQuery{Words: "nowhere"})
			return err
		},
	} {
		ctx := &leaving{Context: t.Context(), looks: 3}
		if err := ask(ctx); !errors.Is(err, context.Canceled) || ctx.looks < -3 {
			t.Errorf("%s: got %v, after %d looks too many", what, err, -ctx.looks)
		}
		ctx = &leaving{Context: t.Context(), looks: 1000}
		if err := ask(ctx); err != nil || ctx.looks > 980 {
			t.Errorf("%s: got %v, and looked %d times, want 20", what, err, 1000-ctx.looks)
		}
	}
}
