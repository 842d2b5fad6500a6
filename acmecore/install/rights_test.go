package install_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/install"
)

func TestModesAreStatedKeptOrNarrow(t *testing.T) {
	t.Parallel()
	const none = 0
	for _, row := range []struct {
		what               string
		target             install.Target
		there              fs.FileMode // of the files before
		certificate, other fs.FileMode // afterwards; the second is the key's
	}{
		{"combined, new", install.Target{}, none, 0o600, 0o600},
		{"combined, kept", install.Target{}, 0o440, 0o440, 0o440},
		{"combined, kept and narrowed", install.Target{}, 0o644, 0o640, 0o640},
		{"combined, stated", install.Target{Mode: 0o640}, 0o600, 0o640, 0o640},
		{"split, new", install.Target{Format: install.Split}, none, 0o644, 0o600},
		{"split, kept and narrowed", install.Target{Format: install.Split}, 0o664, 0o664, 0o660},
		{"split, stated", install.Target{Format: install.Split, Mode: 0o444, KeyMode: 0o400}, 0o664, 0o444, 0o400},
		{"plain, kept and narrowed", install.Target{Format: install.Split, Plain: true}, 0o644, 0o644, 0o640},
		{"der, new", install.Target{Format: install.DER}, none, 0o644, 0o600},
		{"template without a key, new", install.Target{Format: install.Templated, Template: "{{.Leaf}}"}, none, 0o644, 0o644},
		{"template without a key, kept", install.Target{Format: install.Templated, Template: "{{.Leaf}}"}, 0o664, 0o664, 0o664},
		{"template with a key, kept and narrowed", install.Target{Format: install.Templated, Template: "{{.Key}}"}, 0o664, 0o660, 0o660},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			row.target.Dir = t.TempDir()
			files := paths(row.target)
			if row.there != none {
				for _, path := range files {
					write(t, path, []byte("old"), row.there)
				}
			}
			for _, pair := range pairs()[:2] {
				put(t, row.target, pair)
				current(t, row.target, pair)
			}
			for i, want := range []fs.FileMode{row.certificate, row.other} {
				if _, _, mode := rightsOf(t, files[min(i, len(files)-1)]); mode != want {
					t.Errorf("%s: got %v, want %v", files[min(i, len(files)-1)], mode, want)
				}
			}
		})
	}
}

// TestATemplateMayAskForTheKeyLate, when Check has not seen it.
func TestATemplateMayAskForTheKeyLate(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.Templated, Mode: 0o644, Template: `{{if eq .Name "www_example_test"}}{{.Key}}{{end}}`}
	if err := target.Check(); err != nil {
		t.Fatal(err)
	}
	_, err := target.Put(pairs()[0])
	fails(t, err, acmecore.Invalid, "every user")
	if left := list(target.Dir); len(left) > 0 {
		t.Errorf("wrote %v", left)
	}
}

