package faults_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// shell runs a command of the host that must succeed.
func (r *rig) shell(name string, args ...string) {
	r.Helper()
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		r.Fatalf("%s %q: %v\n%s", name, args, err, output)
	}
}

func (r *rig) accounts() int { return r.between.Count(lab.ClassNewAccount) }

// TestStateDirectoryIsDeleted is S01: the overseer says so, and makes neither a
// directory nor an account; with what is restored an overseer goes on.
func TestStateDirectoryIsDeleted(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ what, deleted, says string }{
		{"S01 all of it", "", "does not exist"},
		{"S01 what is managed", "etc", "does not exist"},
		{"S01 the keys", "priv", "does not exist"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			target := r.mkdir("target")
			r.setup(rigTarget("target", target))
			r.start()
			r.run("certify", "www.example.test")
			served := rigSerial(filepath.Join(target, chain))
			r.rest()
			r.nudge()
			orders, accounts := r.orders(), r.accounts()
			backup := filepath.Join(r.dir, "backup")
			r.frozen(func() { // what it writes just now would be in the way of both
				r.shell("cp", "-a", r.root, backup)
				if err := os.RemoveAll(r.path(row.deleted)); err != nil {
					t.Fatal(err)
				}
			})
			r.clock.Advance(75 * day)
			select {
			case <-r.overseer.Done():
			case <-time.After(rigPatience):
				t.Errorf("the overseer goes on without its state directory:\n%s", r.overseer.Log())
			}
			r.says(r.overseer.Log(), row.says, "restore")
			r.refused(r.command("manage"), "does not exist", "restore it from a backup")
			r.refused(r.command("overseer"), "does not exist", "restore it from a backup")
			if _, err := os.Stat(r.path(row.deleted)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it was made again: %v", err)
			}
			if got := rigSerial(filepath.Join(target, chain)); got != served {
				t.Errorf("the target has %q, want what was there, %q", got, served)
			}
			if r.orders() != orders || r.accounts() != accounts {
				t.Errorf("got %d orders and %d accounts more, want none", r.orders()-orders, r.accounts()-accounts)
			}
			if err := os.RemoveAll(r.root); err != nil {
				t.Fatal(err)
			}
			r.shell("cp", "-a", backup, r.root)
			r.start()
			r.awaitNew(served, target)
			r.wantOrders(orders, 1)
			r.check()
		})
	}
}

// frozen calls f while the overseer stands still.
func (r *rig) frozen(f func()) {
	r.Helper()
	r.signal(syscall.SIGSTOP)
	defer r.signal(syscall.SIGCONT)
	r.await("that it stands still", func() error {
		output, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(r.overseer.PID())).Output()
		if err == nil && !strings.HasPrefix(string(output), "T") {
			err = fmt.Errorf("its state is %q", output)
		}
		return err
	})
	f()
}

// damage does something bad to a file.
type damage struct {
	what string
	do   func(path, other string) error
}

const directory = "a directory in its place"

func damages() []damage {
	return []damage{
		{"zero length", func(path, _ string) error { return os.WriteFile(path, nil, 0o600) }},
		{"garbage", func(path, _ string) error {
			return os.WriteFile(path, []byte("\x00\xff{]{ \n-----BEGIN CERTIFICATE-----\n"), 0o600)
		}},
		{"another file's content", func(path, other string) error { return exec.Command("cp", other, path).Run() }},
		{"cut in the middle", func(path, _ string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return os.Truncate(path, info.Size()/2)
		}},
		{"100 MB", func(path, _ string) error { return os.Truncate(path, 100<<20) }},
		{directory, func(path, _ string) error {
			return errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "x"), nil, 0o600))
		}},
		{"a FIFO", func(path, _ string) error { return errors.Join(os.RemoveAll(path), syscall.Mkfifo(path, 0o600)) }},
		{"a link to itself", func(path, _ string) error {
			return errors.Join(os.RemoveAll(path), os.Symlink(filepath.Base(path), path))
		}},
		{"missing", func(path, _ string) error { return os.RemoveAll(path) }},
	}
}

