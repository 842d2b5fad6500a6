package install_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"wcme/acmecore"
	"wcme/acmecore/install"
)

// onDisk are the targets that the disk's troubles are tried with.
func onDisk() []install.Target {
	return []install.Target{
		{Name: "combined", Mode: 0o600}, {Name: "split", Format: install.Split, Mode: 0o600, KeyMode: 0o600},
		{Name: "plain", Format: install.Split, Plain: true, Mode: 0o600, KeyMode: 0o600},
	}
}

// TestDiskTroubleAtEachCall lets one system call after the other fail: there is an
// error with a hint, the files are a pair, nothing is left over, and the next Put
// goes on.
func TestDiskTroubleAtEachCall(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ what, calls, errno string }{
		{"D03 no space", "write", "ENOSPC"},
		{"D04 and D05 fsync", "fsync", "EIO"},
		{"D09 quota", "write", "EDQUOT"},
		{"D15 file server", "?renameat,?renameat2", "ESTALE"},
		{"no links", "?symlinkat", "EPERM"},
	} {
		for _, target := range onDisk() {
			if row.errno == "EPERM" && target.Name != "split" {
				continue // writes none
			}
			t.Run(row.what+" "+target.Name, func(t *testing.T) {
				t.Parallel()
				target := target
				failures := 0
				for at := 1; ; at++ {
					target.Dir = t.TempDir()
					put(t, target, pairs()[0])
					before := list(target.Dir)
					inject := fmt.Sprintf("inject=%s:error=%s:when=%d", row.calls, row.errno, at)
					answer, ended := child{Target: target, Pair: pairs()[1]}.run(t, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+row.calls, "-e", inject)
					if !ended {
						t.Fatal("the child was killed")
					}
					if answer.Error == "" {
						current(t, target, pairs()[1])
						break
					}
					failures++
					if answer.Hint == "" || !strings.Contains(answer.Error, target.Name) {
						t.Errorf("call %d: got %+v, want a hint", at, answer)
					}
					atRename := target.Plain && strings.Contains(row.calls, "rename")
					if err := disagree(target); err != nil && !atRename {
						t.Errorf("call %d: %v", at, err)
					}
					if left := halfMade(target.Dir); len(left) > 0 && row.errno != "EIO" {
						t.Errorf("call %d: left %v of %v", at, left, before)
					}
					put(t, target, pairs()[1])
					current(t, target, pairs()[1])
					if left := halfMade(target.Dir); len(left) > 0 {
						t.Errorf("call %d: left %v after all", at, left)
					}
				}
				least := 1
				if row.calls == "fsync" { // of each file, and of each directory with a changed entry
					least = map[string]int{"combined": 2, "plain": 3, "split": 6}[target.Name]
				}
				if failures < least {
					t.Errorf("%d calls failed, want %d", failures, least)
				}
			})
		}
	}
}

// TestD16FilesMayNotBecomeLong cuts a write short and then refuses the next one.
func TestD16FilesMayNotBecomeLong(t *testing.T) {
	t.Parallel()
	for _, target := range onDisk() {
		target.Dir = t.TempDir()
		put(t, target, pairs()[0])
		before := stats(t, target.Dir)
		answer, _ := child{Target: target, Pair: pairs()[1], FileSize: 512}.run(t)
		if answer.Kind != acmecore.Internal || !strings.Contains(answer.Hint, "ulimit -f") {
			t.Errorf("%s: got %+v", target.Name, answer)
		}
		if left := halfMade(target.Dir); len(left) > 0 || target.Name != "split" && stats(t, target.Dir) != before {
			t.Errorf("%s: left %v", target.Name, list(target.Dir))
		}
		current(t, target, pairs()[0])
	}
}

func TestD08NoFileCanBeOpened(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir()}
	put(t, target, pairs()[0])
	answer, _ := child{Target: target, Pair: pairs()[1], Files: 3}.run(t)
	if !strings.Contains(answer.Error, "too many open files") || !strings.Contains(answer.Hint, "ulimit -n") {
		t.Errorf("got %+v", answer)
	}
	current(t, target, pairs()[0])
}

