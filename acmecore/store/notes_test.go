package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

func TestASnapshotIsKeptUntilItIsDropped(t *testing.T) {
	root := setUp(t)
	snapshot := []byte("key and chain")
	if err := root.PutReplaced("a_example", "nginx", snapshot); err != nil {
		t.Fatal(err)
	}
	if got, err := root.Replaced("a_example", "nginx"); err != nil || !bytes.Equal(got, snapshot) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, other := range []struct {
		id     acmecore.ID
		target string
	}{{"a_example", "apache"}, {"b_example", "nginx"}} {
		if got, err := root.Replaced(other.id, other.target); err != nil || got != nil {
			t.Errorf("%v: got %q, %v; want nothing", other, got, err)
		}
	}
	for range 2 {
		if err := root.ForgetReplaced("a_example"); err != nil {
			t.Error(err)
		}
	}
	if got, err := root.Replaced("a_example", "nginx"); err != nil || got != nil {
		t.Errorf("dropped: got %q, %v", got, err)
	}
	if err := root.PutReplaced("a_example", "nginx", make([]byte, 8<<20+1)); err == nil {
		t.Error("a snapshot of more than 8 MiB was kept")
	}
}

func TestS12NamesOfTargetsAreNoPaths(t *testing.T) {
	root := setUp(t)
	for _, target := range []string{"", ".", "..", "../../x", "a/b", "A", "a b", "a\n", "a.json", "é", strings.Repeat("a", 65)} {
		_, getErr := root.Replaced("a_example", target)
		for _, err := range []error{root.PutReplaced("a_example", target, []byte("x")), getErr} {
			if acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
				t.Errorf("%q: got %v", target, err)
			}
		}
	}
	if err := root.PutReplaced("a_example", strings.Repeat("-", 64), []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestASpoolKeepsItsMessagesInOrder(t *testing.T) {
	root := setUp(t)
	spool := root.Spool()
	want := []string{"20261121T002000-1-mail", "20261121T002000-2-mail", "20261122T002000-1-mail"}
	for _, name := range []string{want[1], want[2], want[0]} {
		if err := spool.Put(name, []byte("to "+name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(spool.SetTold([]byte("x")), os.WriteFile(filepath.Join(root.Dir(), "priv/spool/.half1"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	// Another process: what is kept is on disk.
	spool = reopen(t, root.Dir()).Spool()
	if names, err := spool.List(); err != nil || !slices.Equal(names, want) {
		t.Errorf("got %q, %v; want %q", names, err, want)
	}
	if message, err := spool.Get(want[1]); err != nil || string(message) != "to "+want[1] {
		t.Errorf("got %q, %v", message, err)
	}
	for range 2 {
		if err := spool.Remove(want[1]); err != nil {
			t.Error(err)
		}
	}
	if names, err := spool.List(); err != nil || !slices.Equal(names, []string{want[0], want[2]}) {
		t.Errorf("removed: got %q, %v", names, err)
	}
	if _, err := spool.Get(want[1]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed: got %v", err)
	}
	if told, err := spool.Told(); err != nil || string(told) != "x" {
		t.Errorf("told: got %q, %v", told, err)
	}
}

func TestS12NamesOfMessagesAreNoPaths(t *testing.T) {
	spool := setUp(t).Spool()
	for _, name := range []string{"", ".", "..", "told.json", "a/b", "../load", "a_b", "a b", "a\x00", "é", strings.Repeat("a", 81)} {
		_, err := spool.Get(name)
		if err == nil || spool.Put(name, []byte("x")) == nil || spool.Remove(name) == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	if err := spool.Put("empty", nil); err == nil {
		t.Error("an empty message was kept, which could not be told from a damaged one")
	}
}

func TestS02ADamagedMessageDoesNotStopTheOthers(t *testing.T) {
	root := setUp(t)
	spool := root.Spool()
	for i := range 3 {
		if err := spool.Put(fmt.Sprintf("%d-mail", i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(filepath.Join(root.Dir(), "priv/spool/0-mail"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := spool.Get("0-mail"); err == nil {
		t.Error("an empty message was read")
	}
	if names, err := spool.List(); err != nil || !slices.Equal(names, []string{"1-mail", "2-mail"}) {
		t.Errorf("got %q, %v", names, err)
	}
}

func TestThePaceIsOfOneCA(t *testing.T) {
	root := setUp(t)
	for _, ca := range []string{"https://ca.example/directory", "https://ca.example/other", "../../x", ""} {
		if err := root.PutPace(ca, []byte("pace of "+ca)); err != nil {
			t.Fatal(err)
		}
	}
	for _, ca := range []string{"https://ca.example/directory", "https://ca.example/other", "../../x", ""} {
		if pace, err := root.Pace(ca); err != nil || string(pace) != "pace of "+ca {
			t.Errorf("%q: got %q, %v", ca, pace, err)
		}
	}
	if pace, err := root.Pace("https://ca.example/third"); err != nil || pace != nil {
		t.Errorf("another: got %q, %v", pace, err)
	}
}

func TestAnEndThatWasNoneOfItsOwnIsNoticed(t *testing.T) {
	root := setUp(t)
	before := time.Now().Add(-time.Second).Truncate(time.Second)
	if crashed, _, err := root.MarkRunning(); err != nil || crashed {
		t.Errorf("the first: got %v, %v", crashed, err)
	}
	crashed, since, err := reopen(t, root.Dir()).MarkRunning()
	if err != nil || !crashed || since.Before(before) || since.After(time.Now()) {
		t.Errorf("after a kill: got %v since %v, %v", crashed, since, err)
	}
	for range 2 {
		if err := root.UnmarkRunning(); err != nil {
			t.Fatal(err)
		}
	}
	if crashed, _, err := root.MarkRunning(); err != nil || crashed {
		t.Errorf("after an end: got %v, %v", crashed, err)
	}
}

func TestS02ADamagedMarkIsOne(t *testing.T) {
	for _, row := range damages() {
		root := setUp(t)
		path := filepath.Join(root.Dir(), "priv/running")
		if _, _, err := root.MarkRunning(); err != nil {
			t.Fatal(err)
		}
		if err := row.damage(path); err != nil {
			t.Fatal(err)
		}
		crashed, since, err := root.MarkRunning()
		if err != nil || !crashed || since.IsZero() {
			t.Errorf("%s: got %v since %v, %v", row.what, crashed, since, err)
		}
		if err := root.UnmarkRunning(); err != nil {
			t.Errorf("%s: %v", row.what, err)
		}
	}
}

func TestANoteOfALoadIsKeptUntilItIsForgotten(t *testing.T) {
	root := setUp(t)
	if err := root.NoteLoad([]byte("group 4711")); err != nil {
		t.Fatal(err)
	}
	if note, err := reopen(t, root.Dir()).LoadNoted(); err != nil || string(note) != "group 4711" {
		t.Errorf("got %q, %v", note, err)
	}
	for range 2 {
		if err := root.ForgetLoad(); err != nil {
			t.Error(err)
		}
	}
	if note, err := root.LoadNoted(); err != nil || note != nil {
		t.Errorf("forgotten: got %q, %v", note, err)
	}
}
