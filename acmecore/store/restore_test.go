package store_test

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

func reopen(t *testing.T, dir string) *store.Root {
	t.Helper()
	root, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// keep makes so many versions.
func keep(t *testing.T, root *store.Root, id acmecore.ID, versions int) {
	t.Helper()
	for range versions {
		key, chain := pair(t)
		if _, err := root.KeepVersion(id, key, chain, acmecore.Issue{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVersionsAreListedNewestFirst(t *testing.T) {
	root := setUp(t)
	if list, err := root.Versions("a_example"); err != nil || len(list) != 0 {
		t.Errorf("never obtained: got %v, %v", list, err)
	}
	keep(t, root, "a_example", 3)
	dir := filepath.Join(root.Dir(), "priv/certificates/a_example")
	if err := os.WriteFile(filepath.Join(dir, "000001/fullchain.pem"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := root.Versions("a_example")
	if err != nil || len(list) != 3 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if newest := list[0]; newest.Name != "000003" || !newest.Current || newest.Problem != "" || newest.Serial != "1" || newest.NotAfter.IsZero() || len(newest.Fingerprint) != 64 {
		t.Errorf("the newest: got %+v", newest)
	}
	if old := list[1]; old.Name != "000002" || old.Current || old.Problem != "" {
		t.Errorf("the one before: got %+v", old)
	}
	if junk := list[2]; junk.Name != "000001" || junk.Problem == "" {
		t.Errorf("a damaged one: got %+v", junk)
	}
}

func TestAnOlderVersionIsMadeCurrent(t *testing.T) {
	root := setUp(t)
	keep(t, root, "a_example", 3)
	for _, version := range []string{"000001", "000001", "000003", "000002"} {
		if err := root.SwitchTo("a_example", version); err != nil {
			t.Fatal(err)
		}
		key, chain, got, err := root.Pair("a_example")
		if err != nil || got != version {
			t.Errorf("got %s, %v; want %s", got, err, version)
		}
		if _, err := tls.X509KeyPair(chain, key); err != nil {
			t.Errorf("%s is no pair: %v", version, err)
		}
	}
	// A new one comes after all the others.
	keep(t, root, "a_example", 1)
	if _, _, version, err := root.Pair("a_example"); err != nil || version != "000004" {
		t.Errorf("renewed: got %s, %v", version, err)
	}
}

func TestAVersionThatCannotBeUsedIsNotMadeCurrent(t *testing.T) {
	root := setUp(t)
	keep(t, root, "a_example", 4)
	dir := filepath.Join(root.Dir(), "priv/certificates/a_example")
	other, err := os.ReadFile(filepath.Join(dir, "000002/key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.WriteFile(filepath.Join(dir, "000001/key.pem"), other, 0o600), os.Remove(filepath.Join(dir, "000002/key.pem")),
		os.WriteFile(filepath.Join(dir, "000003/fullchain.pem"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what, version string
		want          acmecore.Kind
	}{
		{"S05 the key of another one", "000001", acmecore.Invalid},
		{"S05 no key", "000002", acmecore.Invalid},
		{"S05 no chain", "000003", acmecore.Invalid},
		{"one that is not there", "000009", acmecore.NotFound},
		{"S12 a path", "../b_example/000001", acmecore.NotFound},
		{"S12 the directory itself", ".", acmecore.NotFound},
		{"the link", "current", acmecore.NotFound},
		{"nothing", "", acmecore.NotFound},
	} {
		err := root.SwitchTo("a_example", row.version)
		if acmecore.KindOf(err) != row.want || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v (%s), want kind %s", row.what, err, acmecore.KindOf(err), row.want)
		}
		if target, _ := os.Readlink(filepath.Join(dir, "current")); target != "000004" {
			t.Fatalf("%s: the current version is %s", row.what, target)
		}
	}
	if err := root.SwitchTo("b_example", "000001"); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("a certificate without versions: got %v", err)
	}
}

// TestI1APairBelongsTogetherWhileTheVersionChanges reads all the while.
func TestI1APairBelongsTogetherWhileTheVersionChanges(t *testing.T) {
	root := setUp(t)
	keep(t, root, "a_example", 3)
	var reader sync.WaitGroup
	done := make(chan struct{})
	pairs := 0
	reader.Go(func() {
		for {
			key, chain, version, err := root.Pair("a_example")
			if err != nil {
				t.Errorf("version %q: %v", version, err)
				return
			}
			if _, err := tls.X509KeyPair(chain, key); err != nil {
				t.Errorf("version %q: %v", version, err)
				return
			}
			pairs++
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for i := range 60 {
		if err := root.SwitchTo("a_example", []string{"000001", "000002", "000003"}[i%3]); err != nil {
			t.Error(err)
		}
	}
	close(done)
	reader.Wait()
	if pairs == 0 {
		t.Error("nothing was read")
	}
}

func TestPairOfNothingIsNotFound(t *testing.T) {
	if _, _, _, err := setUp(t).Pair("a_example"); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("got %v", err)
	}
}

// TestThePreviousVersionStaysAfterARestore: pruning keeps the one that is current,
// wherever it stands.
func TestThePreviousVersionStaysAfterARestore(t *testing.T) {
	root := setUp(t)
	keep(t, root, "a_example", 9)
	if err := errors.Join(root.SwitchTo("a_example", "000002"), root.Prune("a_example")); err != nil {
		t.Fatal(err)
	}
	list, err := root.Versions("a_example")
	var names []string
	for _, version := range list {
		names = append(names, version.Name)
	}
	if want := "000009 000008 000007 000006 000005 000002 000001"; err != nil || strings.Join(names, " ") != want || !slices.ContainsFunc(list, func(v store.Version) bool { return v.Current && v.Name == "000002" }) {
		t.Errorf("got %q, %v; want %s", names, err, want)
	}
}

func TestCanWriteLeavesNothing(t *testing.T) {
	root := setUp(t)
	before, _ := os.ReadDir(filepath.Join(root.Dir(), "priv"))
	if err := root.CanWrite(); err != nil {
		t.Error(err)
	}
	if after, _ := os.ReadDir(filepath.Join(root.Dir(), "priv")); len(after) != len(before) {
		t.Errorf("left: %v", after)
	}
}
