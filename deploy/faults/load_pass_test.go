package faults_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// TestLoadThatNobodyShouldRun is L07: `wcme config`, a reload and `check load` refuse
// it, and so does the load itself, if the program changed meanwhile.
func TestLoadThatNobodyShouldRun(t *testing.T) {
	t.Parallel()
	o, dir := loadOffice(t, loadUnwatched, "[[load]]\nname = \"servers\"\nrun = [\"DIR/load\"]\n")
	program := filepath.Join(dir, "load")
	lab.WriteProgram(t, program, []byte("#!/bin/sh\necho well\n"))
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "open"), 0o755),
		os.WriteFile(filepath.Join(dir, "open", "load"), []byte("#!/bin/sh\n"), 0o755), os.Chmod(filepath.Join(dir, "open"), 0o777)); err != nil {
		t.Fatal(err)
	}
	o.start()
	if output := o.run("check", "load"); !strings.Contains(output, "well") {
		t.Errorf("check load: got %q", output)
	}
	good := o.tables
	for _, row := range []struct {
		what, run, want string
		mode            os.FileMode
	}{
		{"L07 missing", dir + "/none", "no such file", 0o755},
		{"L07 not executable", program, "is not executable", 0o644},
		{"L07 others may write it", program, "can be changed by others", 0o757},
		{"L07 relative", "load", "absolute path", 0o755},
		{"L07 in a directory that others may write", dir + "/open/load", "can be changed by others", 0o755},
	} {
		o.tables = append(slices.Clone(good[:len(good)-1]), fmt.Sprintf("[[load]]\nname = \"servers\"\nrun = [%q]\n", row.run))
		o.configure()
		if err := os.Chmod(program, row.mode); err != nil {
			t.Fatal(err)
		}
		if output, status := o.try("config"); status != 2 || !strings.Contains(output, row.want) {
			t.Errorf("%s: config: got exit status %d, want 2 and %q:\n%s", row.what, status, row.want, output)
		}
		o.hangup("configuration refused, the old one stays in force")
		refused := o.log()[strings.LastIndex(o.log(), "configuration refused"):]
		if !strings.Contains(refused, row.want) {
			t.Errorf("%s: reload: got %q, want %q", row.what, refused, row.want)
		}
		// The configuration that stays in force is the one before.
		if output, status := o.try("check", "load"); row.mode != 0o755 && (status != 1 || !strings.Contains(output, row.want)) {
			t.Errorf("%s: check load: got exit status %d, want 1 and %q:\n%s", row.what, status, row.want, output)
		} else if row.mode == 0o755 && (status != 0 || !strings.Contains(output, "well")) {
			t.Errorf("%s: check load as it was: got exit status %d:\n%s", row.what, status, output)
		}
		alone := &office{T: t, authority: o.authority, root: filepath.Join(lab.TempDir(t), "state")}
		if output, err := exec.Command("cp", "-a", o.root, alone.root).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		if output, status := alone.try("check", "load"); status == 0 || !strings.Contains(output, row.want) {
			t.Errorf("%s: check load without an overseer: got exit status %d, want a failure and %q:\n%s", row.what, status, row.want, output)
		}
	}
}