// TestEverythingRememberedIsDamaged is S02: with all that wCME notes damaged in the
// same way an overseer starts, and renews with one order.
func TestEverythingRememberedIsDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.mkdir("target")
	r.setup("mail = [\"admin@example.test\"]\nserver = \"127.0.0.1:1\"\ntls = \"none\"\n" + // nothing is delivered
		rigTarget("target", target) + "[[load]]\nname = \"servers\"\nrun = [\"/bin/true\"]\n[verify]\nports = []\n")
	r.run("certify", "www.example.test")
	r.clock.Advance(75 * day)
	r.run("manage") // what one pass notes
	r.sampler = lab.StartSampler(t, lab.Pair{Certificate: filepath.Join(target, chain)})
	for _, damage := range damages() {
		t.Run("S02 "+damage.what, func(t *testing.T) {
			r := *r
			r.T = t
			r.damaged(damage, target)
		})
	}
}

// notes lists what wCME notes for itself.
func (r *rig) notes() (paths []string) {
	r.Helper()
	for _, pattern := range []string{"priv/standing/*.json", "priv/replaced/*/*.json", "priv/pace/*.json", "priv/spool/*", "priv/running",
		"priv/load.json", "priv/audit-head", "priv/orders/*/*", "log/runs/*.json", "log/audit.log", "log/overseer.log", "ssl/*.pem"} {
		found, err := filepath.Glob(r.path(pattern))
		if err != nil || len(found) == 0 {
			r.Fatalf("there is no %s: %v", pattern, err)
		}
		for _, path := range found {
			if !strings.Contains(path, ".bad-") {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func (r *rig) damaged(damage damage, target string) {
	r.Helper()
	if err := os.RemoveAll(r.path("priv/replaced/" + id)); err != nil {
		r.Fatal(err)
	}
	for name, text := range map[string]string{"priv/running": `{"began":"2026-01-01T00:00:00Z"}`, "priv/load.json": `{"pid":1,"group":1}`,
		"log/overseer.log": "2026-01-01 00:00:00.00  info  a line\n"} {
		if err := os.RemoveAll(r.path(name)); err != nil {
			r.Fatal(err)
		}
		r.write(name, text) // as after a kill
	}
	r.clock.Advance(75 * day)
	orders, before := r.orders(), rigSerial(filepath.Join(target, chain))
	if err := errors.Join(os.MkdirAll(r.path("priv/orders/"+id), 0o700), os.MkdirAll(r.path("priv/replaced/"+id), 0o700)); err != nil {
		r.Fatal(err)
	}
	r.write("priv/replaced/"+id+"/target.json", `{"for":"another one"}`)
	r.write("priv/orders/"+id+"/order.json", `{"directory":"x"}`)
	r.write("priv/orders/"+id+"/key.pem", "no key")
	for _, path := range r.notes() {
		if damage.what == directory && (strings.HasPrefix(path, r.path("ssl")) || strings.HasSuffix(path, ".log")) {
			continue // which only a hand can move: see TestDirectoryWhereAProductIs
		}
		if err := damage.do(path, r.path("etc/wcme.toml")); err != nil {
			r.Fatalf("damage %s: %v", path, err)
		}
	}
	r.start()
	r.awaitNew(before, target)
	r.rest()
	r.wantOrders(orders, 1)
	r.stop()
	if err := os.RemoveAll(r.path("log/audit.log")); err != nil { // is not moved by those who only add to it
		r.Fatal(err)
	}
	r.rest()
	if strings.Contains(r.overseer.Log(), "panic") {
		r.Errorf("it panicked:\n%s", r.overseer.Log())
	}
	standing := r.path("priv/standing/" + id + ".json")
	aside, err := filepath.Glob(standing + ".bad-*")
	if err != nil || (len(aside) == 0) != (damage.what == "missing") {
		r.Errorf("set aside: got %q, %v", aside, err)
	}
	for _, path := range aside {
		if err := os.RemoveAll(path); err != nil {
			r.Error(err)
		}
	}
	r.check()
	r.checkTidy()
	if _, status := r.try("list"); status != 0 {
		r.Errorf("list: exit status %d", status)
	}
}

// TestDirectoryWhereAProductIs is S02 of the files in ssl and log: what is in the way is
// told until somebody has moved it, the targets get the certificate nevertheless, and
// no second one is ordered.
func TestDirectoryWhereAProductIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.mkdir("target")
	r.setup(rigTarget("target", target))
	r.run("certify", "www.example.test")
	for _, path := range []string{r.product(), r.path("log/audit.log"), r.path("log/overseer.log")} {
		if err := errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "x"), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	orders, before := r.orders(), rigSerial(filepath.Join(target, chain))
	r.clock.Advance(75 * day)
	r.start()
	r.awaitFailure(1, r.product()+": file exists")
	r.later(61 * time.Second)
	r.await("the target", func() error {
		if got := rigSerial(filepath.Join(target, chain)); got == before {
			return fmt.Errorf("it has still %q", got)
		}
		return nil
	})
	r.await("the end of the second run", func() error { // the clock goes on when nobody holds the certificate
		if ended := strings.Count(r.overseer.Log(), "run ended"); ended < 2 {
			return fmt.Errorf("%d have ended", ended)
		}
		return nil
	})
	if err := os.RemoveAll(r.product()); err != nil {
		t.Fatal(err)
	}
	r.later(11 * time.Minute)
	r.awaitNew("", target)
	r.wantOrders(orders, 1)
	r.rest()
	r.check()
	r.checkTidy()
}

// TestPairThatIsNone is S05: the files of the current version do not belong together.
// A new order, one, heals that, and the files in service stay a pair.
func TestPairThatIsNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.mkdir("target")
	r.setup(rigTarget("target", target))
	r.start()
	r.run("certify", "www.example.test")
	r.run("certify", "other.example.test")
	r.watch(target)
	current := func(id, name string) string { return r.path("priv/certificates/" + id + "/current/" + name) }
	for _, row := range []struct {
		what string
		do   func() error
	}{
		{"S05 the key of another", func() error {
			return exec.Command("cp", current("other_example_test", "key.pem"), current(id, "key.pem")).Run()
		}},
		{"S05 the chain of another", func() error {
			return exec.Command("cp", current("other_example_test", "fullchain.pem"), current(id, "fullchain.pem")).Run()
		}},
		{"S05 no key", func() error { return os.Remove(current(id, "key.pem")) }},
		{"S05 no chain", func() error { return os.Remove(current(id, "fullchain.pem")) }},
		{"S05 a key of zero length", func() error { return os.Truncate(current(id, "key.pem"), 0) }},
		{"S05 half a chain", func() error { return os.Truncate(current(id, "fullchain.pem"), 400) }},
		{"S05 no version", func() error { return os.RemoveAll(r.path("priv/certificates/" + id)) }},
	} {
		t.Run(row.what, func(t *testing.T) {
			r := *r
			r.T = t
			orders, before := r.orders(), rigSerial(filepath.Join(target, chain))
			if err := row.do(); err != nil {
				t.Fatal(err)
			}
			pass := r.slowly(31 * time.Second)
			r.await("another certificate", func() error { // a pass that is made just now may have looked before
				if rigSerial(r.product()) == before {
					pass()
					return errors.New("it is still the same")
				}
				return nil
			})
			r.awaitNew(before, target)
			for range 3 {
				r.later(31 * time.Second)
			}
			r.rest()
			r.wantOrders(orders, 1)
			for _, failure := range r.sampler.Seen().Failures {
				t.Errorf("I1: %s", failure)
			}
			r.checkTidy()
		})
	}
}

// TestAccountIsDamaged: without its key nothing is ordered, and nobody makes another
// account by himself (I2).
func TestAccountIsDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t).setup()
	r.manages("www.example.test")
	found, err := filepath.Glob(r.path("priv/accounts/*/current/"))
	if err != nil || len(found) != 1 {
		t.Fatalf("accounts: %q, %v", found, err)
	}
	accounts := r.accounts()
	for _, name := range []string{"key.pem", "account.json"} {
		for _, damage := range damages() {
			path := filepath.Join(found[0], name)
			r.shell("cp", "-a", path, path+".kept")
			if err := damage.do(path, r.path("etc/wcme.toml")); err != nil {
				t.Fatal(err)
			}
			r.refused(r.command("manage", "--now"), "hint: ")
			if r.orders() != 0 || r.accounts() != accounts {
				t.Errorf("%s, %s: got %d orders and %d more accounts, want none", name, damage.what, r.orders(), r.accounts()-accounts)
			}
			r.shell("rm", "-rf", path)
			r.shell("mv", path+".kept", path)
			r.clock.Advance(2 * day)
		}
	}
	r.run("manage", "--now")
	r.wantOrders(0, 1)
	r.check()
}

