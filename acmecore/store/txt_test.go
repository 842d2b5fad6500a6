package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
)

func TestNotesOfRecords(t *testing.T) {
	root := setUp(t)
	a, b := acmecore.Token(strings.Repeat("a", 43)), acmecore.Token(strings.Repeat("_", 43))
	if tokens, err := root.TXTsNoted(); err != nil || len(tokens) != 0 {
		t.Errorf("at first: got %v, %v", tokens, err)
	}
	for _, token := range []acmecore.Token{a, b, a} {
		if err := root.NoteTXT(token, []byte("note of "+token)); err != nil {
			t.Fatal(err)
		}
	}
	if tokens, err := root.TXTsNoted(); err != nil || len(tokens) != 2 {
		t.Errorf("got %v, %v", tokens, err)
	}
	if text, err := root.TXTNoted(b); err != nil || string(text) != "note of "+string(b) {
		t.Errorf("got %q, %v", text, err)
	}
	for range 2 {
		if err := root.ForgetTXT(a); err != nil {
			t.Error(err)
		}
	}
	if text, err := root.TXTNoted(a); err != nil || text != nil {
		t.Errorf("forgotten: got %q, %v", text, err)
	}
	for path, want := range map[string]os.FileMode{"priv/dns": 0o700, "priv/dns/" + string(b) + ".json": 0o600} {
		if info, err := os.Stat(filepath.Join(root.Dir(), path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info, err, want)
		}
	}
	if err := root.NoteTXT("../x", []byte("x")); acmecore.KindOf(err) != acmecore.Invalid {
		t.Errorf("a token that is a path: got %v", err)
	}
}
