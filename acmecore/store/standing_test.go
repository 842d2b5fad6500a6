package store_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

func TestAStandingComesBack(t *testing.T) {
	root := setUp(t)
	want := aStanding()
	if err := root.PutStanding("a_example", want); err != nil {
		t.Fatal(err)
	}
	if got, err := root.Standing("a_example"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := root.Standing("b_example"); err != nil || !reflect.DeepEqual(got, acmecore.Standing{}) {
		t.Errorf("another one: got %+v, %v; want nothing", got, err)
	}
}

// TestAFieldThatIsEmptyAgainIsGone: what is kept of the old text is only what is not
// known.
func TestAFieldThatIsEmptyAgainIsGone(t *testing.T) {
	root := setUp(t)
	if err := errors.Join(root.PutStanding("a_example", aStanding()), root.PutStanding("a_example", acmecore.Standing{})); err != nil {
		t.Fatal(err)
	}
	if got, err := root.Standing("a_example"); err != nil || !reflect.DeepEqual(got, acmecore.Standing{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnEqualStandingIsNotWritten(t *testing.T) {
	root := setUp(t)
	path := filepath.Join(root.Dir(), "priv/standing/a_example.json")
	var files [3]os.FileInfo
	for i := range files {
		standing := aStanding()
		if i == 2 {
			standing.LastRun = "20261122T002000-3f9a"
		}
		err := root.PutStanding("a_example", standing)
		info, statErr := os.Stat(path)
		if err := errors.Join(err, statErr); err != nil {
			t.Fatal(err)
		}
		files[i] = info
	}
	if !os.SameFile(files[0], files[1]) {
		t.Error("the same standing was written again")
	}
	if os.SameFile(files[1], files[2]) {
		t.Error("another standing was not written by a rename")
	}
}

func TestS03UnknownFieldsAreKept(t *testing.T) {
	root := setUp(t)
	path := filepath.Join(root.Dir(), "priv/standing/a_example.json")
	err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700),
		os.WriteFile(path, []byte(`{"version":1,"last_run":"old","tomorrow":{"x":[1]}}`), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := root.Standing("a_example"); err != nil || got.LastRun != "old" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := root.PutStanding("a_example", acmecore.Standing{LastRun: "new"}); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	text, err := os.ReadFile(path)
	if err := errors.Join(err, json.Unmarshal(text, &fields)); err != nil || fields["tomorrow"] == nil || fields["last_run"] != "new" {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestS03AStandingOfANewerVersionIsLeftAlone(t *testing.T) {
	root := setUp(t)
	path := filepath.Join(root.Dir(), "priv/standing/a_example.json")
	const newer = `{"version":2,"last_run":{"of":"another form"}}`
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(newer), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Standing("a_example"); !errors.Is(err, store.ErrNewer) || acmecore.KindOf(err) != acmecore.Invalid {
		t.Errorf("read: got %v", err)
	}
	if err := root.PutStanding("a_example", aStanding()); !errors.Is(err, store.ErrNewer) {
		t.Errorf("write: got %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != newer {
		t.Errorf("it is now %s", text)
	}
}

// TestADamagedStandingIsSetAsideByItsWriterToo: nobody need have read it.
func TestADamagedStandingIsSetAsideByItsWriterToo(t *testing.T) {
	root := setUp(t)
	path := filepath.Join(root.Dir(), "priv/standing/a_example.json")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("garbage"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := root.PutStanding("a_example", aStanding()); err != nil {
		t.Error(err)
	}
	if got, err := root.Standing("a_example"); err != nil || got.LastRun == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	if aside, _ := filepath.Glob(path + ".bad-*"); len(aside) != 1 || !strings.Contains(aside[0], ".bad-20") {
		t.Errorf("set aside: %q", aside)
	}
}