// TestStandingThatLies is S11: what is remembered is no reason not to renew, nor to
// renew again and again.
func TestStandingThatLies(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.mkdir("target")
	r.setup(rigTarget("target", target) + "[[load]]\nname = \"servers\"\nrun = [\"/bin/true\"]\n[verify]\nports = []\n")
	r.run("certify", "www.example.test")
	r.watch(target)
	far := `"2099-01-01T00:00:00Z"`
	failure := `{"at":` + far + `,"kind":"limited","cause":"x","until":"2199-01-01T00:00:00Z"}`
	for _, row := range []struct{ what, text string }{
		{"S11 another certificate was loaded, seen and told", `"loaded":{"servers":"00ff","nobody":"11"},"seen":"00ff","told":"00ff"`},
		{"S11 failures of the future", `"attempted":` + far + `,"failures":[` + failure + `],"unserved":[` + failure + `]`},
		{"S11 failures without number", `"failures":[` + strings.Repeat(`{"at":"2026-01-01T00:00:00Z","kind":"refused","cause":"x"},`, 5000) + failure + `]`},
		{"S11 a window in the year 9999", `"renewal_info":{"fingerprint":"FINGERPRINT","start":"9998-01-01T00:00:00Z","end":"9999-01-01T00:00:00Z","asked":` + far + `,"next":"9999-01-01T00:00:00Z","failures":-5}`},
		{"S11 a window of the past", `"renewal_info":{"fingerprint":"FINGERPRINT","start":"1970-01-01T00:00:00Z","end":"1970-01-02T00:00:00Z","asked":` + far + `,"next":"1970-01-01T00:00:00Z"}`},
		{"S11 a run that there is not", `"last_run":"../../../etc/passwd"`},
	} {
		t.Run(row.what, func(t *testing.T) {
			r := *r
			r.T = t
			orders, before := r.orders(), rigSerial(r.product())
			fingerprint := r.listed().Fingerprint
			r.write("priv/standing/"+id+".json", `{"version":1,`+strings.ReplaceAll(row.text, "FINGERPRINT", fingerprint)+"}")
			r.clock.Advance(75 * day)
			r.start()
			r.awaitNew(before, target)
			r.rest()
			for range 3 {
				r.later(time.Hour)
			}
			r.rest()
			r.wantOrders(orders, 1)
			r.stop()
			r.check()
			r.checkTidy()
		})
	}
}

