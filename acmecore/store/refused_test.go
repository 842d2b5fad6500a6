package store_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"wcme/acmecore/store"
)

// TestWhatWasRefusedIsKept as it came, the latest alone, where nobody else can read it.
func TestWhatWasRefusedIsKept(t *testing.T) {
	root := setUp(t)
	long := bytes.Repeat([]byte("a"), 1<<20+1)
	var path string
	for _, row := range []struct {
		order      string
		text, want []byte
	}{
		{"https://ca.example/order/1", []byte("\x00\x1b[31m"), []byte("\x00\x1b[31m")},
		{"https://ca.example/order/2", nil, nil},
		{"https://ca.example/order/3", long, long[:1<<20]},
	} {
		var err error
		if path, err = root.PutRefused("www_example_org", store.Refused{Order: row.order, Reason: "it is for another key"}, row.text); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(path, "chain.txt"))
		if err != nil || !bytes.Equal(got, row.want) {
			t.Errorf("of %s %d bytes are kept, %v, want %d", row.order, len(got), err, len(row.want))
		}
		var why store.Refused
		text, err := os.ReadFile(filepath.Join(path, "reason.json"))
		if err != nil || json.Unmarshal(text, &why) != nil || why.Order != row.order || why.Reason != "it is for another key" {
			t.Errorf("the reason is %s, %v", text, err)
		}
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "..": 0o700, "chain.txt": 0o600, "reason.json": 0o600} {
		if info, err := os.Stat(filepath.Join(path, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%q has mode %v, %v, want %v", name, info, err, want)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("beside it there are %v, %v", entries, err)
	}
}

func TestWhatWasRefusedIsDropped(t *testing.T) {
	root := setUp(t)
	if err := root.DropRefused("www_example_org"); err != nil {
		t.Errorf("before anything: %v", err)
	}
	path, err := root.PutRefused("www_example_org", store.Refused{}, []byte("no chain"))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(filepath.Dir(path), ".draft-123")
	if err := os.Mkdir(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := root.Sweep(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(half); err == nil {
		t.Error("what a kill has left half made stays")
	}
	if err := root.DropRefused("www_example_org"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("it is there still")
	}
}