// TestRightsOfAMountThatIsFull puts a tmpfs over the directory, in a mount namespace
// of the child's own. The files are another file system's than anything else (D12).
func TestRightsOfAMountThatIsFull(t *testing.T) {
	t.Parallel()
	for _, target := range onDisk() {
		for _, row := range []struct {
			what  string
			child child
			hint  string
			kind  acmecore.Kind
		}{
			{"D12 another file system", child{Mount: "size=1m"}, "", ""},
			{"D03 no space", child{Mount: "size=64k", Fill: true}, "df -i", acmecore.Internal},
			{"D10 no inode", child{Mount: "size=1m,nr_inodes=" + map[bool]string{true: "9", false: "3"}[target.Name == "split"]}, "df -i", acmecore.Internal},
			{"D06 read-only", child{Mount: "size=1m", ReadOnly: true}, "ReadWritePaths=", acmecore.Denied},
		} {
			t.Run(target.Name+" "+row.what, func(t *testing.T) {
				t.Parallel()
				target, c := target, row.child
				target.Dir = t.TempDir()
				c.Target, c.Pair = target, pairs()[1]
				if row.hint == "" {
					if answer, _ := c.run(t); answer.Error != "" || !answer.Placed.Current {
						t.Errorf("got %+v", answer)
					}
					return
				}
				if strings.HasPrefix(row.what, "D10") && target.Name == "combined" {
					c.Mount = "size=1m,nr_inodes=2" // the directory, and the file
				}
				answer, _ := c.run(t)
				if answer.Kind != row.kind || !strings.Contains(answer.Hint, row.hint) {
					t.Errorf("got %+v, want %s with %q", answer, row.kind, row.hint)
				}
				if answer.Placed.Current || answer.Placed.Serial != "1009" || strings.Contains(answer.Left, ".wcme-0") || strings.Contains(answer.Left, "draft") {
					t.Errorf("left %s, and %+v, want the old ones", answer.Left, answer.Placed)
				}
			})
		}
	}
}

// TestRightsD07ADirectoryThatMayNotBeWritten: the error names the target, and what
// to do.
func TestRightsD07ADirectoryThatMayNotBeWritten(t *testing.T) {
	t.Parallel()
	for _, target := range onDisk() {
		target.Dir = inside(t)
		answer, _ := child{Target: target, Pair: pairs()[1], UID: 12345}.run(t)
		if answer.Kind != acmecore.Denied || !strings.Contains(answer.Error, target.Name) || !strings.Contains(answer.Hint, "ReadWritePaths=") || answer.Left != "" {
			t.Errorf("got %+v", answer)
		}
		put(t, target, pairs()[0]) // what another may not even read
		answer, _ = child{Target: target, Pair: pairs()[1], UID: 12345}.run(t)
		if answer.Kind != acmecore.Denied || answer.Placed.Current || !strings.Contains(answer.Placed.Problem, "cannot be read: permission denied") {
			t.Errorf("got %+v", answer)
		}
	}
}

// TestRightsD14ImmutableFiles is chattr +i, of the file and of the directory.
func TestRightsD14ImmutableFiles(t *testing.T) {
	t.Parallel()
	for _, target := range onDisk() {
		for _, what := range []string{".", "file"} {
			target.Dir = t.TempDir()
			put(t, target, pairs()[0])
			path := filepath.Join(target.Dir, what)
			if what == "file" {
				path = must(filepath.EvalSymlinks(paths(target)[len(paths(target))-1]))
			}
			if what == "." && target.Name == "split" {
				path = filepath.Dir(must(filepath.EvalSymlinks(filepath.Dir(paths(target)[0]) + "/.wcme/fullchain_www_example_test.pem/current")))
			}
			if err := immutable(path, true); err != nil {
				t.Fatal(err)
			}
			_, err := target.Put(pairs()[1])
			seen := target.Look(pairs()[0])
			if err := immutable(path, false); err != nil {
				t.Fatal(err)
			}
			if what == "file" && target.Name == "split" {
				if err != nil || seen.Current { // the new version is beside it
					t.Errorf("%s: got %v, %+v", target.Name, err, seen)
				}
				continue
			}
			fails(t, err, acmecore.Denied, "chattr -i")
			if !seen.Current || len(halfMade(target.Dir)) > 0 {
				t.Errorf("%s: got %+v, left %v", target.Name, seen, halfMade(target.Dir))
			}
			put(t, target, pairs()[1])
			current(t, target, pairs()[1])
		}
	}
}

// immutable sets or clears that flag of a file, as chattr does.
func immutable(path string, on bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	const immutable = 0x10 // FS_IMMUTABLE_FL of linux/fs.h
	flags, err := unix.IoctlGetInt(int(file.Fd()), unix.FS_IOC_GETFLAGS)
	if flags &^= immutable; on {
		flags |= immutable
	}
	if err == nil {
		err = unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, flags)
	}
	return errors.Join(err, file.Close())
}
