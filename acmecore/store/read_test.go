package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

func TestFilesAreReadWholeOrNotAtAll(t *testing.T) {
	const limit = 64 << 10 // of a template
	for _, row := range []struct {
		what string
		size int
		want bool
	}{
		{"an empty file", 0, true},
		{"a byte", 1, true},
		{"some pages", 20000, true},
		{"as long as it may be", limit, true},
		{"a byte too long", limit + 1, false},
	} {
		t.Run(row.what, func(t *testing.T) {
			root, path := setUp(t), filepath.Join(t.TempDir(), "template")
			want := strings.Repeat("x", row.size)
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := root.Template(path)
			if row.want && (err != nil || got != want) {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, row.size)
			}
			if !row.want && (!errors.Is(err, store.ErrDamaged) || got != "") {
				t.Errorf("got %d bytes, %v, want an error", len(got), err)
			}
		})
	}
}

// TestSettledIsWhatNeedsNoRecovery: whatever else is so, recovery looks closely.
func TestSettledIsWhatNeedsNoRecovery(t *testing.T) {
	const id = acmecore.ID("a_example")
	change := func(t *testing.T, path string) {
		text, err := os.ReadFile(path)
		if err == nil {
			text[len(text)/2]++ // a file of the same size
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		what string
		do   func(*testing.T, *store.Root) error
		want bool
	}{
		{"all is in place", func(*testing.T, *store.Root) error { return nil }, true},
		{"a product is missing", func(_ *testing.T, r *store.Root) error {
			return os.Remove(filepath.Join(r.Dir(), "ssl", "chain_a_example.pem"))
		}, false},
		{"a product has another byte", func(t *testing.T, r *store.Root) error {
			change(t, filepath.Join(r.Dir(), "ssl", "fullchain_a_example.pem"))
			return nil
		}, false},
		{"a product is wider than it may be", func(_ *testing.T, r *store.Root) error {
			return os.Chmod(filepath.Join(r.Dir(), "ssl", "fullchain_a_example.pem"), 0o640)
		}, false},
		{"a product is a link", func(_ *testing.T, r *store.Root) error {
			path := filepath.Join(r.Dir(), "ssl", "cert_a_example.pem")
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		}, false},
		{"another version is the current one", func(t *testing.T, r *store.Root) error {
			key, chain := pair(t)
			_, err := r.KeepVersion(id, key, chain, acmecore.Issue{})
			return err
		}, false},
		{"there is no version any more", func(_ *testing.T, r *store.Root) error {
			return os.RemoveAll(filepath.Join(r.Dir(), "priv", "certificates", string(id)))
		}, false},
		{"the version has no key", func(_ *testing.T, r *store.Root) error {
			return os.Remove(filepath.Join(r.Dir(), "priv", "certificates", string(id), "000001", "key.pem"))
		}, false},
		{"an order is in flight", func(_ *testing.T, r *store.Root) error {
			return os.Mkdir(filepath.Join(r.Dir(), "priv", "orders", string(id)), 0o700)
		}, false},
	} {
		t.Run(row.what, func(t *testing.T) {
			root := setUp(t)
			key, chain := pair(t)
			if _, err := root.KeepVersion(id, key, chain, acmecore.Issue{}); err != nil {
				t.Fatal(err)
			}
			if _, err := root.PublishProducts(id); err != nil {
				t.Fatal(err)
			}
			if err := row.do(t, root); err != nil {
				t.Fatal(err)
			}
			if got := root.Settled(id); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

// TestPairIsWhatCouldBeRead: of a version without its key the certificate can be shown.
func TestPairIsWhatCouldBeRead(t *testing.T) {
	root := setUp(t)
	keep(t, root, "a_example", 1)
	_, whole, _, err := root.Pair("a_example")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root.Dir(), "priv", "certificates", "a_example", "000001")
	if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	key, chain, version, err := root.Pair("a_example")
	if err == nil || acmecore.KindOf(err) == acmecore.NotFound || key != nil || !bytes.Equal(chain, whole) || version != "000001" {
		t.Errorf("without a key: got key %q, a chain of %d bytes, version %q, %v", key, len(chain), version, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, chain, _, err := root.Pair("a_example"); acmecore.KindOf(err) != acmecore.NotFound || chain != nil {
		t.Errorf("without a version: got a chain of %d bytes, %v", len(chain), err)
	}
}
