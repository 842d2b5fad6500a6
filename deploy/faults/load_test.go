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
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// loadTable is a load action that is given to the shell.
func loadTable(name, shell string) string {
	return fmt.Sprintf("[[load]]\nname = %q\nrun = %q\n", name, shell)
}

// loadUnwatched has nobody look what visitors are shown.
const loadUnwatched = "[verify]\nports = []\n"

const loadID = acmecore.ID("www_example_test")

// loadOffice is an office with one certificate to come, and actions that note what
// they do in a directory, which the tables name as DIR, and where the target is.
func loadOffice(t *testing.T, tables ...string) (o *office, dir string) {
	t.Helper()
	dir = lab.TempDir(t)
	if err := os.Mkdir(filepath.Join(dir, "target"), 0o755); err != nil {
		t.Fatal(err)
	}
	tables = append([]string{"[[install]]\nname = \"web\"\ndir = \"DIR/target\"\n"}, tables...)
	for i := range tables {
		tables[i] = strings.ReplaceAll(tables[i], "DIR", dir)
	}
	o = newOffice(t, officeOptions{tables: tables})
	o.between.Answer(lab.ClassRenewalInfo, politeProblem(404, "malformed"))
	return o, dir
}

// awaitLoads returns when the records have so many loads of an action, or more.
func (o *office) awaitLoads(action string, number int) (loads []acmecore.LoadResult) {
	o.Helper()
	o.await(fmt.Sprintf("%d loads of %s", number, action), func() error {
		loads = nil
		for _, run := range o.runs() {
			for _, load := range run.Loads {
				if load.Action == action {
					loads = append(loads, load)
				}
			}
		}
		if len(loads) < number {
			return fmt.Errorf("there are %d", len(loads))
		}
		return nil
	})
	return loads
}

// TestLoadThatFailsForADay is L01: the load is tried again after 1, 5 and 15 minutes,
// and then each hour; it is told once a day; visitors have the old certificate all the
// time, and nothing is ordered.
func TestLoadThatFailsForADay(t *testing.T) {
	t.Parallel()
	o, dir := loadOffice(t, loadUnwatched, loadTable("servers", "test ! -e DIR/broken || { echo not today; exit 1; }"))
	o.manage("www.example.test")
	o.start()
	o.awaitTold(loadID, acmecore.EventRenewed, 1)
	file := filepath.Join(dir, "target", "fullchain_"+string(loadID)+".pem")
	before, old := o.first(), o.read(file)
	sampler := lab.StartSampler(t, lab.Pair{Certificate: file})
	o.write(filepath.Join(dir, "broken"), "")
	o.clock.Set(before.Renewal.At.Add(time.Second))
	o.nudge()
	o.awaitTold(loadID, acmecore.EventNotServed, 1)
	orders := o.orders()

	o.live(26 * time.Hour)
	var tries []time.Time
	for _, run := range o.runs() {
		for _, treated := range run.Certificates {
			if treated.Outcome == acmecore.NotServed {
				tries = append(tries, run.Began)
			}
		}
	}
	for i, want := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour, time.Hour} {
		if len(tries) < 7 {
			t.Fatalf("tries: got %v", tries)
		}
		if got := tries[i+1].Sub(tries[i]); got < want || got > want+2*time.Minute {
			t.Errorf("between try %d and the next: got %v, want %v", i, got, want)
		}
	}
	if len(tries) < 24 || len(tries) > 30 {
		t.Errorf("tries in 26 hours: got %d, want 28", len(tries))
	}
	now := o.first()
	if o.read(file) != old || now.Serial == before.Serial || now.Service != acmecore.ServiceMissing || !strings.Contains(now.Trouble, "not today") {
		t.Errorf("got %+v, want a newer certificate that waits, and the files before", now)
	}
	o.awaitTold(loadID, acmecore.EventNotServed, 2)
	if got := o.orders() - orders; got != 0 {
		t.Errorf("orders: got %d more, want none", got)
	}

	if err := os.Remove(filepath.Join(dir, "broken")); err != nil {
		t.Fatal(err)
	}
	o.clock.Set(o.first().Next.Add(time.Second))
	o.nudge()
	o.awaitTold(loadID, acmecore.EventRecovered, 1)
	o.awaitTold(loadID, acmecore.EventRenewed, 2)
	if now := o.first(); o.read(file) == old || now.Service != acmecore.ServiceLoaded || o.orders() != orders {
		t.Errorf("got %+v, and %d orders more", now, o.orders()-orders)
	}
	if sample := sampler.Stop(); len(sample.Failures) > 0 || sample.Looks == 0 {
		t.Errorf("got %d looks, and %.2000q", sample.Looks, sample.Failures)
	}
}

