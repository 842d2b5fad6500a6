package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// rigPatience bounds how long one thing may take.
const rigPatience = time.Minute

// rigNap is how long the overseer sleeps at a time, in place of ten minutes.
const rigNap = 50 * time.Millisecond

// rig is one wCME and its CA, which believes whoever asks, on a clock of their own.
type rig struct {
	*testing.T
	programs lab.Programs
	clock    *lab.Clock
	dir      string
	root     string // the state directory
	pebble   *lab.Pebble
	between  *lab.Between
	overseer *lab.Process
	sampler  *lab.Sampler
}

// newRig has a CA, and no state directory yet.
func newRig(t *testing.T) *rig {
	t.Helper()
	return rigFor(t, 90*day)
}

// rigFor has a CA whose certificates live so long.
func rigFor(t *testing.T, life time.Duration) *rig {
	t.Helper()
	clock := lab.NewClock(t)
	clock.ShortenWaits(rigNap)
	dir := lab.TempDir(t)
	r := &rig{T: t, clock: clock, programs: lab.MustBuildOnClock(t, clock), dir: dir, root: filepath.Join(dir, "state")}
	authority := filepath.Join(dir, "authority")
	if err := os.Mkdir(authority, 0o755); err != nil {
		t.Fatal(err)
	}
	r.pebble = lab.MustPebble(t, r.programs, lab.PebbleOptions{Dir: authority, AlwaysValid: true,
		Profiles: map[string]time.Duration{"only": life}})
	r.between = lab.MustBetween(t, r.pebble)
	return r
}

// setup makes the state directory and the account.
func (r *rig) setup(tables ...string) *rig {
	r.Helper()
	r.run("setup", "--web-user", "")
	r.configure(tables...)
	r.run("register")
	return r
}

// configure writes the configuration, with the tables at its end.
func (r *rig) configure(tables ...string) {
	r.Helper()
	text := fmt.Sprintf(`ca = "lab"
accept_terms = true
[authority.lab]
directory = %q
roots = %q
[renew]
jitter = "0s"
[report]
opcom = ["none"]
`, r.between.Directory, r.between.Roots)
	r.write("etc/wcme.toml", text+strings.Join(tables, "\n"))
}

// rigTarget is the table of a target.
func rigTarget(name, dir string) string {
	return fmt.Sprintf("[[install]]\nname = %q\ndir = %q\n", name, dir)
}

// mkdir makes a directory beside the state directory.
func (r *rig) mkdir(name string) string {
	r.Helper()
	dir := filepath.Join(r.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		r.Fatal(err)
	}
	return dir
}

// path is that of a file in the state directory.
func (r *rig) path(name string) string { return filepath.Join(r.root, name) }

