package logging_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore/logging"
)

// TestRightsD11AFullDiskCutsNoLine fills a file system of its own, which a process
// with its own mounts alone sees.
func TestRightsD11AFullDiskCutsNoLine(t *testing.T) {
	if os.Getenv("WCME_TEST_OWN_MOUNTS") == "" {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		child.Env = append(os.Environ(), "WCME_TEST_OWN_MOUNTS=yes")
		child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		if output, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	path, ballast := filepath.Join(dir, "overseer.log"), filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 32<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	var fallback bytes.Buffer
	file := logging.NewFile(path, logging.Options{Fallback: &fallback})
	line := func(number int) string { return fmt.Sprintf("%06d %s\n", number, strings.Repeat("x", 900)) }
	number, lost := 0, 0
	for ; lost < 10; number++ {
		if _, err := file.Write([]byte(line(number))); err != nil {
			lost++
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	write(t, file, line(number))
	got := strings.SplitAfter(strings.TrimSuffix(read(t, path), "\n"), "\n")
	for i, text := range got[:len(got)-2] {
		if text != line(i) {
			t.Errorf("line %d is %q", i, text)
		}
	}
	if told := got[len(got)-2]; !strings.Contains(told, "lines=10") || got[len(got)-1]+"\n" != line(number) {
		t.Errorf("the end is %q", got[len(got)-2:])
	}
	if told := fallback.String(); strings.Count(told, "\n") != 1 || !strings.Contains(told, "no space left") {
		t.Errorf("fallback: got %q", told)
	}
}
