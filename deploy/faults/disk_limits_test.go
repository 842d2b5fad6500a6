package faults_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// nobody is a user that may do nothing.
const nobody = 65534

// TestRightsNotGranted is D07: a state directory, and then a target, where the
// overseer may not write.
func TestRightsNotGranted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	open, closed := r.mkdir("open"), r.mkdir("closed")
	r.setup(rigTarget("open", open), rigTarget("closed", closed))
	own := filepath.Join(r.dir, "wcme")
	if err := lab.Install(r.programs.Wcme, own); err != nil {
		t.Fatal(err)
	}
	r.programs.Wcme = own
	as := func(verb string, args ...string) *exec.Cmd {
		cmd := r.command(verb, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		return cmd
	}
	r.refused(as("certify", "www.example.test"), "permission denied", "hint: ")
	r.refused(as("overseer"), "permission denied", "hint: ")
	r.wantOrders(0, 0)

	for _, dir := range []string{r.root, open} {
		if output, err := exec.Command("chown", "-R", "65534:65534", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	r.watch(open)
	r.refused(as("certify", "www.example.test"), "target closed", "permission denied")
	if got := rigSerial(filepath.Join(open, chain)); got == "" || got != rigSerial(r.product()) {
		t.Errorf("the target that is open has %q", got)
	}
	if err := os.Chown(closed, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if output, status := r.outcome(as("manage", "--now")); status != 0 {
		t.Errorf("exit status %d\n%s", status, output)
	}
	if got := rigSerial(filepath.Join(closed, chain)); got != rigSerial(r.product()) {
		t.Errorf("the target that was closed has %q", got)
	}
	r.wantOrders(0, 1)
	r.check()
}

// TestRightsOfTargetsThatAreNone is D13 and D14: targets that are not there, are no
// directory, or take nothing, beside one that is a link to a directory.
func TestRightsOfTargetsThatAreNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	real, missing, file, link, fixed := r.mkdir("real"), filepath.Join(r.dir, "missing"), filepath.Join(r.dir, "file"), filepath.Join(r.dir, "link"), r.mkdir("fixed")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	r.setup(rigTarget("missing", missing), rigTarget("file", file), rigTarget("link", link), rigTarget("fixed", fixed))
	r.run("setup", "--web-user", "") // is idempotent, whatever the targets are
	immutable := func(flag string) {
		if output, err := exec.Command("chattr", flag, fixed).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	immutable("+i")
	t.Cleanup(func() { immutable("-i") })
	r.start()
	r.refused(r.command("certify", "www.example.test"), "target missing", "target file", "target fixed", "no such file", "not a directory", "not permitted")
	if got := rigSerial(filepath.Join(real, chain)); got == "" || got != rigSerial(r.product()) {
		t.Errorf("the target behind a link has %q", got)
	}
	immutable("-i")
	r.mkdir("missing")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	r.mkdir("file")
	r.later(61 * time.Second)
	r.awaitNew("", missing, file, link, fixed)
	r.wantOrders(0, 1)
	r.rest()
	r.check()
}

// TestNoMoreFiles is D08: an overseer that can open no file goes on when it can.
func TestNoMoreFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup()
	r.start("sh", "-c", `ulimit -n 20; exec "$@"`, "sh")
	r.manages("www.example.test")
	var held []net.Conn
	for range 64 { // more than it takes, and than wait to be taken
		conn, err := net.DialTimeout("unix", lab.Socket(r.root), time.Second)
		if err != nil {
			break
		}
		held = append(held, conn)
	}
	r.later(0)
	r.await("that it says so", func() error { return rigSaid(r.overseer.Log(), "too many open files") })
	for _, conn := range held {
		_ = conn.Close()
	}
	pass := r.slowly(61 * time.Second)
	r.await("a certificate", func() error { // once it has seen that it may open files
		if rigSerial(r.product()) == "" {
			pass()
			return errors.New("there is none")
		}
		return nil
	})
	r.wantOrders(0, 1)
	r.rest()
	r.check()
	r.checkTidy()
}

// TestNoLongFile is D16: nothing longer than a part of what is written can be.
func TestNoLongFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup()
	limited := r.command("certify", "www.example.test")
	limited.Path, limited.Args = "/bin/sh", append([]string{"sh", "-c", `trap "" XFSZ; ulimit -f 4; exec "$@"`, "sh", r.programs.Wcme}, limited.Args[1:]...)
	r.refused(limited, "file too large")
	r.wantOrders(0, 0)
	r.run("certify", "www.example.test")
	r.check()
	r.checkTidy()
}
