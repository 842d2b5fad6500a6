package durable_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"wcme/acmecore/durable"
)

func TestWriteFileSetsTheModeWhateverWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	for _, row := range []struct {
		what   string
		before fs.FileMode // 0: no file
		want   fs.FileMode
	}{
		{"a new file", 0, 0o600},
		{"a file that was wider", 0o644, 0o600},
		{"a file that was narrower", 0o600, 0o644},
	} {
		if row.before != 0 {
			if err := os.Chmod(path, row.before); err != nil {
				t.Fatal(err)
			}
		}
		if err := durable.WriteFile(path, []byte(row.what), row.want); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		text, _ := os.ReadFile(path)
		if err != nil || info.Mode() != row.want || string(text) != row.what {
			t.Errorf("%s: got %v, %q, %v; want %v", row.what, info.Mode(), text, err, row.want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("temporary files are left: %v", entries)
	}
}

func TestWriteFileReplacesALinkAndNotWhatItLeadsTo(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "file")
	if err := os.WriteFile(victim, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(victim); string(text) != "untouched" {
		t.Errorf("the link was followed: %q", text)
	}
}

func TestWriteFileThatFailsLeavesTheOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("new"), 0o600); err == nil {
		t.Error("a directory was replaced by a file")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || !entries[0].IsDir() {
		t.Errorf("got %v, want the directory alone", entries)
	}
}

func TestSymlinkReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "current")
	for _, target := range []string{"000001", "000002"} {
		if err := durable.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink(path); err != nil || got != target {
			t.Errorf("got %q, %v; want %q", got, err, target)
		}
	}
}

func TestRemoveOfNothingIsNoError(t *testing.T) {
	if err := durable.Remove(filepath.Join(t.TempDir(), "gone", "file")); err != nil {
		t.Error(err)
	}
}
