package challenge_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

func TestASignOfLifeIsReadAsItWasGiven(t *testing.T) {
	dir := challenge.Directory(t.TempDir())
	if _, _, err := dir.LastAlive(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first: got %v", err)
	}
	now := time.Date(2026, 11, 21, 5, 46, 0, 0, time.UTC)
	for i := range 3 {
		want := challenge.Alive{At: now.Add(time.Duration(i) * time.Minute), Since: now.Add(-time.Hour), Pass: now.Add(-time.Minute)}
		if err := dir.ShowAlive(want); err != nil {
			t.Fatal(err)
		}
		if got, err := dir.Alive(); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		at, since, err := dir.LastAlive()
		if err != nil || !at.Equal(want.At) || !since.Equal(want.Since) {
			t.Errorf("got %v, %v, %v; want %v, %v", at, since, err, want.At, want.Since)
		}
	}
	entries, err := os.ReadDir(string(dir))
	if err != nil || len(entries) != 1 {
		t.Fatalf("left in the directory: %v, %v", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode() != 0o644 || info.Name()[0] != '.' {
		t.Errorf("%s has mode %v, %v", info.Name(), info.Mode(), err)
	}
}

func TestASignOfLifeIsNoChallenge(t *testing.T) {
	dir := challenge.Directory(t.TempDir())
	if err := dir.ShowAlive(challenge.Alive{At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for _, asked := range []string{".wcme-alive.json", ".WCME-ALIVE.JSON", ".wcme-alive"} {
		if text, err := dir.Lookup(asked); !errors.Is(err, challenge.ErrUnknown) {
			t.Errorf("%s: got %q, %v", asked, text, err)
		}
	}
	if pending, err := dir.Pending(); err != nil || len(pending) > 0 {
		t.Errorf("pending: %v, %v", pending, err)
	}
}

func TestWhatIsNoSignOfLife(t *testing.T) {
	for what, text := range map[string]string{"nothing": "", "no JSON": "<script>", "other JSON": "[]", "no time": "{}", "half of one": `{"at":"2026-11-`,
		"a long one": `{"at":"2026-11-21T05:46:00Z","x":"` + strings.Repeat("x", 8<<10) + `"}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ".wcme-alive.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if at, _, err := challenge.Directory(dir).LastAlive(); acmecore.KindOf(err) != acmecore.Invalid || !at.IsZero() {
			t.Errorf("%s: got %v, %v", what, at, err)
		}
	}
	dir := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, ".wcme-alive.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := challenge.Directory(dir).LastAlive(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link: got %v", err)
	}
	if err := challenge.Directory(dir).ShowAlive(challenge.Alive{At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := challenge.Directory(dir).LastAlive(); err != nil {
		t.Errorf("a sign in the place of a link: %v", err)
	}
}
