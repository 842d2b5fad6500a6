package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"wcme/acmecore/store"
)

func TestWhatWasReachedIsKept(t *testing.T) {
	root := setUp(t)
	if text, err := root.Reach(); err != nil || text != nil {
		t.Errorf("before anything was kept: got %q, %v", text, err)
	}
	for _, want := range []string{`{"a":1}`, `{}`} {
		if err := root.PutReach([]byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := root.Reach(); err != nil || string(got) != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	path := filepath.Join(root.Dir(), "priv", "reach.json")
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%s: %v, %v", path, info, err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Reach(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("an empty file: got %v", err)
	}
	if text, err := root.Reach(); err != nil || text != nil {
		t.Errorf("after it was set aside: got %q, %v", text, err)
	}
}