func (r *rig) write(name, text string) {
	r.Helper()
	if err := os.WriteFile(r.path(name), []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
}

// manages has the certificate managed, as an administrator who writes its record, with
// an editor that puts it in place when it is whole.
func (r *rig) manages(names ...string) {
	r.Helper()
	const record = "etc/certificates/" + id + ".toml"
	r.write(record+".new", fmt.Sprintf("names = [\"%s\"]\n", strings.Join(names, `", "`)))
	if err := os.Rename(r.path(record+".new"), r.path(record)); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) read(name string) string {
	r.Helper()
	text, err := os.ReadFile(r.path(name))
	if err != nil {
		r.Fatal(err)
	}
	return string(text)
}

// product is the file in ssl.
func (r *rig) product() string { return r.path("ssl/" + chain) }

// watch begins to look whether the certificate and its key belong together, in ssl
// and in targets (I1).
func (r *rig) watch(targets ...string) {
	pairs := []lab.Pair{{Certificate: r.product()}}
	for _, dir := range targets {
		pairs = append(pairs, lab.Pair{Certificate: filepath.Join(dir, chain)})
	}
	r.sampler = lab.StartSampler(r, pairs...)
}

func (r *rig) command(verb string, args ...string) *exec.Cmd {
	return r.programs.Command(r.Context(), r.root, verb, args...)
}

// try runs a verb, and returns what it printed and its exit status.
func (r *rig) try(verb string, args ...string) (output string, status int) {
	r.Helper()
	return r.outcome(r.command(verb, args...))
}

// outcome runs a command that has to end in time.
func (r *rig) outcome(cmd *exec.Cmd) (output string, status int) {
	r.Helper()
	timer := time.AfterFunc(rigPatience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	printed, err := cmd.CombinedOutput()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		return string(printed), failed.ExitCode()
	}
	if err != nil {
		r.Fatalf("%s: %v", cmd, err)
	}
	return string(printed), 0
}

// run runs a verb that must succeed.
func (r *rig) run(verb string, args ...string) string {
	r.Helper()
	output, status := r.try(verb, args...)
	if status != 0 {
		r.Fatalf("wcme %s %q: exit status %d\n%s", verb, args, status, output)
	}
	return output
}

// refused runs a verb that must fail, and say all the words.
func (r *rig) refused(cmd *exec.Cmd, words ...string) {
	r.Helper()
	output, status := r.outcome(cmd)
	if status != 1 && status != 2 {
		r.Errorf("%s: exit status %d, want 1 or 2\n%s", cmd, status, output)
	}
	r.says(output, words...)
}

func (r *rig) says(output string, words ...string) {
	r.Helper()
	for _, word := range words {
		if !strings.Contains(output, word) {
			r.Errorf("no %q in:\n%s", word, output)
		}
	}
}

// start starts the overseer, by way of other programs where they are given.
func (r *rig) start(by ...string) {
	r.Helper()
	cmd := r.command("overseer")
	if len(by) > 0 {
		path, err := exec.LookPath(by[0])
		if err != nil {
			r.Fatal(err)
		}
		cmd.Path, cmd.Args = path, append(by, cmd.Args...)
	}
	overseer, err := lab.Start(r.root+".log", cmd)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if err := overseer.Stop(); err != nil {
			r.Error(err)
		}
		if r.Failed() {
			r.Logf("the overseer's log:\n%s", overseer.Log())
		}
	})
	r.overseer = overseer
	r.await("the socket", func() error {
		conn, err := net.Dial("unix", lab.Socket(r.root))
		if err == nil {
			err = conn.Close()
		}
		return err
	})
}

// stop ends the overseer, as it should end.
func (r *rig) stop() {
	r.Helper()
	if err := r.overseer.Stop(); err != nil {
		r.Error(err)
	}
}

// signal sends the overseer one.
func (r *rig) signal(signal syscall.Signal) {
	r.Helper()
	if err := syscall.Kill(r.overseer.PID(), signal); err != nil {
		r.Fatal(err)
	}
}

// await returns when ready has no error, while the overseer runs.
func (r *rig) await(what string, ready func() error) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), rigPatience)
	defer cancel()
	if err := r.overseer.Await(ctx, func(context.Context) error { return ready() }); err != nil {
		r.Fatalf("await %s: %v", what, err)
	}
}

// awaitLog returns when the overseer has said the words so often.
func (r *rig) awaitLog(times int, words string) {
	r.Helper()
	r.await(words, func() error {
		if got := strings.Count(r.overseer.Log(), words); got < times {
			return fmt.Errorf("it said %q %d times, not %d", words, got, times)
		}
		return nil
	})
}

// awaitNew returns when the product, and the files in the targets, are another
// certificate than before.
func (r *rig) awaitNew(before string, targets ...string) (serial string) {
	r.Helper()
	r.await("another certificate", func() error {
		if serial = rigSerial(r.product()); serial == "" || serial == before {
			return fmt.Errorf("%s has still %q", r.product(), serial)
		}
		for _, dir := range targets {
			if got := rigSerial(filepath.Join(dir, chain)); got != serial {
				return fmt.Errorf("%s has %q, not %q", dir, got, serial)
			}
		}
		return nil
	})
	return serial
}

// rigSerial is that of the first certificate in a file; "" for none.
func rigSerial(path string) string {
	if certificate := leaf(path); certificate != nil {
		return certificate.SerialNumber.Text(16)
	}
	return ""
}

// nudge has the overseer look at everything, and returns when it has begun to.
func (r *rig) nudge() {
	r.Helper()
	const done = "configuration read again"
	times := strings.Count(r.overseer.Log(), done)
	r.signal(syscall.SIGHUP)
	r.awaitLog(times+1, done)
}