// TestLoadOnceForMany is L11: fifty certificates that are due together are loaded by
// one run of each action.
func TestLoadOnceForMany(t *testing.T) {
	t.Parallel()
	const many = 50
	note := func(name string) string {
		return loadTable(name, "echo "+name+" $WCME_CERTIFICATES >>DIR/loads; echo \"$WCME_CHANGED_FILES\" | grep -c . >>DIR/files")
	}
	o, dir := loadOffice(t, loadUnwatched, note("first"), note("second"))
	for i := range many {
		o.manage(fmt.Sprintf("www%d.example.test", i))
	}
	o.start()
	check := func(times int) {
		t.Helper()
		loads := o.lines(filepath.Join(dir, "loads"))
		if len(loads) != 2*times {
			t.Fatalf("loads: got %d, want %d: %q", len(loads), 2*times, loads)
		}
		for i, line := range loads {
			words := strings.Fields(line)
			if want := []string{"first", "second"}[i%2]; words[0] != want || len(words) != many+1 {
				t.Errorf("load %d: got %s for %d certificates, want %s for %d", i, words[0], len(words)-1, want, many)
			}
		}
		for i, got := range o.lines(filepath.Join(dir, "files")) {
			if got != strconv.Itoa(many) {
				t.Errorf("load %d: got %s files, want %d", i, got, many)
			}
		}
	}
	o.awaitMail("50 renewed", func() bool { return strings.Contains(o.mailbox(), "50 renewed") })
	check(1)
	last := time.Time{}
	for _, c := range o.listed() {
		if c.Renewal.At.After(last) {
			last = c.Renewal.At
		}
	}
	o.awaitDelivered()
	o.terminate()
	o.clock.Set(last.Add(time.Second))
	o.start() // whose first pass has all of them
	o.awaitMail("50 renewed again", func() bool { return strings.Count(o.mailbox(), ": 50 renewed.") == 2 })
	check(2)
	if got := o.orders(); got != 2*many {
		t.Errorf("orders: got %d, want %d", got, 2*many)
	}
}

// TestLoadThatRemovesTheCertificate is L16: what a load takes away is told, and put
// back by the next try, which loads again; nothing is ordered for it, and the list
// says it.
func TestLoadThatRemovesTheCertificate(t *testing.T) {
	t.Parallel()
	o, dir := loadOffice(t, loadUnwatched, loadTable("servers", "test -e DIR/tame || rm -f DIR/target/*"))
	o.manage("www.example.test")
	o.start()
	o.awaitTold(loadID, acmecore.EventNotServed, 1)
	if c := o.first(); c.Service != acmecore.ServiceMissing || !strings.Contains(c.Trouble, "not up to date in") {
		t.Errorf("got %+v, want that it is not installed", c)
	}
	loads := func() (number int) { // of runs that have ended: another one would find the certificate held
		for _, run := range o.runs() {
			number += len(run.Loads)
		}
		return number
	}
	o.awaitLoads("servers", 1)
	const days = 3
	for i := range days {
		if i == days-1 {
			o.write(filepath.Join(dir, "tame"), "")
		}
		before := loads()
		o.clock.Advance(day)
		o.nudge()
		o.await("the pass of the day", func() error {
			if loads() == before {
				return errors.New("nothing is loaded")
			}
			return nil
		})
	}
	o.awaitTold(loadID, acmecore.EventRenewed, 1)
	o.tried()
	if c := o.first(); c.Service != acmecore.ServiceLoaded || c.Trouble != "" {
		t.Errorf("got %+v, want it in its place, and well", c)
	}
	o.read(filepath.Join(dir, "target", "fullchain_"+string(loadID)+".pem"))
	if got := loads(); got < 1+days || got > 1+3*days {
		t.Errorf("loads: got %d, want the first one and a few on each of %d days", got, days)
	}
	if got := o.orders(); got != 1 {
		t.Errorf("orders: got %d, want 1", got)
	}
}

// TestLoadsOneAfterTheOther is L18: whoever asks for a load, and however many do, no
// two run at a time.
func TestLoadsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	o, dir := loadOffice(t, loadUnwatched, loadTable("servers",
		"echo began >>DIR/loads; mkdir DIR/alone || echo beside >>DIR/loads; sleep 0.2; rmdir DIR/alone; echo done >>DIR/loads"))
	o.start()
	var asking sync.WaitGroup
	for _, args := range [][]string{{"certify", "a.example.test"}, {"check", "load"}, {"certify", "b.example.test"}, {"check", "load", "servers"}} {
		asking.Go(func() {
			if output, err := o.command(args[0], args[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%q: %v\n%s", args, err, output)
			}
		})
	}
	o.manage("c.example.test")
	o.nudge()
	asking.Wait()
	o.awaitTold("c_example_test", acmecore.EventRenewed, 1)
	loads := o.lines(filepath.Join(dir, "loads"))
	for i, line := range loads {
		if want := []string{"began", "done"}[i%2]; line != want {
			t.Errorf("line %d: got %s, want %s: %q", i, line, want, loads)
		}
	}
	if len(loads) < 6 || len(loads)%2 != 0 {
		t.Errorf("loads: got %q", loads)
	}
}
