package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore/store"
)

// readText reads a file of the log-in, which must be JSON.
func readText(files *store.LogIn, name string) (text string, err error) {
	err = files.Read(name, func(found []byte) error {
		text = string(found)
		return json.Unmarshal(found, new(any))
	})
	return text, err
}

func TestFilesOfTheLogInAreTheOverseersAlone(t *testing.T) {
	root := setUp(t)
	files := root.LogIn()
	if text, err := readText(files, "users"); text != "" || err != nil {
		t.Errorf("before there is one: %q, %v", text, err)
	}
	if stamp, err := files.Stamp("users"); stamp != "" || err != nil {
		t.Errorf("before there is one: %q, %v", stamp, err)
	}
	var stamps []string
	for _, content := range []string{"{}", "[]", "{ }"} {
		if err := files.Write("users", []byte(content)); err != nil {
			t.Fatal(err)
		}
		if text, err := readText(files, "users"); text != content || err != nil {
			t.Errorf("got %q, %v; want %q", text, err, content)
		}
		stamp, err := files.Stamp("users")
		if err != nil {
			t.Fatal(err)
		}
		stamps = append(stamps, stamp)
	}
	if stamps[0] == stamps[1] || stamps[1] == stamps[2] {
		t.Errorf("the stamps are %q", stamps)
	}
	dir := filepath.Join(root.Dir(), "priv", "login")
	for path, want := range map[string]os.FileMode{dir: os.ModeDir | 0o700, filepath.Join(dir, "users.json"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
	for _, name := range []string{"", ".", "..", "../lock", "a/b", "users.json", "a\x00", strings.Repeat("a", 81)} {
		if err := files.Write(name, []byte("{}")); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
}

func TestDamagedFilesOfTheLogInAreSetAside(t *testing.T) {
	root := setUp(t)
	files := root.LogIn()
	for _, content := range []string{"{", `"` + strings.Repeat("x", 100), "\x00"} {
		if err := files.Write("users", []byte(content)); err != nil {
			t.Fatal(err)
		}
		_, err := readText(files, "users")
		if !errors.Is(err, store.ErrDamaged) || strings.Contains(err.Error(), content) {
			t.Errorf("%.10q: %v", content, err)
		}
		if text, err := readText(files, "users"); text != "" || err != nil {
			t.Errorf("%.10q, once more: %q, %v", content, text, err)
		}
	}
	aside, err := filepath.Glob(filepath.Join(root.Dir(), "priv", "login", "users.json.bad-*"))
	if err != nil || len(aside) != 3 {
		t.Errorf("set aside: %q, %v", aside, err)
	}
}

func TestTheUsersAreChangedByOneAtATime(t *testing.T) {
	root := setUp(t)
	files := root.LogIn()
	release, err := files.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := root.LogIn().Lock(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second one: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	release, err = root.LogIn().Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// TestRightsFilesOfTheLogInBelongToTheOwner has root write for another user, whom it
// can give files to.
func TestRightsFilesOfTheLogInBelongToTheOwner(t *testing.T) {
	root := setUp(t)
	if _, err := root.Give(store.Owner{UID: 65534, GID: -1}); err != nil {
		t.Fatal(err)
	}
	if err := root.LogIn().Write("users", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"priv/login", "priv/login/users.json"} {
		info, err := os.Stat(filepath.Join(root.Dir(), path))
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 65534 {
			t.Errorf("%s belongs to user %d", path, uid)
		}
	}
}
