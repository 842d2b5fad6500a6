package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/keys"
	"wcme/acmecore/store"
)

// TestOrderAtAnotherCAIsKept: while another CA is asked, the order at the first one is
// kept with its key, and gone on with when that one is asked again.
func TestOrderAtAnotherCAIsKept(t *testing.T) {
	root := setUp(t)
	open := func(directory string) *store.Journal {
		t.Helper()
		journal, err := root.OpenJournal("a_example", store.Order{Directory: directory, Account: directory + "/1",
			Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256, Began: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return journal
	}
	const one, two = "https://one.example.test/dir", "https://two.example.test/dir"
	first := open(one)
	if err := first.SetURL(one + "/order/1"); err != nil {
		t.Fatal(err)
	}
	second := open(two)
	if second.URL() != "" || keys.Equal(second.Key().Public(), first.Key().Public()) {
		t.Fatalf("the order at the second CA begins with %q, or with the first one's key", second.URL())
	}
	if ids, err := root.InFlight(); err != nil || len(ids) != 1 {
		t.Errorf("in flight are %v, %v", ids, err)
	}
	if err := second.Close(); err != nil { // nothing came of it
		t.Fatal(err)
	}
	again := open(one)
	if again.URL() != one+"/order/1" || !keys.Equal(again.Key().Public(), first.Key().Public()) {
		t.Errorf("the order at the first CA is %q, or has another key", again.URL())
	}
	open(two)
	if err := root.DropAside("a_example"); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(root.Dir(), "priv", "orders", "*@*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	if got := open(one); got.URL() != "" {
		t.Errorf("after it was dropped it is %q", got.URL())
	}
}

// TestOrderThatWasNeverPlacedIsNotKept: there is nothing to go on with.
func TestOrderThatWasNeverPlacedIsNotKept(t *testing.T) {
	root := setUp(t)
	for _, directory := range []string{"https://one.example.test/dir", "https://two.example.test/dir"} {
		if _, err := root.OpenJournal("a_example", store.Order{Directory: directory, Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256}); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(root.Dir(), "priv", "orders")); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}
