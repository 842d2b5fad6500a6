package install_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/install"
)

// faces are what a server and ls(1) see of a target's files, without wCME's own directory.
func faces(t *testing.T, target install.Target) (text string) {
	t.Helper()
	for _, path := range paths(target) {
		info, err := os.Lstat(path)
		if errors.Is(err, os.ErrNotExist) {
			text += path + " absent\n"
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		leads, _ := os.Readlink(path)
		content, _ := os.ReadFile(path)
		if to, err := os.Stat(path); err == nil {
			info = to
		}
		system := info.Sys().(*syscall.Stat_t)
		text += fmt.Sprintf("%s -> %q %v %d %d %q\n", path, leads, info.Mode(), system.Uid, system.Gid, content)
	}
	return text
}

// before are what may stand in a target before its first Put.
func before(t *testing.T, what string, target install.Target) {
	t.Helper()
	outside := t.TempDir()
	for i, path := range paths(target) {
		switch what {
		case "files":
			write(t, path, fmt.Appendf(nil, "old %d\n", i), 0o644)
		case "links to elsewhere":
			write(t, filepath.Join(outside, fmt.Sprint(i)), []byte("elsewhere"), 0o600)
			if err := os.Symlink(filepath.Join(outside, fmt.Sprint(i)), path); err != nil {
				t.Fatal(err)
			}
		case "a certificate alone":
			if i == 0 {
				write(t, path, []byte("old"), 0o600)
			}
		case "wCME's own":
			put(t, target, pairs()[3])
		}
	}
}

func TestPutBackRestoresWhatWas(t *testing.T) {
	t.Parallel()
	for _, target := range formats() {
		for _, what := range []string{"nothing", "files", "links to elsewhere", "a certificate alone", "wCME's own"} {
			t.Run(target.Name+", "+what, func(t *testing.T) {
				t.Parallel()
				target := target
				target.Dir = t.TempDir()
				before(t, what, target)
				want, listed := faces(t, target), list(target.Dir)
				saved, err := target.Save(pairs()[0])
				if err != nil {
					t.Fatal(err)
				}
				put(t, target, pairs()[0])
				put(t, target, pairs()[1]) // meanwhile
				var read install.Snapshot
				if err := json.Unmarshal(must(json.Marshal(saved)), &read); err != nil {
					t.Fatal(err)
				}
				if err := read.PutBack(); err != nil {
					t.Fatal(err)
				}
				if got := faces(t, target); got != want {
					t.Errorf("got\n%swant\n%s", got, want)
				}
				if got := list(target.Dir); what != "wCME's own" && !slices.Equal(got, listed) {
					t.Errorf("got %v, want %v", got, listed)
				}
				infos := stats(t, target.Dir)
				if err := read.PutBack(); err != nil || stats(t, target.Dir) != infos {
					t.Errorf("a second time: %v, or something was written", err)
				}
				put(t, target, pairs()[1]) // and forward again
				current(t, target, pairs()[1])
			})
		}
	}
}

// TestPutBackNeverDisagrees at any step, where there were two files.
func TestPutBackNeverDisagrees(t *testing.T) {
	t.Parallel()
	for shape, prepare := range shapes {
		if shape == "nothing" {
			continue
		}
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			target := install.Target{Dir: t.TempDir(), Format: install.Split}
			prepare(t, target)
			saved, err := target.Save(pairs()[1])
			if err != nil {
				t.Fatal(err)
			}
			put(t, target, pairs()[1])
			steps := 0
			saved.Step = func(point, path string) {
				steps++
				if err := disagree(target); err != nil {
					t.Errorf("at %s %s: %v", point, path, err)
				}
			}
			if err := saved.PutBack(); err != nil || steps == 0 {
				t.Errorf("%d steps, %v", steps, err)
			}
			if err := disagree(target); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSaveIsBounded(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Mode: 0o600}
	write(t, paths(target)[0], make([]byte, 1<<20+1), 0o600)
	saved, err := target.Save(pairs()[0])
	fails(t, err, acmecore.Invalid, "1048576 bytes")
	if len(saved.Files) > 0 {
		t.Errorf("saved %d files all the same", len(saved.Files))
	}
	if err := os.Truncate(paths(target)[0], 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Save(pairs()[0]); err != nil {
		t.Error(err)
	}
}

// TestPutBackRefusesWhatIsNoSnapshot: one is read from a file.
func TestPutBackRefusesWhatIsNoSnapshot(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	for _, files := range [][]install.Saved{
		nil, {{Name: "a", Was: "absent"}, {Name: "a", Was: "absent"}},
		{{Name: "../" + filepath.Base(outside) + "/x", Was: "file"}}, {{Name: ".."}}, {{Name: ""}}, {{Name: "a/b"}},
		{{Name: "a", Was: "unheard of"}}, {{Name: "a"}},
	} {
		dir := t.TempDir()
		if err := (install.Snapshot{Dir: dir, Files: files}).PutBack(); err == nil {
			t.Errorf("%v: no error", files)
		}
		if left := slices.Concat(list(dir), list(outside)); len(left) > 0 {
			t.Errorf("%v: wrote %v", files, left)
		}
	}
	if err := (install.Snapshot{Dir: "tmp", Files: []install.Saved{{Name: "a", Was: "absent"}}}).PutBack(); err == nil {
		t.Error("a relative directory: no error")
	}
}

// TestRightsComeBack, too: those of other users.
func TestRightsComeBack(t *testing.T) {
	t.Parallel()
	for _, target := range formats() {
		target.Dir = t.TempDir()
		before(t, "files", target)
		for _, path := range paths(target) {
			if err := os.Chown(path, 12345, 23456); err != nil {
				t.Fatal(err)
			}
		}
		want := faces(t, target)
		saved, err := target.Save(pairs()[0])
		if err != nil {
			t.Fatal(err)
		}
		target.Owner, target.Group = "0", "0"
		put(t, target, pairs()[0])
		if err := saved.PutBack(); err != nil {
			t.Fatal(err)
		}
		if got := faces(t, target); got != want || !strings.Contains(got, "12345 23456") {
			t.Errorf("%s: got\n%swant\n%s", target.Name, got, want)
		}
	}
}