// TestTemplatesShowTheKeyOnlyByItsName, and do not put it in errors.
func TestTemplatesShowTheKeyOnlyByItsName(t *testing.T) {
	t.Parallel()
	secret := strings.Split(string(pairs()[0].Key), "\n")[1]
	for _, text := range []string{"{{.}}", `{{printf "%v %+v %#v %s" . . . .}}`, "{{html .}}{{js .}}"} {
		target := install.Target{Dir: t.TempDir(), Format: install.Templated, Template: text, Mode: 0o644}
		put(t, target, pairs()[0])
		if got, err := os.ReadFile(paths(target)[0]); err != nil || len(got) == 0 || strings.Contains(string(got), secret) {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
	target := install.Target{Dir: t.TempDir(), Format: install.Templated, Template: `{{if eq .Name "www_example_test"}}{{index .Names (len .Key)}}{{end}}`}
	_, err := target.Put(pairs()[0])
	fails(t, err, acmecore.Invalid, "cannot be filled in")
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the key is in %q", err)
	}
}

// TestAKeyIsNeverWiderThanItsMode looks at every file all the time (I9): one that
// has a content has its last mode.
func TestAKeyIsNeverWiderThanItsMode(t *testing.T) {
	t.Parallel()
	for _, target := range []install.Target{
		{Format: install.Combined, Mode: 0o640},
		{Format: install.Split, Mode: 0o644, KeyMode: 0o640},
		{Format: install.Split, Mode: 0o644, KeyMode: 0o640, Plain: true},
	} {
		t.Run(fmt.Sprint(target.Format, target.Plain), func(t *testing.T) {
			t.Parallel()
			target.Dir = t.TempDir()
			look := func() {
				if err := tooWide(target); err != nil {
					t.Error(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() {
				for ctx.Err() == nil {
					look()
				}
			})
			looking := target
			looking.Step = func(_, _ string) { look() }
			for i := range 40 {
				put(t, looking, pairs()[i%len(pairs())])
			}
			cancel()
			running.Wait()
		})
	}
}

// tooWide looks at all files of a target.
func tooWide(target install.Target) error {
	return filepath.WalkDir(target.Dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !entry.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			return nil // it is gone by now
		}
		want := target.Mode
		if target.KeyMode != 0 && strings.Contains(entry.Name(), "key_") {
			want = target.KeyMode
		}
		if mode := info.Mode(); mode&^(want|0o600) != 0 || info.Size() > 0 && mode != want {
			return fmt.Errorf("%s: %v with %d bytes", path, mode, info.Size())
		}
		return nil
	})
}

// TestRightsOfOtherUsersAreGivenAndKept is the tutorial's qmail, whose file belongs
// to its own user.
func TestRightsOfOtherUsersAreGivenAndKept(t *testing.T) {
	t.Parallel()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what           string
		target         install.Target
		thereU, thereG int // of the files before; -1 when there are none
		certU, certG   int
	}{
		{what: "qmail, by name", target: install.Target{File: "servercert.pem", Owner: "nobody", Mode: 0o700}, thereU: -1, certU: id, certG: 0},
		{what: "by number", target: install.Target{Owner: "12345", Group: "23456"}, thereU: -1, certU: 12345, certG: 23456},
		{what: "kept", target: install.Target{}, thereU: 12345, thereG: 23456, certU: 12345, certG: 23456},
		{what: "the group stated, the owner kept", target: install.Target{Group: "4"}, thereU: 12345, thereG: 23456, certU: 12345, certG: 4},
		{what: "split, kept", target: install.Target{Format: install.Split}, thereU: 12345, thereG: 23456, certU: 12345, certG: 23456},
		{what: "split, stated", target: install.Target{Format: install.Split, Owner: "1", Group: "2"}, thereU: 12345, thereG: 23456, certU: 1, certG: 2},
		{what: "plain, kept", target: install.Target{Format: install.Split, Plain: true}, thereU: 12345, thereG: 23456, certU: 12345, certG: 23456},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			row.target.Dir = t.TempDir()
			if row.thereU >= 0 {
				for _, path := range paths(row.target) {
					write(t, path, []byte("old"), 0o600)
					if err := os.Chown(path, row.thereU, row.thereG); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, pair := range pairs()[:2] {
				put(t, row.target, pair)
				current(t, row.target, pair)
				for _, path := range paths(row.target) {
					if uid, gid, _ := rightsOf(t, path); uid != row.certU || gid != row.certG {
						t.Errorf("%s: got %d:%d, want %d:%d", path, uid, gid, row.certU, row.certG)
					}
				}
			}
			if row.target.Owner == "" {
				return
			}
			if err := os.Chown(paths(row.target)[0], 7, 7); err != nil {
				t.Fatal(err)
			}
			if seen := row.target.Look(pairs()[1]); seen.Current || !strings.Contains(seen.Problem, "is user 7, group 7") {
				t.Errorf("look: got %+v, want the owner", seen)
			}
			put(t, row.target, pairs()[1])
			current(t, row.target, pairs()[1])
		})
	}
}