// TestLoadThatHangs is L02: it gets SIGTERM at its time limit, and SIGKILL five
// seconds later; meanwhile another certificate is obtained, and another action runs.
func TestLoadThatHangs(t *testing.T) {
	t.Parallel()
	const deaf = "trap 'date +%s.%N >DIR/asked' TERM; echo $$ >DIR/pid.new; mv DIR/pid.new DIR/pid; while :; do sleep 0.1; done"
	o, dir := loadOffice(t, loadUnwatched, loadTable("hangs", deaf)+"timeout = \"15s\"\n", loadTable("other", "echo $WCME_CERTIFICATES >>DIR/other"))
	o.start()
	certify := o.command("certify", "www.example.test")
	if err := certify.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	o.await("the load that hangs", func() error {
		text, err := os.ReadFile(filepath.Join(dir, "pid"))
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err
	})
	o.write(filepath.Join(o.root, "etc", "certificates", "another_example_test.toml"), "names = [\"another.example.test\"]\nload = [\"other\"]\n")
	o.nudge()
	o.await("another certificate", func() error {
		if all := o.listed(); len(all) != 2 || all[0].Version == "" {
			return errors.New("it is not there yet")
		}
		return nil
	})
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("the other certificate was not obtained while the load hung: %v", err)
	}
	if err := certify.Wait(); err == nil || certify.ProcessState.ExitCode() != 1 {
		t.Errorf("certify with a load that fails: got %v, want exit status 1", err)
	}
	load := o.awaitLoads("hangs", 1)[0]
	if took := load.Ended.Sub(load.Began); took < 20*time.Second || !strings.Contains(load.Problem, "it had not ended after ") || load.Hint == "" {
		t.Errorf("after %v: got %+v; want that it is killed after 20s, and says so", took, load)
	}
	if alive := loadGroup(t, pid); len(alive) > 0 {
		t.Errorf("processes are left of it: %q", alive)
	}
	if asked := o.lines(filepath.Join(dir, "asked")); len(asked) != 1 {
		t.Errorf("asked to end: got %q, want once", asked)
	}
	o.await("the other action", func() error {
		if got := o.lines(filepath.Join(dir, "other")); !slices.Contains(got, string(loadID)) {
			return fmt.Errorf("it was run for %q", got)
		}
		return nil
	})
}

// TestLoadThatKillsTheOverseer is L05: the next overseer ends what is left of the
// load, runs it again, and orders nothing.
func TestLoadThatKillsTheOverseer(t *testing.T) {
	t.Parallel()
	o, dir := loadOffice(t, loadUnwatched)
	noted := filepath.Join(o.root, "priv", "load.json") // what the next overseer knows of it
	o.tables = append(o.tables, loadTable("servers", strings.NewReplacer("DIR", dir, "NOTED", noted).Replace(
		"echo $$ >>DIR/began; test -e DIR/killed || { >DIR/killed; until test -s NOTED; do sleep 0.01; done; kill -9 $PPID; sleep 1000 & sleep 1000; }; echo done >>DIR/began")))
	o.configure()
	o.manage("www.example.test")
	cmd := o.command("overseer")
	overseer, err := lab.Start(o.root+".log", cmd)
	if err != nil {
		t.Fatal(err)
	}
	o.overseer = overseer
	o.ended()
	left, err := strconv.Atoi(o.lines(filepath.Join(dir, "began"))[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(left, 0); err != nil {
		t.Fatalf("the load does not go on: %v", err)
	}
	o.start()
	o.awaitTold(loadID, acmecore.EventRenewed, 1)
	o.awaitMail("started after a crash", func() bool { return strings.Contains(o.mailbox(), "overseer: started after a crash") })
	if got := o.lines(filepath.Join(dir, "began")); len(got) != 3 || got[2] != "done" {
		t.Errorf("loads: got %q, want one that was killed and one that is done", got)
	}
	if alive := loadGroup(t, left); len(alive) > 0 {
		t.Errorf("processes are left of the load that killed: %q", alive)
	}
	if c := o.first(); o.orders() != 1 || c.Service != acmecore.ServiceLoaded || c.Trouble != "" {
		t.Errorf("got %d orders, and %+v", o.orders(), c)
	}
	if got := o.told("", acmecore.EventNotServed) + o.told("", acmecore.EventFailed); got != 0 {
		t.Errorf("mails that say of a trouble: got %d, want none:\n%s", got, o.mailbox())
	}
}

// loadGroup are the processes of a group that run on: one that was killed may take a
// moment to end, and one that has ended may wait for ever for somebody who asks how.
func loadGroup(t *testing.T, group int) (alive []string) {
	t.Helper()
	for over := time.Now().Add(officePatience); ; time.Sleep(pause) {
		if alive = loadAlive(t, group); len(alive) == 0 || time.Now().After(over) {
			return alive
		}
	}
}

func loadAlive(t *testing.T, group int) (alive []string) {
	t.Helper()
	output, _ := exec.Command("ps", "-eo", "pgid=,stat=,args=").Output()
	for line := range strings.Lines(string(output)) {
		if words := strings.Fields(line); words[0] == strconv.Itoa(group) && !strings.HasPrefix(words[1], "Z") {
			alive = append(alive, line)
		}
	}
	if len(output) == 0 {
		t.Error("ps shows nothing")
	}
	return alive
}
