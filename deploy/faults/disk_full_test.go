package faults_test

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// rigOwnMounts is set, in the environment, in a process that alone sees the file
// systems that it mounts.
const rigOwnMounts = "WCME_FAULTS_MOUNTS"

// TestRightsDisks has file systems that are too small, read-only or somewhere else.
// They are mounted in a process of their own, and are gone with it.
func TestRightsDisks(t *testing.T) {
	if os.Getenv(rigOwnMounts) == "" {
		t.Parallel()
		inOwnMounts(t)
		return
	}
	for _, row := range []struct {
		name string
		test func(*rig)
	}{
		{"D01 full before the order", fullBefore},
		{"D01 full before the start", fullBeforeStart},
		{"D02 full between finalize and store", fullBeforeStore},
		{"D02 full where the products are", fullProducts},
		{"D06 read-only before the order", readOnlyBefore},
		{"D06 read-only in the middle", readOnlyMeanwhile},
		{"D10 no inodes", noInodes},
		{"D11 the log's disk is full", fullLog},
		{"D12 a target on another file system, which is full", fullTarget},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			row.test(r)
			r.check()
		})
	}
}

// inOwnMounts runs the test again. What is built is built already.
func inOwnMounts(t *testing.T) {
	t.Helper()
	programs := lab.MustBuildOnClock(t, nil)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	child.Env = append(os.Environ(), rigOwnMounts+"=yes", "WCME_BUILD="+filepath.Dir(filepath.Dir(programs.Wcme)))
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if output, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// mount puts a small file system at the path, which is made.
func (r *rig) mount(path, options string) string {
	r.Helper()
	err := os.MkdirAll(path, 0o755)
	if err == nil {
		err = syscall.Mount("tmpfs", path, "tmpfs", 0, options+",mode=0755")
	}
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			r.Error(err)
		}
	})
	return path
}

// readOnly mounts a file system again, so that it takes nothing or takes all again.
func (r *rig) readOnly(path string, flag uintptr) {
	r.Helper()
	r.await("a moment at which it can be mounted again", func() error {
		return syscall.Mount("", path, "", syscall.MS_REMOUNT|flag, "")
	})
}

// fill takes all the room that there is in a directory, and returns what gives it back.
func (r *rig) fill(dir string) (free func()) {
	r.Helper()
	path := filepath.Join(dir, "ballast")
	file, err := os.Create(path)
	if err != nil {
		r.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, rand.Reader); !errors.Is(err, syscall.ENOSPC) {
		r.Fatalf("fill %s: %v", dir, err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			r.Error(err)
		}
	}
}

// awaitFailure returns when the overseer has failed so often.
func (r *rig) awaitFailure(times int, words ...string) {
	r.Helper()
	r.awaitLog(times, " renewed=0 repaired=0 not_served=0 failed=1 ")
	r.says(r.overseer.Log(), words...)
}

func fullBefore(r *rig) {
	r.mount(r.root, "size=1m")
	r.setup()
	r.start()
	free := r.fill(r.root)
	r.refused(r.command("certify", "www.example.test"), "no space left on device", "hint: ", "make room")
	free()
	r.manages("www.example.test")
	free = r.fill(r.root)
	r.nudge()
	r.awaitFailure(1, "no space left on device")
	r.later(61 * time.Second)
	r.awaitFailure(2)
	r.wantOrders(0, 0)
	free()
	r.later(11 * time.Minute)
	r.awaitNew("")
	r.wantOrders(0, 1)
	r.rest()
	r.checkTidy()
}

// fullBeforeStart: an overseer that is not there could not even tell.
func fullBeforeStart(r *rig) {
	r.mount(r.root, "size=1m")
	r.setup()
	r.manages("www.example.test")
	if err := os.Truncate(r.path("priv/lock"), 0); err != nil { // there is no room for a note in it either
		r.Fatal(err)
	}
	free := r.fill(r.root)
	r.start()
	r.awaitFailure(1, "no space left on device")
	r.wantOrders(0, 0)
	free()
	r.later(61 * time.Second)
	r.awaitNew("")
	r.wantOrders(0, 1)
}

func fullBeforeStore(r *rig) {
	r.mount(r.root, "size=1m")
	r.setup()
	r.manages("www.example.test")
	freed := make(chan func(), 1)
	r.between.After(lab.ClassFinalize, 1, func() bool { freed <- r.fill(r.root); return true })
	r.start()
	r.awaitFailure(1, "no space left on device")
	r.later(61 * time.Second)
	r.awaitFailure(2)
	(<-freed)()
	r.later(11 * time.Minute)
	r.awaitNew("")
	r.wantOrders(0, 1)
	r.rest()
	r.checkTidy()
}