func TestUnknownUsersAreSaid(t *testing.T) {
	t.Parallel()
	for _, target := range []install.Target{{Owner: "no such user"}, {Group: "no such group"}, {Owner: "-1"}, {Group: "99999999999"}} {
		target.Dir = t.TempDir()
		_, err := target.Put(pairs()[0])
		fails(t, err, acmecore.Invalid, "there is no")
		if seen := target.Look(pairs()[0]); seen.Current || seen.Problem == "" || seen.Hint == "" {
			t.Errorf("look: %+v", seen)
		}
	}
}

// TestRightsOfAnOrdinaryUserAreNotEnough to give files away: the old file stays.
func TestRightsOfAnOrdinaryUserAreNotEnough(t *testing.T) {
	t.Parallel()
	for _, target := range []install.Target{{}, {Format: install.Split}, {Format: install.Split, Plain: true}} {
		target.Dir = inside(t)
		if err := os.Chown(target.Dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		target.Owner, target.Group = "12345", "12345"
		if answer, _ := (child{Target: target, Pair: pairs()[0], UID: 12345}).run(t); !answer.Placed.Current {
			t.Errorf("its own files: %+v", answer)
		}
		target.Owner = "0"
		answer, _ := child{Target: target, Pair: pairs()[1], UID: 12345}.run(t)
		if answer.Kind != acmecore.Denied || !strings.Contains(answer.Hint, "as root") || !strings.Contains(answer.Error, "user 0") {
			t.Errorf("got %+v, want it denied", answer)
		}
		target.Owner = "12345"
		current(t, target, pairs()[0])
		if left := halfMade(target.Dir); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
}

// inside makes a directory that other users can get to.
func inside(t *testing.T) string {
	t.Helper()
	outer, err := os.MkdirTemp("", "install")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(outer) })
	dir := filepath.Join(outer, "inside")
	if err := errors.Join(os.Chmod(outer, 0o755), os.Mkdir(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRightsOfAPlantedFileAreNotKept: whoever may write to a directory could put a
// file of its own there, and be given the key.
func TestRightsOfAPlantedFileAreNotKept(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what       string
		dirMode    fs.FileMode
		dirU       int
		fileU      int
		target     install.Target
		wantDenied bool
	}{
		{what: "a directory of root alone", dirMode: 0o755, fileU: 12345},
		{what: "the directory's owner's own file", dirMode: 0o755, dirU: 12345, fileU: 12345},
		{what: "root's file in a group's directory", dirMode: 0o775, fileU: 0},
		{what: "another's file in a group's directory", dirMode: 0o775, fileU: 12345, wantDenied: true},
		{what: "another's file in a sticky directory", dirMode: 0o777 | fs.ModeSticky, fileU: 12345, wantDenied: true},
		{what: "another's file in a user's directory", dirMode: 0o755, dirU: 12345, fileU: 54321, wantDenied: true},
		{what: "another's file, owner stated, mode kept", dirMode: 0o777, fileU: 12345, target: install.Target{Owner: "0"}, wantDenied: true},
		{what: "another's file, all stated", dirMode: 0o777, fileU: 12345, target: install.Target{Owner: "0", Group: "0", Mode: 0o600}},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			target := row.target
			target.Dir = t.TempDir()
			path := paths(target)[0]
			write(t, path, []byte("planted"), 0o660)
			if err := errors.Join(os.Chown(path, row.fileU, row.fileU), os.Chown(target.Dir, row.dirU, 0), os.Chmod(target.Dir, row.dirMode)); err != nil {
				t.Fatal(err)
			}
			_, err := target.Put(pairs()[0])
			if !row.wantDenied {
				if err != nil {
					t.Fatal(err)
				}
				current(t, target, pairs()[0])
				return
			}
			fails(t, err, acmecore.Denied, path, strconv.Itoa(row.fileU), "state `owner`")
			if got, err := os.ReadFile(path); string(got) != "planted" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
