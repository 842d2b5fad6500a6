package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

func TestNotesOfHooks(t *testing.T) {
	root := setUp(t)
	a := store.HookNote{Hook: "a", Token: acmecore.Token(strings.Repeat("a", 43))}
	b := store.HookNote{Hook: "b-_1", Token: acmecore.Token(strings.Repeat("-", 43))}
	if notes, err := root.HooksNoted(); err != nil || len(notes) != 0 {
		t.Errorf("at first: got %v, %v", notes, err)
	}
	for _, note := range []store.HookNote{a, b, a} {
		if err := root.NoteHook(note, []byte("note of "+note.Hook)); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := root.HookNoted(b); err != nil || string(text) != "note of b-_1" {
		t.Errorf("got %q, %v", text, err)
	}
	settings, err := root.HookSettings("a")
	if err != nil || settings != filepath.Join(root.Dir(), "priv/hooks/a/settings") {
		t.Errorf("got %s, %v", settings, err)
	}
	if err := errors.Join(os.WriteFile(settings, []byte("x"), 0o600), os.WriteFile(settings+".json", []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if notes, err := root.HooksNoted(); err != nil || len(notes) != 2 || notes[0] != a || notes[1] != b {
		t.Errorf("got %v, %v", notes, err)
	}
	for range 2 {
		if err := root.ForgetHook(a); err != nil {
			t.Error(err)
		}
	}
	if text, err := root.HookNoted(a); err != nil || text != nil {
		t.Errorf("forgotten: got %q, %v", text, err)
	}
	for path, want := range map[string]os.FileMode{"priv/hooks": 0o700, "priv/hooks/b-_1": 0o700, "priv/hooks/b-_1/" + string(b.Token) + ".json": 0o600} {
		if info, err := os.Stat(filepath.Join(root.Dir(), path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info, err, want)
		}
	}
}

func TestNamesOfHooksAreNoPaths(t *testing.T) {
	root := setUp(t)
	for _, note := range []store.HookNote{{Hook: ""}, {Hook: ".."}, {Hook: "a/b"}, {Hook: "A"}, {Hook: strings.Repeat("a", 65)}, {Hook: "a", Token: "../../../x"}, {Hook: "a", Token: ""}} {
		_, readErr := root.HookNoted(note)
		for _, err := range []error{root.NoteHook(note, []byte("x")), readErr, root.ForgetHook(note)} {
			if acmecore.KindOf(err) != acmecore.Invalid {
				t.Errorf("%v: got %v", note, err)
			}
		}
		if note.Token == "" && note.Hook != "a" {
			if _, err := root.HookSettings(note.Hook); acmecore.KindOf(err) != acmecore.Invalid {
				t.Errorf("%v: got %v", note, err)
			}
		}
	}
}