// TestBackupIsRestored is S13.
func TestBackupIsRestored(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what   string
		age    time.Duration
		orders int
	}{{"S13 10 days old", 10 * day, 0}, {"S13 60 days old", 65 * day, 1}} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			target := r.mkdir("target")
			r.setup(rigTarget("target", target))
			r.run("certify", "www.example.test")
			r.rest()
			backup := filepath.Join(r.dir, "backup")
			r.shell("cp", "-a", r.root, backup)
			r.clock.Advance(row.age)
			r.run("certify", "--force", "www.example.test")
			r.shell("rm", "-rf", r.root)
			r.shell("cp", "-a", backup, r.root)
			orders, old := r.orders(), rigSerial(r.product())
			r.start()
			if row.orders > 0 {
				r.awaitNew(old, target)
			} else {
				r.awaitNew("", target)
			}
			r.rest()
			for range 5 {
				r.later(7 * time.Hour)
				r.rest()
			}
			r.wantOrders(orders, row.orders)
			if got := fmt.Sprint(r.listed().State(r.clock.Now())); got != "valid" {
				t.Errorf("it is %s", got)
			}
			if got := strings.Count(r.pebble.Log(), " accounts in memory"); got != 1 {
				t.Errorf("I2: the CA has %d accounts", got)
			}
		})
	}
}
