package faults_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/lab"
)

// officePatience bounds how long one thing may take in an office.
const officePatience = time.Minute

// authority is a CA that issues for whoever asks, with something between. Several
// offices may have the same one, if they are on its clock.
type authority struct {
	clock     *lab.Clock
	programs  lab.Programs
	pebble    *lab.Pebble
	between   *lab.Between
	directory string // URL
	roots     string // PEM file
}

// newAuthority starts one, at noon of a day in March.
func newAuthority(t *testing.T, o lab.PebbleOptions) *authority {
	t.Helper()
	clock := lab.NewClock(t)
	clock.Set(time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC))
	clock.ShortenWaits(50 * time.Millisecond)
	a := &authority{clock: clock, programs: lab.MustBuildOnClock(t, clock)}
	o.Dir, o.Profiles = lab.TempDir(t), map[string]time.Duration{"ninety": 90 * day}
	a.pebble = lab.MustPebble(t, a.programs, o)
	a.between = lab.MustBetween(t, a.pebble)
	a.directory, a.roots = a.between.Directory, a.between.Roots
	return a
}

// office is a wCME that renews, loads and reports.
type office struct {
	*testing.T
	*authority
	dir      string // of everything
	root     string // the state directory
	mail     *lab.MailServer
	report   string   // the keys of [report] that differ
	tables   []string // the tables of wcme.toml that differ
	env      []string // of the overseer, beside what every program has
	through  []string // a command that the overseer is started through; none for itself
	overseer *lab.Process
}

// officeOptions are what the zero value of has nothing special.
type officeOptions struct {
	authority *authority // nil for one of its own that believes everybody
	mail      lab.MailServerOptions
	report    string
	tables    []string
	env       []string
}

// newOffice sets it up, with an account, and no overseer that runs.
func newOffice(t *testing.T, given officeOptions) *office {
	t.Helper()
	if given.authority == nil {
		given.authority = newAuthority(t, lab.PebbleOptions{AlwaysValid: true})
	}
	dir := lab.TempDir(t)
	o := &office{T: t, authority: given.authority, dir: dir, root: filepath.Join(dir, "state"), report: given.report, tables: given.tables, env: given.env}
	o.mail = lab.MustMailServer(t, given.mail)
	o.run("setup", "--web-user", "")
	o.configure()
	o.run("register")
	return o
}

// configure writes wcme.toml. The keys of [report] are the mail server's, unless
// the office has others.
func (o *office) configure() {
	o.Helper()
	report := cmp.Or(o.report, fmt.Sprintf("mail = [\"system@example.test\"]\nserver = %q\ntls = \"none\"", o.mail.Address))
	o.write(filepath.Join(o.root, "etc", "wcme.toml"), fmt.Sprintf(`ca = "lab"
accept_terms = true
[authority.lab]
directory = %q
roots = %q
[renew]
at = "00:20"
jitter = "0s"
[report]
opcom = ["none"]
%s
%s
`, o.directory, o.roots, report, strings.Join(o.tables, "\n")))
}

// start starts an overseer, which is stopped after the test.
func (o *office) start() {
	o.Helper()
	cmd := o.programs.Command(context.WithoutCancel(o.Context()), o.root, "overseer")
	environment := append(cmd.Env, append([]string{"TZ=UTC"}, o.env...)...)
	words := append(slices.Clone(o.through), cmd.Args...)
	cmd = exec.Command(words[0], words[1:]...)
	cmd.Env = environment
	began := strings.Count(o.log(), "overseer started")
	overseer, err := lab.Start(o.root+".log", cmd)
	if err != nil {
		o.Fatal(err)
	}
	o.overseer = overseer
	o.Cleanup(func() {
		if err := overseer.Stop(); err != nil {
			o.Error(err)
		}
		if o.Failed() {
			o.Logf("the overseer's log ends so:\n%s", tailOf(overseer.Log(), 6000))
		}
	})
	o.await("its start", func() error {
		if strings.Count(o.log(), "overseer started") == began {
			return errors.New("it has not started")
		}
		return nil
	})
}

func tailOf(text string, most int) string { return text[max(0, len(text)-most):] }

// log is what all overseers have said on their standard error output.
func (o *office) log() string {
	text, err := os.ReadFile(o.root + ".log")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		o.Fatal(err)
	}
	return string(text)
}

// kill kills the overseer.
func (o *office) kill() {
	o.Helper()
	if err := syscall.Kill(o.overseer.PID(), syscall.SIGKILL); err != nil {
		o.Fatal(err)
	}
	o.ended()
}

// ended returns when the overseer has.
func (o *office) ended() {
	o.Helper()
	select {
	case <-o.overseer.Done():
	case <-time.After(officePatience):
		o.Fatal("the overseer does not end")
	}
}

// nudge makes the overseer read its configuration, and look at everything.
func (o *office) nudge() { o.Helper(); o.hangup("configuration read again") }

// hangup sends SIGHUP, and returns when the overseer has said something.
func (o *office) hangup(said string) {
	o.Helper()
	before := strings.Count(o.log(), said)
	if err := syscall.Kill(o.overseer.PID(), syscall.SIGHUP); err != nil {
		o.Fatal(err)
	}
	o.await(said, func() error {
		if strings.Count(o.log(), said) == before {
			return errors.New("it is not said yet")
		}
		return nil
	})
}

