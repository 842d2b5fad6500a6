package store_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/store"
)

func audited(t *testing.T, root *store.Root, entries int) (path string) {
	t.Helper()
	for range entries {
		if err := root.Audit(audit.Entry{Who: "uid 0", What: "manage", Outcome: "done"}); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root.Dir(), "log/audit.log")
}

func TestTheAuditLogVerifies(t *testing.T) {
	root := setUp(t)
	if summary, err := root.VerifyAudit(); err != nil || summary.Entries != 0 {
		t.Errorf("at first: got %+v, %v", summary, err)
	}
	path := audited(t, root, 3)
	if summary, err := root.VerifyAudit(); err != nil || summary.Entries != 3 || summary.Last.IsZero() {
		t.Errorf("got %+v, %v", summary, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestTheAuditLogShowsWhatWasDoneToIt(t *testing.T) {
	for _, row := range []struct {
		what string
		edit func(root *store.Root, path string) error
		how  audit.How
		line int
		last bool // it is seen after another entry too
	}{
		{"a line changed", func(_ *store.Root, path string) error { return replace(path, "manage", "muddle") }, audit.Changed, 1, true},
		{"cut at the end", func(_ *store.Root, path string) error { return cut(path, 2) }, audit.CutOff, 3, true},
		{"emptied", func(_ *store.Root, path string) error { return os.Truncate(path, 0) }, audit.CutOff, 1, true},
		{"removed", func(_ *store.Root, path string) error { return os.Remove(path) }, audit.CutOff, 1, true},
		{"the head removed", func(root *store.Root, _ string) error {
			return os.Remove(filepath.Join(root.Dir(), "priv/audit-head"))
		}, audit.Unrelated, 3, false},
	} {
		root := setUp(t)
		path := audited(t, root, 3)
		if err := row.edit(root, path); err != nil {
			t.Fatal(err)
		}
		_, err := root.VerifyAudit()
		broken := &audit.Broken{}
		if !errors.As(err, &broken) || broken.How != row.how || broken.Line != row.line || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v, want line %d: %s", row.what, err, row.line, row.how)
		}
		audited(t, root, 1)
		if _, err := root.VerifyAudit(); (err != nil) != row.last {
			t.Errorf("%s, after another entry: got %v", row.what, err)
		}
	}
}

// TestAKillWithinAnEntryIsHealed: half a line, or a line without its head.
func TestAKillWithinAnEntryIsHealed(t *testing.T) {
	root := setUp(t)
	path := audited(t, root, 2)
	head := filepath.Join(root.Dir(), "priv/audit-head")
	old, err := os.ReadFile(head)
	if err != nil {
		t.Fatal(err)
	}
	audited(t, root, 1)
	if err := os.WriteFile(head, old, 0o600); err != nil { // killed between the two
		t.Fatal(err)
	}
	if _, err := root.VerifyAudit(); err != nil {
		t.Errorf("a line without its head: %v", err)
	}
	whole, err := os.ReadFile(path)
	if err := errors.Join(err, os.WriteFile(path, append(whole, `{"number":4,"at":"2026`...), 0o640)); err != nil { // killed within the next
		t.Fatal(err)
	}
	if summary, err := root.VerifyAudit(); err != nil || len(summary.Torn) != 1 {
		t.Errorf("half a line: got %+v, %v", summary, err)
	}
	audited(t, root, 2)
	if summary, err := root.VerifyAudit(); err != nil || summary.Entries != 5 || len(summary.Torn) != 1 || summary.Torn[0] != 4 {
		t.Errorf("afterwards: got %+v, %v", summary, err)
	}
}

func TestX10EntriesOfSeveralAtOnceAreOneChain(t *testing.T) {
	root := setUp(t)
	var writers sync.WaitGroup
	for range 4 {
		own := reopen(t, root.Dir()) // as another process has it
		writers.Go(func() {
			for range 10 {
				if err := own.Audit(audit.Entry{Who: "uid 0", What: "manage"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if summary, err := root.VerifyAudit(); err != nil || summary.Entries != 40 {
		t.Errorf("got %+v, %v", summary, err)
	}
}

func TestS02ADamagedAuditLogOrHeadStopsNothing(t *testing.T) {
	for _, name := range []string{"log/audit.log", "priv/audit-head"} {
		for what, damage := range map[string]func(path string) error{
			"a FIFO":      func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) },
			"a directory": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
			"a link":      func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/dev/zero", path)) },
			"garbage":     func(path string) error { return os.WriteFile(path, []byte("garbage"), 0o600) },
		} {
			root := setUp(t)
			audited(t, root, 2)
			if err := damage(filepath.Join(root.Dir(), name)); err != nil {
				t.Fatal(err)
			}
			if _, err := root.VerifyAudit(); err == nil {
				t.Errorf("%s, %s: was not noticed", name, what)
			}
			audited(t, root, 1)
			text, err := os.ReadFile(filepath.Join(root.Dir(), "log/audit.log"))
			if err != nil || audit.Tail(text).Number != 3 {
				t.Errorf("%s, %s: the next entry is %d, %v; want 3", name, what, audit.Tail(text).Number, err)
			}
		}
	}
}

func replace(path, old, with string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(with), 1), 0o640)
}

// cut leaves the first lines.
func cut(path string, lines int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Join(strings.SplitAfter(string(text), "\n")[:lines], "")), 0o640)
}

// TestVerificationGoesOn where another one has ended, also within a line that a kill has
// left unfinished.
func TestVerificationGoesOn(t *testing.T) {
	root := setUp(t)
	path := audited(t, root, 2)
	read, summary, err := root.VerifyAuditFrom(store.AuditRead{})
	if err != nil || summary.Entries != 2 {
		t.Fatalf("got %+v, %v", summary, err)
	}
	whole, err := os.ReadFile(path)
	if err := errors.Join(err, os.WriteFile(path, append(whole, `{"number":3,"at":"2026`...), 0o640)); err != nil {
		t.Fatal(err)
	}
	if read, summary, err = root.VerifyAuditFrom(read); err != nil || summary.Entries != 2 || len(summary.Torn) != 1 {
		t.Fatalf("half a line: got %+v, %v", summary, err)
	}
	audited(t, root, 2)
	if read, summary, err = root.VerifyAuditFrom(read); err != nil || summary.Entries != 4 || len(summary.Torn) != 1 || summary.Lines != 5 {
		t.Fatalf("afterwards: got %+v, %v", summary, err)
	}
	if all, err := root.VerifyAudit(); err != nil || !reflect.DeepEqual(all, summary) {
		t.Errorf("in parts: got %+v, and at once %+v, %v", summary, all, err)
	}
	if err := replace(path, "manage", "muddle"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := root.VerifyAuditFrom(read); err != nil {
		t.Errorf("what was verified is read again: %v", err)
	}
	for what, damage := range map[string]func() error{
		"shorter":      func() error { return cut(path, 2) },
		"another file": func() error { return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, whole, 0o640)) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := root.VerifyAuditFrom(read); err == nil {
			t.Errorf("%s: was not noticed", what)
		}
	}
}

// TestEntriesAreWrittenDuringAVerification, however long it takes, and are not part of it.
func TestEntriesAreWrittenDuringAVerification(t *testing.T) {
	root := setUp(t)
	audited(t, root, 3)
	summary, err := root.VerifyAuditThrough(func(log io.Reader) io.Reader {
		return io.MultiReader(io.LimitReader(log, 10), &pausing{func() { audited(t, root, 4) }}, log)
	})
	if err != nil || summary.Entries != 3 {
		t.Errorf("got %+v, %v, want the three entries of before", summary, err)
	}
	if summary, err := root.VerifyAudit(); err != nil || summary.Entries != 7 {
		t.Errorf("afterwards: got %+v, %v, want seven", summary, err)
	}
}

// pausing is a reader of nothing, which does something first.
type pausing struct{ do func() }

func (p *pausing) Read([]byte) (int, error) {
	p.do()
	return 0, io.EOF
}
