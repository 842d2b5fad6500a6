package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/store"
)

// ownMounts runs the test again in a process that alone sees the file systems that it
// mounts, and tells whether this is that one.
func ownMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv("WCME_TEST_OWN_MOUNTS") != "" {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	child.Env = append(os.Environ(), "WCME_TEST_OWN_MOUNTS=yes")
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if output, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return false
}

// TestRightsD01WhatCannotBeWrittenIsSaidBefore.
func TestRightsD01WhatCannotBeWrittenIsSaidBefore(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	for _, row := range []struct {
		what, options string
		flags         uintptr // to remount with
		fill          int     // bytes
		cause, hint   string
	}{
		{"D01 a full disk", "size=256k", 0, 200 << 10, "no space left", "make room"},
		{"D10 no inodes", "nr_inodes=12", 0, 0, "no space left", "df -i"},
		{"D06 read-only", "size=1m", syscall.MS_RDONLY, 0, "read-only", "read-only"},
	} {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, row.options); err != nil {
			t.Fatal(err)
		}
		defer syscall.Unmount(dir, syscall.MNT_DETACH)
		if _, err := store.Setup(dir, []byte("# test\n")); err != nil {
			t.Fatalf("%s: %v", row.what, err)
		}
		root := reopen(t, dir)
		if row.fill > 0 {
			if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, row.fill), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for number := 0; row.options == "nr_inodes=12"; number++ { // until there is none left
			if err := os.WriteFile(filepath.Join(dir, strings.Repeat("x", number+1)), nil, 0o600); err != nil {
				break
			}
		}
		if row.flags != 0 {
			if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|row.flags, ""); err != nil {
				t.Fatal(err)
			}
		}
		err := root.CanWrite()
		if acmecore.KindOf(err) != acmecore.Internal || err == nil || !strings.Contains(err.Error(), row.cause) || !strings.Contains(acmecore.HintOf(err), row.hint) {
			t.Errorf("%s: got %v, hint %q", row.what, err, acmecore.HintOf(err))
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "priv/.*")); len(left) != 0 {
			t.Errorf("%s: left %q", row.what, left)
		}
	}
}

// TestRightsD03AWriteThatDoesNotFitLeavesTheOldOne for each of the files.
func TestRightsD03AWriteThatDoesNotFitLeavesTheOldOne(t *testing.T) {
	if !ownMounts(t) {
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	if _, err := store.Setup(dir, []byte("# test\n")); err != nil {
		t.Fatal(err)
	}
	root := reopen(t, dir)
	entry := audit.Entry{Who: "uid 0", What: "manage", Before: strings.Repeat("x", 6000)}
	if err := root.Audit(entry); err != nil {
		t.Fatal(err)
	}
	before := map[string][]byte{}
	for _, file := range owns() {
		text, err := []byte(nil), file.put(root)
		if err == nil {
			text, err = os.ReadFile(filepath.Join(dir, file.path))
		}
		if err != nil {
			t.Fatal(err)
		}
		before[file.path] = text
	}
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil { // to the last page
		_, err = ballast.Write(make([]byte, 4096))
	}
	large := []byte(strings.Repeat("x", 5000))
	for what, err := range map[string]error{
		"standing": root.PutStanding("www_example_org", acmecore.Standing{LastRun: string(large)}),
		"run":      root.PutRun(acmecore.Run{ID: run, Problem: string(large)}),
		"message":  root.Spool().Put("20261121-mail", large),
		"told":     root.Spool().SetTold(large),
		"snapshot": root.PutReplaced("www_example_org", "nginx", large),
		"pace":     root.PutPace("https://ca.example/directory", large),
		"note":     root.NoteLoad(large),
		"audit":    root.Audit(entry),
	} {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	for path, want := range before {
		if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(got) != string(want) {
			t.Errorf("%s: got %q, %v; want what was there", path, got, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, filepath.Dir(path), ".*")); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	}
	if err := errors.Join(ballast.Close(), os.Remove(ballast.Name()), root.Audit(entry)); err != nil {
		t.Fatal(err)
	}
	if summary, err := root.VerifyAudit(); err != nil || summary.Entries != 2 || len(summary.Torn) != 0 {
		t.Errorf("audit: got %+v, %v", summary, err)
	}
}