// later has time pass, and the overseer notice: it sleeps for as long as it says when
// that is less than three minutes, whatever the clock does.
func (r *rig) later(d time.Duration) {
	r.Helper()
	r.clock.Advance(d)
	r.signal(syscall.SIGHUP)
}

// slowly returns what has so much time pass, once in a second of the machine's: an order
// that is under way expires within an hour.
func (r *rig) slowly(d time.Duration) (pass func()) {
	var passed time.Time
	return func() {
		if time.Since(passed) >= time.Second {
			passed = time.Now()
			r.later(d)
		}
	}
}

// nothingDue is the exit status of `wcme manage` that found nothing to do.
const nothingDue = 3

// rest returns when a pass over everything, made now, has found nothing to do. It
// waits for what is being done.
func (r *rig) rest() {
	r.Helper()
	for over := time.Now().Add(rigPatience); ; time.Sleep(pause) {
		output, status := r.try("manage")
		if status == nothingDue {
			return
		}
		if !strings.Contains(output, beside) || time.Now().After(over) {
			r.Errorf("manage: exit status %d, want %d: nothing is due\n%s", status, nothingDue, output)
			return
		}
	}
}

// beside is what a pass says of a certificate that another run has.
const beside = "another run works on it"

func (r *rig) orders() int { return r.between.Count(lab.ClassNewOrder) }

// wantOrders is about how many were made since there were so many.
func (r *rig) wantOrders(since, want int) {
	r.Helper()
	if got := r.orders() - since; got != want {
		r.Errorf("I3: got %d orders, want %d", got, want)
	}
}

// listed is the certificate as `wcme list` has it.
func (r *rig) listed() acmecore.Certificate {
	r.Helper()
	output, err := r.command("list", "--json").Output()
	var all []acmecore.Certificate
	if err = errors.Join(err, json.Unmarshal(output, &all)); err != nil {
		r.Fatal(err)
	}
	for _, c := range all {
		if c.ID == id {
			return c
		}
	}
	r.Fatalf("%s is not listed: %s", id, output)
	return acmecore.Certificate{}
}

// check looks at what holds in any case: I1, I2 and I3.
func (r *rig) check() {
	r.Helper()
	if r.sampler != nil {
		for _, failure := range r.sampler.Seen().Failures {
			r.Errorf("I1: %s", failure)
		}
	}
	if got := strings.Count(r.pebble.Log(), " accounts in memory"); got != 1 {
		r.Errorf("I2: the CA has %d accounts", got)
	}
	kept := make(map[string]bool)
	versions, err := filepath.Glob(r.path("priv/certificates/*/0*/fullchain.pem"))
	if err != nil {
		r.Fatal(err)
	}
	for _, version := range versions {
		kept[rigSerial(version)] = true
	}
	const sure = 2 // of the versions that are kept, some may be the same certificate
	all := issued.FindAllStringSubmatch(r.pebble.Log(), -1)
	for _, match := range all[max(0, len(all)-sure):] {
		serial, _ := new(big.Int).SetString(match[1], 16)
		if !kept[serial.Text(16)] {
			r.Errorf("I3: the certificate %s is lost", match[1])
		}
	}
}

// checkTidy looks for what is needed on the way only (I4). What is being done may take
// a moment more.
func (r *rig) checkTidy() {
	r.Helper()
	var left []string
	for over := time.Now().Add(rigPatience); time.Now().Before(over); time.Sleep(pause) {
		if left = r.leftOver(); len(left) == 0 {
			return
		}
	}
	r.Errorf("I4: left over: %q", left)
}

func (r *rig) leftOver() (left []string) {
	r.Helper()
	for _, pattern := range []string{"www/[^.]*", "priv/orders/*", "priv/.*[0-9]", "ssl/.*", "priv/certificates/*/.*"} {
		found, err := filepath.Glob(r.path(pattern))
		if err != nil {
			r.Fatal(err)
		}
		left = append(left, found...)
	}
	return left
}

// rigSaid is an error unless the log has the words.
func rigSaid(log, words string) error {
	if !strings.Contains(log, words) {
		return fmt.Errorf("it did not say %q", words)
	}
	return nil
}
