package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

func TestARunComesBack(t *testing.T) {
	root := setUp(t)
	began := time.Date(2026, 11, 21, 0, 20, 0, 0, time.UTC)
	want := acmecore.Run{ID: store.NewRunID(began), Trigger: "schedule", Began: began, Ended: began.Add(time.Minute), Managed: 1,
		Certificates: []acmecore.Treated{{ID: "a_example", Outcome: acmecore.Renewed, Stages: []acmecore.Stage{{Stage: "order", Began: began, Ended: began}}}}}
	if err := root.PutRun(acmecore.Run{ID: want.ID}); err != nil { // what it was while it ran
		t.Fatal(err)
	}
	if err := root.PutRun(want); err != nil {
		t.Fatal(err)
	}
	if got, err := root.Run(want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRunsAreNamedByTheirTimeAndListedNewestFirst(t *testing.T) {
	root := setUp(t)
	if ids, err := root.Runs(0); err != nil || len(ids) != 0 {
		t.Errorf("at first: got %q, %v", ids, err)
	}
	var want []string
	for i := range 5 {
		// Each a second later, by clocks of other zones.
		began := time.Date(2026, 11, 21, 0, 20, i, 0, time.UTC).In(time.FixedZone("", -i*3600))
		id := store.NewRunID(began)
		want = slices.Insert(want, 0, id)
		if err := root.PutRun(acmecore.Run{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"note.txt", "20261121T002009-3f9a.json.bad-20261122T000000"} {
		if err := os.WriteFile(filepath.Join(root.Dir(), "log/runs", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := root.Runs(0); err != nil || !slices.Equal(ids, want) {
		t.Errorf("all: got %q, %v; want %q", ids, err, want)
	}
	if ids, err := root.Runs(2); err != nil || !slices.Equal(ids, want[:2]) {
		t.Errorf("two: got %q, %v; want %q", ids, err, want[:2])
	}
}

func TestOldRunsAreDropped(t *testing.T) {
	for _, row := range []struct {
		what       string
		runs, size int // before the last one
		want       int
	}{
		{"a thousand", 999, 1, 1000},
		{"a thousand and a few", 1003, 1, 1000},
		{"few, but long ones", 60, 8 << 20, 32},
		{"few", 20, 50 << 20, 21},
	} {
		root := setUp(t)
		dir := filepath.Join(root.Dir(), "log/runs")
		if err := os.Mkdir(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range row.runs {
			path := filepath.Join(dir, fmt.Sprintf("%s-%04x.json", began.Add(time.Duration(i)*time.Minute).Format("20060102T150405"), i))
			if err := errors.Join(os.WriteFile(path, []byte("{}"), 0o600), os.Truncate(path, int64(row.size))); err != nil { // holes take no space
				t.Fatal(err)
			}
		}
		last := store.NewRunID(began.AddDate(1, 0, 0))
		if err := root.PutRun(acmecore.Run{ID: last}); err != nil {
			t.Fatal(err)
		}
		ids, err := root.Runs(0)
		if err != nil || len(ids) != row.want || ids[0] != last {
			t.Errorf("%s: %d are left, %v; want %d with the newest one", row.what, len(ids), err, row.want)
		}
	}
}

func TestNamesOfRunsAreNoPaths(t *testing.T) {
	root := setUp(t)
	for _, name := range []string{"", "x", "../../priv/lock", "20261121T002000", "20261121T002000-", "20261121T002000-3f9", "20261121T002000-3F9A",
		"20261121T002000-3f9ab", "20261321T002000-3f9a", "20261121T002000.5-3f9a", "20261121T002000-3f/a", " 20261121T002000-3f9a", "20261121T002000-3f9a\n"} {
		if _, err := store.ParseRunID(name); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%q: got %v, want an error of kind invalid", name, err)
		}
		if _, err := root.Run(name); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("read %q: got %v", name, err)
		}
		if err := root.PutRun(acmecore.Run{ID: name}); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("write %q: got %v", name, err)
		}
	}
	id, err := store.ParseRunID(store.NewRunID(time.Now()))
	if err != nil {
		t.Error(err)
	}
	if _, err := root.Run(id); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("one that is not there: got %v", err)
	}
}

// FuzzParseRunID: what is accepted is one element of a path.
func FuzzParseRunID(f *testing.F) {
	f.Add("20261121T002000-3f9a")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := store.ParseRunID(text)
		if err == nil && (id != text || len(id) != 20 || filepath.Base(id) != id) {
			t.Errorf("%q was accepted as %q", text, id)
		}
	})
}

func TestARunThatIsAnothersIsDamaged(t *testing.T) {
	root := setUp(t)
	if err := root.PutRun(acmecore.Run{ID: run}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root.Dir(), "log/runs")
	if err := os.Rename(filepath.Join(dir, run+".json"), filepath.Join(dir, "20261121T002001-3f9a.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Run("20261121T002001-3f9a"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}
