package challenge_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

func TestWebrootHasACopyUntilItIsWithdrawn(t *testing.T) {
	t.Parallel()
	w := challenge.Webroot(t.TempDir())
	for range 2 { // the second is there already
		if err := errors.Join(w.Check(), w.Publish(token, answer)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(string(w), string(token))
	text, err := os.ReadFile(path)
	if err != nil || string(text) != answer {
		t.Errorf("got %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode: got %v, %v; want 0644", info.Mode(), err)
	}
	for range 2 { // the second finds nothing, which is no error
		if err := w.Withdraw(token, answer); err != nil {
			t.Error(err)
		}
	}
	if left := names(t, challenge.Directory(w)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// obstacles are what may be in the place of a copy.
func obstacles(t *testing.T, path string) map[string]func() error {
	t.Helper()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("outside"), 0o644); err != nil {
		t.Fatal(err)
	}
	return map[string]func() error{
		"another client's challenge": func() error { return os.WriteFile(path, []byte(string(token)+".another"), 0o644) },
		"a longer text":              func() error { return os.WriteFile(path, []byte(answer+"\n"), 0o644) },
		"an empty file":              func() error { return os.WriteFile(path, nil, 0o644) },
		"a symbolic link":            func() error { return os.Symlink(outside, path) },
		"one that leads nowhere":     func() error { return os.Symlink(outside+"/gone", path) },
		"a directory": func() error {
			return errors.Join(os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "kept"), []byte("x"), 0o644))
		},
		"a FIFO": func() error { return syscall.Mkfifo(path, 0o644) },
	}
}

// TestWebrootLeavesWhatIsNotOurs: a token is what a CA says, and it may say the
// name of a file that is there.
func TestWebrootLeavesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	for what := range obstacles(t, "") {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := challenge.Webroot(t.TempDir())
			if err := obstacles(t, filepath.Join(string(w), string(token)))[what](); err != nil {
				t.Fatal(err)
			}
			before := look(t, string(w))
			err := w.Publish(token, answer)
			if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), string(w)) || acmecore.HintOf(err) == "" {
				t.Errorf("publish: got %v, want an error that names the directory, with a hint", err)
			}
			if err := w.Withdraw(token, answer); err != nil {
				t.Errorf("withdraw: %v", err)
			}
			if after := look(t, string(w)); after != before {
				t.Errorf("got\n%swant\n%s", after, before)
			}
		})
	}
}

// look lists a directory with everything in it.
func look(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		content := []byte(nil)
		if entry.Type().IsRegular() {
			content, err = os.ReadFile(path)
		}
		fmt.Fprintf(&text, "%v %s %q\n", entry.Type(), path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestWebrootWithdrawsWhatAKilledPublishHasLeft(t *testing.T) {
	t.Parallel()
	w := challenge.Webroot(t.TempDir())
	write := func(name string) {
		if err := os.WriteFile(filepath.Join(string(w), name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := strings.Repeat("b", 32)
	write("." + string(token) + "123456")
	write("." + string(token) + ".swp")
	write("." + other + "123456")
	write(other)
	if err := w.Withdraw(token, answer); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(names(t, challenge.Directory(w))), fmt.Sprintf("[.%s123456 .%s.swp %s]", other, token, other); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWebrootThatIsGoneHasNothingToWithdraw(t *testing.T) {
	t.Parallel()
	w := challenge.Webroot(filepath.Join(t.TempDir(), "gone"))
	if err := w.Withdraw(token, answer); err != nil {
		t.Error(err)
	}
	if err := w.Publish(token, answer); err == nil {
		t.Error("published in a directory that is not there")
	}
}

func TestWebrootRefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	w := challenge.Webroot(t.TempDir())
	for _, bad := range []acmecore.Token{"", "short", "../../../../../../../../tmp/xxxxxxxxxxxx", ".wcme.json"} {
		if w.Publish(bad, answer) == nil || w.Withdraw(bad, answer) == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestWebrootCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct {
		path, cause string
	}{
		"missing":                   {filepath.Join(dir, "gone"), "no such file or directory"},
		"no directory":              {file, "that is no directory"},
		"below a file":              {filepath.Join(file, "x"), "not a directory"},
		"a link that leads nowhere": {link(t, dir), "no such file or directory"},
	} {
		err := challenge.Webroot(row.path).Check()
		if got, want := fmt.Sprint(err), "use webroot "+row.path+": "+row.cause; got != want || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %s, %q; want %q", what, acmecore.KindOf(err), got, want)
		}
		if !strings.Contains(acmecore.HintOf(err), "`webroot`") {
			t.Errorf("%s: hint: got %q", what, acmecore.HintOf(err))
		}
	}
}

func link(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPendingListsChallengesAlone(t *testing.T) {
	t.Parallel()
	d := published(t)
	for _, name := range []string{"index.html", ".wcme.json", strings.Repeat("c", 32)} {
		if err := os.WriteFile(filepath.Join(string(d), name), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Pending()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(map[acmecore.Token]string{token: answer}) {
		t.Errorf("got %v, %v", got, err)
	}
}
