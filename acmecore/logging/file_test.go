package logging_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"wcme/acmecore/logging"
)

// TestM09NoLineIsLostOrCutByRotations has eight writers write a thousand lines each
// while the log is rotated ten times in between, in each of the ways.
func TestM09NoLineIsLostOrCutByRotations(t *testing.T) {
	const writers, each, rotations = 8, 1000, 10
	for _, row := range []struct {
		what   string
		size   int64
		rotate func(file *logging.File, path string, number int) error
	}{
		{"renamed, as logrotate does", 1 << 30, func(_ *logging.File, path string, number int) error {
			return os.Rename(path, fmt.Sprintf("%s.old%d", path, number))
		}},
		{"renamed, then SIGHUP", 1 << 30, func(file *logging.File, path string, number int) error {
			return errors.Join(os.Rename(path, fmt.Sprintf("%s.old%d", path, number)), file.Reopen())
		}},
		{"renamed, with a new one in its place", 1 << 30, func(_ *logging.File, path string, number int) error {
			err := os.Rename(path, fmt.Sprintf("%s.old%d", path, number))
			created, createErr := os.OpenFile(path, os.O_CREATE|os.O_APPEND, 0o640) // which truncates nothing
			return errors.Join(err, createErr, created.Close())
		}},
		{"rotated by itself", 60 << 10, func(*logging.File, string, int) error { return nil }},
	} {
		path := filepath.Join(t.TempDir(), "overseer.log")
		file := logging.NewFile(path, logging.Options{MaxBytes: row.size, Keep: 1000})
		log := slog.New(logging.NewHandler(file, nil))
		var work sync.WaitGroup
		written := make(chan bool)
		for writer := range writers {
			work.Go(func() {
				for number := range each {
					log.Info("line", "writer", writer, "number", number, "filling", strings.Repeat("x", 40))
					written <- true
				}
			})
		}
		for number := range writers * each {
			<-written
			if number%(writers*each/rotations) == 100 {
				if err := row.rotate(file, path, number); err != nil {
					t.Fatal(err)
				}
			}
		}
		work.Wait()
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		files, _ := filepath.Glob(path + "*")
		if len(files) < rotations {
			t.Errorf("%s: %d files, want %d and more", row.what, len(files), rotations)
		}
		if got := len(lines(t, files)); got != writers*each {
			t.Errorf("%s: %d lines, want %d", row.what, got, writers*each)
		}
	}
}

// lines reads the lines of the files, none of which may be cut, or there twice.
func lines(t *testing.T, files []string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for text := range strings.Lines(string(text)) {
			line, err := logging.ParseLine(text)
			key := line.Message + line.Attr("writer") + "/" + line.Attr("number")
			if err != nil || !strings.HasSuffix(text, "\n") || found[key] {
				t.Fatalf("%s: %q: %v", path, text, err)
			}
			found[key] = true
		}
	}
	return found
}

func TestM09CopyAndTruncateLeavesNoHole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overseer.log")
	file := logging.NewFile(path, logging.Options{})
	write(t, file, "one\n")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, file, "two\n")
	if got := read(t, path); got != "two\n" {
		t.Errorf("got %q", got)
	}
}

func TestM09ADeletedLogIsMadeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overseer.log")
	file := logging.NewFile(path, logging.Options{})
	write(t, file, "one\n")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, file, "two\n")
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o640 || read(t, path) != "two\n" {
		t.Errorf("got %q with mode %v, %v", read(t, path), info.Mode(), err)
	}
}

func TestALogIsMovedWhenItIsLongAndTheOldestGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overseer.log")
	file := logging.NewFile(path, logging.Options{MaxBytes: 1})
	for _, line := range []string{"1\n", "2\n", "3\n", "4\n", "5\n", "6\n", "7\n", "8\n"} {
		write(t, file, line)
	}
	for name, want := range map[string]string{"": "8\n", ".1": "7\n", ".5": "3\n"} {
		if got := read(t, path+name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 6 {
		t.Errorf("got %q", files)
	}
}

// TestALogThatCannotBeMovedGrows: something that is in the way costs no line.
func TestALogThatCannotBeMovedGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overseer.log")
	if err := os.MkdirAll(path+".1/full", 0o700); err != nil {
		t.Fatal(err)
	}
	file := logging.NewFile(path, logging.Options{MaxBytes: 1, Keep: 1})
	write(t, file, "one\n")
	write(t, file, "two\n")
	if got := read(t, path); got != "one\ntwo\n" {
		t.Errorf("got %q", got)
	}
}

// TestTwoProcessesMoveALogOnce: two Files are two processes to the kernel.
func TestTwoProcessesMoveALogOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overseer.log")
	one, two := logging.NewFile(path, logging.Options{MaxBytes: 8}), logging.NewFile(path, logging.Options{MaxBytes: 8})
	write(t, one, "one 1\n")
	write(t, two, "two 1\n") // which makes it long
	write(t, one, "one 2\n")
	write(t, two, "two 2\n")
	if got := read(t, path+".1") + read(t, path); got != "one 1\ntwo 1\none 2\ntwo 2\n" {
		t.Errorf("got %q", got)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 2 {
		t.Errorf("got %q", files)
	}
}

// TestD11LinesThatCannotBeWrittenAreToldOnceAndCounted takes away the directory; a
// full disk is a case of its own, for root.
func TestD11LinesThatCannotBeWrittenAreToldOnceAndCounted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	path := filepath.Join(dir, "overseer.log")
	var fallback bytes.Buffer
	var told []error
	var log *slog.Logger
	file := logging.NewFile(path, logging.Options{Fallback: &fallback, Trouble: func(err error) {
		told = append(told, err)
		log.Info("told", "problem", err) // may log itself
	}})
	log = slog.New(logging.NewHandler(file, nil))
	for range 3 {
		log.Info("in vain")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log.Info("well again")
	if len(told) != 2 || !errors.Is(told[0], os.ErrNotExist) || told[1] != nil {
		t.Errorf("told %v, want the trouble and its end", told)
	}
	if got := fallback.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "overseer.log") {
		t.Errorf("fallback: got %q, want one line", got)
	}
	if line, err := logging.ParseLine(fallback.String()); err != nil || line.Level != slog.LevelError {
		t.Errorf("fallback: got %+v, %v", line, err)
	}
	var got []string
	for text := range strings.Lines(read(t, path)) {
		line, err := logging.ParseLine(text)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(line.Message+" "+line.Attr("lines")))
	}
	if want := "lines lost 4,well again,told"; strings.Join(got, ",") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWhatIsNoFileIsNotWrittenTo: in particular, nobody waits for a FIFO's reader.
func TestWhatIsNoFileIsNotWrittenTo(t *testing.T) {
	for what, make := range map[string]func(path string) error{
		"a FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"a link":      func(path string) error { return os.Symlink(path+".victim", path) },
	} {
		path := filepath.Join(t.TempDir(), "overseer.log")
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		file := logging.NewFile(path, logging.Options{})
		if n, err := file.Write([]byte("line\n")); err == nil || n != 0 {
			t.Errorf("%s was written to", what)
		}
		if _, err := os.Stat(path + ".victim"); err == nil {
			t.Errorf("%s was followed", what)
		}
	}
}

func write(t *testing.T, file *logging.File, line string) {
	t.Helper()
	if n, err := file.Write([]byte(line)); err != nil || n != len(line) {
		t.Errorf("%q: got %d, %v", line, n, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
