package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

const kept = acmecore.ID("www_example_test")

func openNew(t *testing.T) *store.Root {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if _, err := store.Setup(dir, nil); err != nil {
		t.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestFactsOfFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o640|os.ModeSetgid), os.Symlink("file", filepath.Join(dir, "link")),
		os.Symlink("nowhere", filepath.Join(dir, "dangling"))); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ mode, problem string }{
		"file":        {"2640", ""},
		"link":        {"2640", ""},
		"dangling":    {"", "there is no such file"},
		"other":       {"", "there is no such file"},
		".":           {"0755", "it is no file"},
		"file/within": {"", "not a directory"},
	} {
		facts := store.Facts(filepath.Join(dir, name))
		if facts.Mode != want.mode || (facts.Problem == "") != (want.problem == "") || !strings.Contains(facts.Problem, want.problem) {
			t.Errorf("%s: got %+v, want mode %q, problem %q", name, facts, want.mode, want.problem)
		}
		if known := want.mode != ""; (strings.Count(facts.Owner, ":") == 1) != known || facts.Changed.IsZero() == known {
			t.Errorf("%s: got owner %q, changed %v", name, facts.Owner, facts.Changed)
		}
	}
	if facts := store.Facts(filepath.Join(dir, "a\x1b[2J")); strings.Contains(facts.Path, "\x1b") {
		t.Errorf("path: got %q, want it inert", facts.Path)
	}
}

// TestRevocationGoesWithItsVersion: it is noted beside the version's files, and dropped
// with them.
func TestRevocationGoesWithItsVersion(t *testing.T) {
	t.Parallel()
	root := openNew(t)
	at := time.Date(2026, 11, 21, 5, 46, 0, 0, time.UTC)
	if err := root.NoteRevoked(kept, "../000001", acmecore.Revocation{At: at}); err == nil {
		t.Error("something that is no version was noted as revoked")
	}
	dir := filepath.Join(root.CertificateDir(kept), "000001")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, found, err := root.Revoked(kept, "000001"); found || err != nil {
		t.Errorf("before: got %t, %v", found, err)
	}
	want := acmecore.Revocation{At: at, Reason: acmecore.RevokedKeyCompromise}
	if err := root.NoteRevoked(kept, "000001", want); err != nil {
		t.Fatal(err)
	}
	if got, found, err := root.Revoked(kept, "000001"); got != want || !found || err != nil {
		t.Errorf("got %+v, %t, %v, want %+v", got, found, err, want)
	}
	if info, err := os.Stat(filepath.Join(dir, "revoked.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info, err)
	}
	for what, version := range map[string]string{"another version": "000002", "none": "", "a way": "../000001"} {
		if _, found, err := root.Revoked(kept, version); found || err != nil {
			t.Errorf("%s: got %t, %v", what, found, err)
		}
	}
}

// TestRunsOfACertificateAreSoughtWithinBounds: somebody waits for them.
func TestRunsOfACertificateAreSoughtWithinBounds(t *testing.T) {
	t.Parallel()
	root := openNew(t)
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		at := begin.Add(time.Duration(i) * time.Minute)
		treated := []acmecore.Treated{{ID: "other", Text: `"id":"www_example_test"`}, {ID: kept}}
		if i == 3 { // it only speaks of the certificate
			treated = treated[:1]
		}
		if err := root.PutRun(acmecore.Run{ID: store.NewRunID(at), Began: at, Certificates: treated}); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ limit, found, searched int }{{20, 4, 5}, {2, 2, 3}, {1, 1, 1}} {
		runs, searched, err := root.RunsOf(t.Context(), kept, row.limit)
		if err != nil || len(runs) != row.found || searched != row.searched {
			t.Errorf("limit %d: got %d of %d, %v, want %d of %d", row.limit, len(runs), searched, err, row.found, row.searched)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if runs, searched, err := root.RunsOf(ended, kept, 20); err != nil || len(runs)+searched != 0 {
		t.Errorf("after the context's end: got %d of %d, %v", len(runs), searched, err)
	}
	if runs, searched, err := root.RunsOf(t.Context(), "www", 20); err != nil || len(runs) != 0 || searched != 5 {
		t.Errorf("of another: got %d of %d, %v", len(runs), searched, err)
	}
}