// fullProducts: what is stored and not published is no order's business any more.
func fullProducts(r *rig) {
	r.run("setup", "--web-user", "")
	ssl := r.mount(r.path("ssl"), "size=64k")
	r.configure()
	r.run("register")
	r.start()
	r.run("certify", "www.example.test")
	r.watch()
	r.rest()
	before, free := rigSerial(r.product()), r.fill(ssl)
	r.later(75 * day)
	r.awaitFailure(1, "no space left on device")
	r.later(61 * time.Second)
	r.awaitFailure(2)
	if got := rigSerial(r.product()); got != before {
		r.Errorf("the product: got %q, want %q", got, before)
	}
	free()
	r.later(11 * time.Minute)
	r.awaitNew(before)
	r.wantOrders(0, 2)
	r.rest()
	r.checkTidy()
}

func readOnlyBefore(r *rig) {
	r.mount(r.root, "size=1m")
	r.setup()
	r.manages("www.example.test")
	if err := syscall.Mount("", r.root, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		r.Fatal(err)
	}
	r.refused(r.command("overseer"), "read-only file system")
	r.refused(r.command("certify", "www.example.test"), "read-only file system")
	if output, status := r.try("list"); status != 0 {
		r.Errorf("list: exit status %d\n%s", status, output)
	}
	if err := syscall.Mount("", r.root, "", syscall.MS_REMOUNT, ""); err != nil {
		r.Fatal(err)
	}
	r.wantOrders(0, 0)
	r.run("manage")
	r.wantOrders(0, 1)
}

// readOnlyMeanwhile keeps the socket, and the lock, on other file systems: what is
// open for writing keeps a file system from being mounted again.
func readOnlyMeanwhile(r *rig) {
	r.mount(r.root, "size=1m")
	r.setup()
	r.mount(r.path("log"), "size=1m")
	r.manages("www.example.test")
	turned := make(chan error, 1)
	r.between.After(lab.ClassFinalize, 1, func() bool {
		// As after an error of the disk: whatever is open.
		turned <- exec.Command("mount", "-o", "remount,ro", r.root).Run()
		return true
	})
	r.start()
	if err := <-turned; err != nil {
		r.Fatalf("mount again: %v", err)
	}
	r.awaitFailure(1, "read-only file system")
	r.later(61 * time.Second)
	r.awaitFailure(2)
	r.readOnly(r.root, 0)
	r.later(11 * time.Minute)
	r.awaitNew("")
	r.wantOrders(0, 1)
	r.rest()
	r.checkTidy()
}

func noInodes(r *rig) {
	r.mount(r.root, "nr_inodes=60")
	r.setup()
	r.manages("www.example.test")
	r.start()
	r.awaitNew("")
	r.rest()
	ballast := filepath.Join(r.root, "ballast")
	if err := os.Mkdir(ballast, 0o700); err != nil {
		r.Fatal(err)
	}
	for number := 0; ; number++ {
		err := os.WriteFile(filepath.Join(ballast, strconv.Itoa(number)), nil, 0o600)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			r.Fatal(err)
		}
	}
	before, orders := rigSerial(r.product()), r.orders()
	r.later(75 * day)
	r.awaitFailure(1, "no space left on device", "inode")
	r.wantOrders(orders, 0)
	if err := os.RemoveAll(ballast); err != nil {
		r.Fatal(err)
	}
	r.later(61 * time.Second)
	r.awaitNew(before)
	r.wantOrders(orders, 1)
}

func fullLog(r *rig) {
	r.run("setup", "--web-user", "")
	log := r.mount(r.path("log"), "size=64k")
	r.configure()
	r.run("register")
	free := r.fill(log)
	r.start()
	r.run("certify", "www.example.test")
	before := rigSerial(r.product())
	r.rest()
	r.later(75 * day)
	r.awaitNew(before)
	r.wantOrders(0, 2)
	r.says(r.overseer.Log(), "no space left on device", "run not recorded")
	free()
	r.rest() // and is recorded again
	r.run("audit", "--verify")
	found, err := filepath.Glob(filepath.Join(log, "runs", "*.json"))
	if err != nil || len(found) == 0 {
		r.Errorf("records of runs: got %q, %v; want those since there is room", found, err)
	}
}

func fullTarget(r *rig) {
	full := r.mount(filepath.Join(r.dir, "full"), "size=64k")
	roomy := r.mount(filepath.Join(r.dir, "roomy"), "size=1m")
	r.setup(rigTarget("full", full), rigTarget("roomy", roomy))
	r.watch(full, roomy)
	r.start()
	r.run("certify", "www.example.test")
	before := rigSerial(r.product())
	r.awaitNew("", full, roomy)
	free, orders := r.fill(full), r.orders()
	r.rest()
	r.later(75 * day)
	r.awaitLog(1, " not_served=1 ")
	r.says(r.overseer.Log(), "no space left on device", "target full")
	r.awaitNew(before, roomy)
	if got := rigSerial(filepath.Join(full, chain)); got != before {
		r.Errorf("what is in the full one: got %q, want what was there, %q", got, before)
	}
	free()
	r.later(61 * time.Second)
	r.awaitNew(before, full, roomy)
	r.wantOrders(orders, 1)
	if left, err := filepath.Glob(filepath.Join(full, ".*")); len(left) > 0 || err != nil {
		r.Errorf("I4: left over: %q, %v", left, err)
	}
}
