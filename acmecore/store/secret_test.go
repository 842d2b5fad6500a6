package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

func TestSecrets(t *testing.T) {
	dir, credentials := t.TempDir(), t.TempDir()
	if _, err := store.Setup(dir, nil); err != nil {
		t.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct {
		path, text string
		mode       fs.FileMode
	}{
		{filepath.Join(dir, "etc", "own"), " b3du \n", 0o600},
		{filepath.Join(dir, "etc", "group"), "Z3JvdXA", 0o640},
		{filepath.Join(dir, "etc", "open"), "b3Blbg", 0o644},
		{filepath.Join(dir, "etc", "writable"), "b3Blbg", 0o602},
		{filepath.Join(dir, "etc", "long"), strings.Repeat("a", 5000), 0o600},
		{filepath.Join(dir, "both"), "cm9vdA", 0o600},
		{filepath.Join(credentials, "both"), "Y3JlZA", 0o400},
		{filepath.Join(credentials, "given"), "Z2l2ZW4", 0o440},
	} {
		if err := errors.Join(os.WriteFile(file.path, []byte(file.text), 0o600), os.Chmod(file.path, file.mode)); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		what, credentials, file string
		want, says, hint        string
	}{
		{"in the state directory", "", "etc/own", "b3du", "", ""},
		{"by its whole path", "", filepath.Join(dir, "etc", "own"), "b3du", "", ""},
		{"for the group too", "", "etc/group", "Z3JvdXA", "", ""},
		{"a credential", credentials, "given", "Z2l2ZW4", "", ""},
		{"a credential before the state directory", credentials, "both", "Y3JlZA", "", ""},
		{"no credential of the name", credentials, "etc/own", "b3du", "", ""},
		{"no credentials", "", "both", "cm9vdA", "", ""},
		{"outside the credentials", credentials, "../given", "", "read secret ../given: ", ""},
		{"for everybody to read", "", "etc/open", "", "read secret etc/open: every user of this host can read it", "chmod o= "},
		{"for everybody to write", "", "etc/writable", "", "every user", "and have another one made"},
		{"too long", "", "etc/long", "", "longer than 4096 bytes", ""},
		{"missing", credentials, "etc/none", "", "no such file", "is the path right, as seen from the state directory?"},
		{"a directory", "", "etc", "", "it is no file", ""},
	} {
		t.Setenv("CREDENTIALS_DIRECTORY", row.credentials)
		got, err := root.Secret(row.file)
		if row.says == "" && (err != nil || got != row.want) {
			t.Errorf("%s: got %q, %v; want %q", row.what, got, err, row.want)
		}
		if row.says == "" {
			continue
		}
		if err == nil || got != "" || acmecore.KindOf(err) != acmecore.Invalid ||
			!strings.Contains(err.Error(), row.says) || !strings.Contains(acmecore.HintOf(err), row.hint) {
			t.Errorf("%s: got %q, %v, hint %q; want %q, hint %q", row.what, got, err, acmecore.HintOf(err), row.says, row.hint)
		}
	}
}

// TestASecretIsNotWaitedFor: opening a FIFO would take until somebody writes to it.
func TestASecretIsNotWaitedFor(t *testing.T) {
	root := setUp(t)
	path := filepath.Join(root.Dir(), "etc", "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 2)
	go func() {
		_, err := root.Secret("etc/fifo")
		answered <- err
		_, err = store.ReadSecret(path)
		answered <- err
	}()
	for range 2 {
		select {
		case err := <-answered:
			if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), "it is no file") {
				t.Errorf("got %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("it waits for somebody who writes")
		}
	}
}
