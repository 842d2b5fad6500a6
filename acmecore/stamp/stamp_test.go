package stamp_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore/stamp"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStampIsAnotherOneAfterEachChange that can be told whatever the file system's
// moments are: of the size, of what the name leads to, and of whether it leads anywhere.
func TestStampIsAnotherOneAfterEachChange(t *testing.T) {
	dir := t.TempDir()
	file, other, link := filepath.Join(dir, "file"), filepath.Join(dir, "other"), filepath.Join(dir, "link")
	write(t, file, "one")
	write(t, other, "two")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	before, beforeLink := stamp.Of(link), stamp.OfLink(link)
	if before != stamp.Of(file) || before == beforeLink || before.IsAbsent() || beforeLink.IsAbsent() {
		t.Fatalf("at first: %+v, the link itself %+v", before, beforeLink)
	}
	for _, row := range []struct {
		what         string
		change       func() error
		link, absent bool // the link itself is another one; nothing is there
	}{
		{"longer", func() error { return os.WriteFile(file, []byte("longer"), 0o600) }, false, false},
		{"another file in its place", func() error { return os.Rename(other, file) }, false, false},
		{"gone", func() error { return os.Remove(file) }, false, true},
		{"another link", func() error { write(t, other, "three"); os.Remove(link); return os.Symlink("other", link) }, true, false},
	} {
		if err := row.change(); err != nil {
			t.Fatal(err)
		}
		now, nowLink := stamp.Of(link), stamp.OfLink(link)
		if now == before || (nowLink != beforeLink) != row.link || now.IsAbsent() != row.absent {
			t.Errorf("%s: %+v after %+v, the link itself %+v after %+v", row.what, now, before, nowLink, beforeLink)
		}
		before, beforeLink = now, nowLink
	}
}

// TestStampOfAPlaceSaysNothingOfTheFilesInIt, but of who may write there.
func TestStampOfAPlaceSaysNothingOfTheFilesInIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "place")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	before := stamp.OfPlace(dir)
	write(t, filepath.Join(dir, "file"), "")
	if got := stamp.OfPlace(dir); got != before {
		t.Errorf("with a file in it: %+v, before %+v", got, before)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if got := stamp.OfPlace(dir); got == before || got.IsAbsent() {
		t.Errorf("with other rights: %+v, before %+v", got, before)
	}
	if got := stamp.OfPlace(filepath.Join(dir, "absent")); !got.IsAbsent() {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestStampIsSettledWhenItsMomentIsOver(t *testing.T) {
	changed := time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC)
	one := stamp.Stamp{Inode: 1, Changed: changed.UnixNano()}
	for after, want := range map[time.Duration]bool{-time.Hour: false, 0: false, 1999 * time.Millisecond: false, 2 * time.Second: true} {
		if got := one.IsSettled(changed.Add(after)); got != want {
			t.Errorf("read %v after the change: got %t, want %t", after, got, want)
		}
	}
	if !(stamp.Stamp{}).IsSettled(changed) {
		t.Error("of nothing: not settled")
	}
}