// await returns when ready has no error, while the overseer runs.
func (o *office) await(what string, ready func() error) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.Context(), officePatience)
	defer cancel()
	if err := o.overseer.Await(ctx, func(context.Context) error { return ready() }); err != nil {
		o.Fatalf("await %s: %v", what, err)
	}
}

func (o *office) command(verb string, args ...string) *exec.Cmd {
	cmd := o.programs.Command(o.Context(), o.root, verb, args...)
	cmd.Env = append(cmd.Env, "TZ=UTC")
	return cmd
}

// run runs a verb that must succeed, and returns what it printed.
func (o *office) run(verb string, args ...string) string {
	o.Helper()
	output, status := o.try(verb, args...)
	if status != 0 {
		o.Fatalf("wcme %s %q: exit status %d\n%s", verb, args, status, output)
	}
	return output
}

// try runs a verb, and returns what it printed and its exit status.
func (o *office) try(verb string, args ...string) (output string, status int) {
	o.Helper()
	printed, err := o.command(verb, args...).CombinedOutput()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		return string(printed), failed.ExitCode()
	}
	if err != nil {
		o.Fatal(err)
	}
	return string(printed), 0
}

// manage writes the records of certificates by hand, each of one name.
func (o *office) manage(names ...string) {
	o.Helper()
	for _, name := range names {
		path := filepath.Join(o.root, "etc", "certificates", string(acmecore.Name(name).ID())+".toml")
		o.write(path, fmt.Sprintf("names = [%q]\n", name))
	}
}

// listed are the certificates as the overseer has them, which `wcme list` shows.
func (o *office) listed() []acmecore.Certificate {
	o.Helper()
	all, err := control.NewClient(lab.Socket(o.root)).List(o.Context())
	if err != nil {
		o.Fatal(err)
	}
	return all
}

// first is the first of them.
func (o *office) first() acmecore.Certificate {
	o.Helper()
	all := o.listed()
	if len(all) == 0 {
		o.Fatal("nothing is listed")
	}
	return all[0]
}

// tried returns when nothing that is due, or that is to be tried again, is left. What
// became due just after the overseer had looked would wait for half a minute.
func (o *office) tried() {
	o.Helper()
	looked := time.Now()
	o.await("that all is tried", func() error {
		for _, c := range o.listed() {
			lacks := c.Service == acmecore.ServiceMissing || c.Service == acmecore.ServiceUnloaded || c.Service == acmecore.ServiceUnseen
			due := !c.Renewal.At.After(o.clock.Now()) || c.Trouble != "" || lacks
			if !due || c.Next.After(o.clock.Now()) {
				if !o.recorded(c) {
					return fmt.Errorf("the run that treats %s has not ended", c.ID)
				}
				continue
			}
			if time.Since(looked) > 500*time.Millisecond {
				looked = time.Now()
				o.nudge()
			}
			return fmt.Errorf("%s is due: %+v", c.ID, c)
		}
		return nil
	})
}

// recorded tells whether the run of the last failure of a certificate has ended.
func (o *office) recorded(c acmecore.Certificate) bool {
	o.Helper()
	if c.Trouble == "" {
		return true
	}
	standing := o.standing(c.ID)
	failures := standing.Failures
	if len(failures) == 0 {
		failures = standing.Unserved
	}
	return len(failures) == 0 || slices.ContainsFunc(o.runs(), func(run acmecore.Run) bool {
		at := failures[len(failures)-1].At
		return !run.Began.After(at) && !run.Ended.Before(at) && slices.ContainsFunc(run.Certificates, func(treated acmecore.Treated) bool {
			return treated.ID == c.ID && (treated.Outcome == acmecore.Failed || treated.Outcome == acmecore.NotServed)
		})
	})
}

// live lets time pass, four hours at a time, and to each moment at which something is
// to be tried again.
func (o *office) live(d time.Duration) {
	o.Helper()
	o.tried()
	for end := o.clock.Now().Add(d); o.clock.Now().Before(end); {
		next := o.clock.Now().Add(4 * time.Hour)
		for _, c := range o.listed() {
			if c.Next.After(o.clock.Now()) && c.Next.Before(next) {
				next = c.Next
			}
		}
		o.clock.Set(next.Add(time.Second)) // others follow within it
		o.nudge()
		o.tried()
	}
}

// runs are the records of all runs, the oldest first.
func (o *office) runs() (runs []acmecore.Run) {
	o.Helper()
	paths, err := filepath.Glob(filepath.Join(o.root, "log", "runs", "*.json"))
	if err != nil {
		o.Fatal(err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		var run acmecore.Run
		if err := json.Unmarshal([]byte(o.read(path)), &run); err != nil {
			o.Fatalf("%s: %v", path, err)
		}
		runs = append(runs, run)
	}
	return runs
}

// orders is how many orders the CA was asked for.
func (a *authority) orders() int { return a.between.Count(lab.ClassNewOrder) }

func (o *office) write(path, text string) {
	o.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
}

func (o *office) read(path string) string {
	o.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		o.Fatal(err)
	}
	return string(text)
}

// lines are those of a file that there may not be.
func (o *office) lines(path string) []string {
	o.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		o.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[:strings.Count(string(text), "\n")]
}
