package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"wcme/acmecore/store"
)

const limitsOf = "https://ca.example.test/directory"

func TestLimitsAreKept(t *testing.T) {
	root := setUp(t)
	if got, found, err := limitsIn(root); found || err != nil {
		t.Fatalf("before anything: %q, %v, %v", got, found, err)
	}
	for _, line := range []string{"one\n", "two\nthree\n"} {
		if err := root.AddLimits(limitsOf, []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if got, found, err := limitsIn(root); got != "one\ntwo\nthree\n" || !found || err != nil {
		t.Errorf("got %q, %v, %v", got, found, err)
	}
	if info, err := os.Stat(limitsFile(t, root)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if err := root.PutLimits(limitsOf, []byte("four\n")); err != nil {
		t.Fatal(err)
	}
	if got, _, err := limitsIn(root); got != "four\n" || err != nil {
		t.Errorf("written anew it is %q, %v", got, err)
	}
}

// TestLimitsOfAKill: a line that was not finished counts for nothing, and spoils none
// that follows.
func TestLimitsOfAKill(t *testing.T) {
	root := setUp(t)
	if err := root.AddLimits(limitsOf, []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(limitsFile(t, root), []byte("one\ntw"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, found, err := limitsIn(root); got != "one\n" || !found || err != nil {
		t.Errorf("after the kill: %q, %v, %v", got, found, err)
	}
	if err := root.AddLimits(limitsOf, []byte("three\n")); err != nil {
		t.Fatal(err)
	}
	if got, _, err := limitsIn(root); got != "one\nthree\n" || err != nil {
		t.Errorf("and another line: %q, %v", got, err)
	}
}

func TestDamagedLimitsAreSetAside(t *testing.T) {
	for _, damage := range []struct {
		name string
		do   func(path string) error
	}{
		{"other content", func(path string) error { return os.WriteFile(path, []byte("bad\n"), 0o600) }},
		{"empty", func(path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"a directory", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }},
	} {
		t.Run(damage.name, func(t *testing.T) {
			root := setUp(t)
			if err := root.AddLimits(limitsOf, []byte("one\n")); err != nil {
				t.Fatal(err)
			}
			path := limitsFile(t, root)
			if err := damage.do(path); err != nil {
				t.Fatal(err)
			}
			if _, found, err := limitsIn(root); found || !errors.Is(err, store.ErrDamaged) {
				t.Errorf("found %v, %v", found, err)
			}
			if aside, _ := filepath.Glob(path + ".bad-*"); len(aside) != 1 {
				t.Errorf("set aside are %v", aside)
			}
			if err := root.AddLimits(limitsOf, []byte("two\n")); err != nil {
				t.Fatal(err)
			}
			if got, _, err := limitsIn(root); got != "two\n" || err != nil {
				t.Errorf("afterwards: %q, %v", got, err)
			}
		})
	}
}

func limitsIn(root *store.Root) (text string, found bool, err error) {
	found, err = root.Limits(limitsOf, func(lines []byte) error {
		if bytes.Contains(lines, []byte("bad")) {
			return errors.New("bad")
		}
		text = string(lines)
		return nil
	})
	return text, found, err
}

func limitsFile(t *testing.T, root *store.Root) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root.Dir(), "priv", "limits", "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("ledgers are %v, %v", files, err)
	}
	return files[0]
}
