package install_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/install"
)

// TestS08ALinkInTheWayIsReplacedAndNotFollowed, whatever it leads to.
func TestS08ALinkInTheWayIsReplacedAndNotFollowed(t *testing.T) {
	t.Parallel()
	for _, target := range formats() {
		for _, leads := range []string{"outside", "nowhere", "itself", "/dev/zero", "another version"} {
			t.Run(target.Name+" "+leads, func(t *testing.T) {
				t.Parallel()
				target := target
				target.Dir = t.TempDir()
				outside := filepath.Join(t.TempDir(), "outside")
				write(t, outside, []byte("outside"), 0o600)
				for _, path := range paths(target) {
					to := map[string]string{"outside": outside, "nowhere": outside + "/gone", "itself": path,
						"another version": ".wcme/x/current/" + filepath.Base(path)}[leads]
					if to == "" {
						to = leads
					}
					if err := os.Symlink(to, path); err != nil {
						t.Fatal(err)
					}
				}
				if seen := target.Look(pairs()[0]); seen.Current || !strings.Contains(seen.Problem, "is a link to") {
					t.Errorf("look: got %+v", seen)
				}
				put(t, target, pairs()[0])
				current(t, target, pairs()[0])
				if got, err := os.ReadFile(outside); string(got) != "outside" {
					t.Errorf("outside: got %q, %v", got, err)
				}
			})
		}
	}
}

func TestS02WhatIsNoFileIsLeftAlone(t *testing.T) {
	t.Parallel()
	for what, makeIt := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o755) },
		"FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o644) },
	} {
		for _, target := range formats() {
			target.Dir = t.TempDir()
			path := paths(target)[len(paths(target))-1]
			if err := makeIt(path); err != nil {
				t.Fatal(err)
			}
			before := stats(t, target.Dir)
			_, err := target.Put(pairs()[0])
			fails(t, err, acmecore.Invalid, path, "move it away")
			if _, err := target.Save(pairs()[0]); err == nil {
				t.Errorf("%s, %s: saved", what, target.Name)
			}
			if seen := target.Look(pairs()[0]); seen.Current || seen.Problem == "" {
				t.Errorf("%s, %s: look: got %+v", what, target.Name, seen)
			}
			if stats(t, target.Dir) != before {
				t.Errorf("%s, %s: got %v", what, target.Name, list(target.Dir))
			}
		}
	}
}

// TestS09AnotherNameOfTheFileIsNotChanged: a hard link keeps the old content.
func TestS09AnotherNameOfTheFileIsNotChanged(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir()}
	put(t, target, pairs()[0])
	other := filepath.Join(t.TempDir(), "other")
	if err := os.Link(paths(target)[0], other); err != nil {
		t.Fatal(err)
	}
	put(t, target, pairs()[1])
	if got, err := os.ReadFile(other); string(got) != join(pairs()[0].FullChain, pairs()[0].Key) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestD13DirectoryThatIsNone(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	write(t, filepath.Join(parent, "file"), nil, 0o644)
	if err := errors.Join(os.Symlink("circle", filepath.Join(parent, "circle")), os.Symlink("gone", filepath.Join(parent, "dangling"))); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ dir, want string }{
		{"missing", "make that directory"}, {"missing/missing", "make that directory"}, {"file", "not a directory"},
		{"file/below", "not a directory"}, {"circle", "circle"}, {"dangling", "make that directory"},
	} {
		target := install.Target{Name: "nginx", Dir: filepath.Join(parent, row.dir)}
		_, err := target.Put(pairs()[0])
		fails(t, err, acmecore.Invalid, "nginx", row.want)
		_, err = target.Save(pairs()[0])
		fails(t, err, acmecore.Invalid, row.want)
		if seen := target.Look(pairs()[0]); seen.Current || seen.Target != "nginx" || !strings.Contains(seen.Problem+seen.Hint, row.want) {
			t.Errorf("look: got %+v, want %q", seen, row.want)
		}
	}
}

// TestD13DirectoryBehindLinks: the administrator's are followed.
func TestD13DirectoryBehindLinks(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(parent, "real/deep"), 0o755),
		os.Symlink("real", filepath.Join(parent, "relative")),
		os.Symlink(filepath.Join(parent, "real"), filepath.Join(parent, "absolute")),
		os.Symlink("../relative/../absolute/deep", filepath.Join(parent, "real/back")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, dir := range []string{"relative/deep", "absolute/deep", "relative/back", "real/./deep/"} {
		target := install.Target{Dir: parent + "/" + dir}
		put(t, target, pairs()[i])
		target.Dir = filepath.Join(parent, "real/deep")
		current(t, target, pairs()[i])
	}
}

// TestS08ALinkThatAnotherMayHaveMadeIsNotFollowed, on the way to the directory.
func TestS08ALinkThatAnotherMayHaveMadeIsNotFollowed(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(parent, "real"), 0o755), os.Symlink("real", filepath.Join(parent, "link")), os.Chmod(parent, 0o777)); err != nil {
		t.Fatal(err)
	}
	_, err := install.Target{Dir: filepath.Join(parent, "link")}.Put(pairs()[0])
	fails(t, err, acmecore.Denied, "symbolic link", "give the path")
	put(t, install.Target{Dir: filepath.Join(parent, "real")}, pairs()[0])
}

// TestRightsOfALinkOnTheWay: one of another user is not followed, even where that
// user may not write any more, and none in another user's directory.
func TestRightsOfALinkOnTheWay(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ parentU, linkU int }{{0, 12345}, {12345, 0}, {12345, 12345}} {
		parent := t.TempDir()
		link := filepath.Join(parent, "link")
		if err := errors.Join(os.Mkdir(filepath.Join(parent, "real"), 0o755), os.Symlink("real", link),
			os.Lchown(link, row.linkU, 0), os.Chown(parent, row.parentU, 0)); err != nil {
			t.Fatal(err)
		}
		_, err := install.Target{Dir: link}.Put(pairs()[0])
		fails(t, err, acmecore.Denied, "user 12345", "give the path")
	}
}

// TestS10ADirectoryThatIsSwappedLeadsNowhere: another user swaps the directory for
// a link all the time, and nothing is ever written where the link leads.
func TestS10ADirectoryThatIsSwappedLeadsNowhere(t *testing.T) {
	t.Parallel()
	parent, outside := t.TempDir(), t.TempDir()
	dir, aside := filepath.Join(parent, "dir"), filepath.Join(parent, "aside")
	if err := errors.Join(os.Chmod(parent, 0o777), os.Mkdir(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			if err := errors.Join(os.Rename(dir, aside), os.Symlink(outside, dir), os.Remove(dir), os.Rename(aside, dir)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	target := install.Target{Dir: dir}
	done, refused := 0, 0
	for i := range 10_000 {
		if _, err := target.Put(pairs()[i/2500]); err != nil {
			refused++
		} else {
			done++
		}
	}
	cancel()
	running.Wait()
	if left := list(outside); len(left) > 0 {
		t.Errorf("written outside: %v", left)
	}
	if done == 0 || refused == 0 {
		t.Errorf("%d done, %d refused: there was no race", done, refused)
	}
}

// TestS10VersionsThatAreSomebodyElses: the directory of versions may be a link, or a
// file, that another has put there.
func TestS10VersionsThatAreSomebodyElses(t *testing.T) {
	t.Parallel()
	for what, plant := range map[string]func(dir, outside string) error{
		"link": func(dir, outside string) error { return os.Symlink(outside, dir+"/.wcme") },
		"file": func(dir, outside string) error { return os.WriteFile(dir+"/.wcme", nil, 0o644) },
		"link below": func(dir, outside string) error {
			return errors.Join(os.Mkdir(dir+"/.wcme", 0o755), os.Symlink(outside, dir+"/.wcme/fullchain_www_example_test.pem"))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			target, outside := install.Target{Dir: t.TempDir(), Format: install.Split}, t.TempDir()
			if err := plant(target.Dir, outside); err != nil {
				t.Fatal(err)
			}
			if _, err := target.Put(pairs()[0]); err == nil {
				t.Error("no error")
			}
			if left := list(outside); len(left) > 0 {
				t.Errorf("written outside: %v", left)
			}
			if _, err := os.Lstat(paths(target)[1]); err == nil {
				t.Error("there is a key")
			}
		})
	}
}

// TestRightsOfVersionsThatAreAnothers: who owns the directory of versions could read
// and change what is in it.
func TestRightsOfVersionsThatAreAnothers(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.Split}
	versions := filepath.Join(target.Dir, ".wcme")
	if err := errors.Join(os.Mkdir(versions, 0o777), os.Chown(versions, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	_, err := target.Put(pairs()[0])
	fails(t, err, acmecore.Denied, versions)
}

// TestLeftoversOfOthersStay: what has a name like a temporary file's is not ours.
func TestLeftoversOfOthersStay(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir()}
	write(t, filepath.Join(target.Dir, ".fullchain_www_example_test.pem.wcme-0"), []byte("ours"), 0o600)
	others := []string{".fullchain_www_example_test.pem123456", ".other.pem.wcme-0", ".x.swp", ".123"}
	for _, name := range others {
		write(t, filepath.Join(target.Dir, name), []byte("theirs"), 0o600)
	}
	put(t, target, pairs()[0])
	if got, want := len(list(target.Dir)), len(others)+1; got != want {
		t.Errorf("got %v, want %v and the file", list(target.Dir), others)
	}
}

// FuzzLook takes what stands there for anything: it is another user's, perhaps.
func FuzzLook(f *testing.F) {
	for _, seed := range [][]byte{nil, pairs()[0].FullChain, pairs()[0].Key, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), {0x30, 0x80}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for i, target := range formats() {
			if target.Format == install.PKCS12 {
				continue // is read by its library, and only when it is trusted
			}
			target.Dir = t.TempDir()
			for _, path := range paths(target) {
				write(t, path, content, 0o600)
			}
			seen := target.Look(pairs()[3])
			if seen.Current || seen.Problem == "" || seen.Problem != acmecore.Inert(seen.Problem) {
				t.Errorf("%d: got %+v", i, seen)
			}
		}
	})
}

// FuzzPattern: what is accepted is a plain name of a file.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"{name}.pem", "{host}", "..", "{NAME}{", "a/b", "\x00", "{../}", "-{name}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		target := install.Target{Dir: t.TempDir(), File: pattern}
		if target.Check() != nil {
			return
		}
		changed, err := target.Put(pairs()[0])
		if err != nil {
			return // the names of this certificate may be too long
		}
		if len(changed) != 1 || filepath.Dir(changed[0]) != target.Dir || len(list(target.Dir)) != 1 || filepath.Base(changed[0])[0] == '.' {
			t.Errorf("%q: changed %v, there is %v", pattern, changed, list(target.Dir))
		}
	})
}
