package renewal_test

import (
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
	"wcme/deploy/lab"
)

const day = 24 * time.Hour

// patience bounds how long one thing here may take. A jump at a bad moment, when the
// overseer lies down for half a minute, costs that half minute and no more.
const patience = 2 * time.Minute

// nap is how long the overseer sleeps at a time, in place of ten minutes.
const nap = 50 * time.Millisecond

// TestMain has the daily pass at 00:20 of a time zone that the tests know.
func TestMain(m *testing.M) {
	if err := os.Setenv("TZ", "UTC"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// site is an office with one wCME.
type site struct {
	*testing.T
	programs lab.Programs
	clock    *lab.Clock
	dir      string // of everything
	root     string // the state directory
	mail     *lab.MailServer
	pebble   *lab.Pebble
	between  *lab.Between // before Pebble
	overseer *lab.Process
	taken    map[string]bool // the runs that awaitRun has returned, or passed over
	expected []string        // what the overseer may complain of
}

// found makes a site with a state directory and a mailbox, at noon of a day in
// March.
func found(t *testing.T) *site {
	t.Helper()
	clock := lab.NewClock(t)
	clock.Set(time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC))
	clock.ShortenWaits(nap)
	dir := lab.TempDir(t)
	s := &site{T: t, clock: clock, programs: lab.MustBuildOnClock(t, clock), dir: dir, root: filepath.Join(dir, "state"), taken: make(map[string]bool)}
	t.Cleanup(s.complaints) // after the end of the overseer
	s.mail = lab.MustMailServer(t, lab.MailServerOptions{})
	s.run("setup", "--web-user", "")
	return s
}

// trust gives it a certification authority.
func (s *site) trust(o lab.PebbleOptions) {
	s.Helper()
	o.Dir = s.mkdir("authority")
	s.pebble = lab.MustPebble(s, s.programs, o)
	s.between = lab.MustBetween(s, s.pebble)
}

// configure writes wcme.toml, with what differs from site to site at its end.
func (s *site) configure(tables ...string) {
	s.Helper()
	text := fmt.Sprintf(`ca = "lab"
contact = ["admin@example.test"]
accept_terms = true

[authority.lab]
directory = %q
roots = %q

[renew]
at = "00:20"
jitter = "0s"

[report]
mail = ["system@example.test"]
server = %q
tls = "none"
opcom = ["none"]

`, s.between.Directory, s.between.Roots, s.mail.Address) + strings.Join(tables, "\n")
	s.write(filepath.Join(s.root, "etc", "wcme.toml"), text, 0o600)
}

// start starts the overseer, with an account.
func (s *site) start() {
	s.Helper()
	s.overseer = lab.MustOverseer(s, s.programs, s.root)
	s.run("register")
}

// nudge makes the overseer look at everything now: it sleeps for as long as it says
// when that is less than three minutes, whatever the clock does.
func (s *site) nudge() {
	s.Helper()
	const done = "configuration read again"
	before := strings.Count(s.overseer.Log(), done)
	if err := syscall.Kill(s.overseer.PID(), syscall.SIGHUP); err != nil {
		s.Fatal(err)
	}
	s.await("the end of SIGHUP", func() error {
		if strings.Count(s.overseer.Log(), done) == before {
			return errors.New("it is not read yet")
		}
		return nil
	})
}

// rest returns when nothing is to be done for hours, so that what comes after a jump
// is the overseer's own doing: half a minute after a renewal it would ask the CA when
// it wants the new certificate renewed.
func (s *site) rest() {
	s.Helper()
	const nothingDue = 3
	s.await("that nobody works on a certificate", func() error {
		output, status := s.try("manage")
		if status == nothingDue {
			return nil
		}
		if !strings.Contains(output, "another run works on it") {
			s.Fatalf("manage: got exit status %d, want %d: %s", status, nothingDue, output)
		}
		return errors.New("somebody does")
	})
	s.await("that what there is to tell is told", func() error { // an end meanwhile would repeat it
		waiting, err := filepath.Glob(filepath.Join(s.root, "priv", "spool", "2*"))
		if len(waiting) > 0 {
			err = fmt.Errorf("%q waits", waiting)
		}
		return err
	})
	s.nudge()
	s.run("list") // while it lies down
}

// complaints looks in the overseer's log for what the test did not expect.
func (s *site) complaints() {
	for line := range strings.Lines(s.read(s.root + ".log")) {
		complains := strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN")
		isExpected := slices.ContainsFunc(s.expected, func(text string) bool { return strings.Contains(line, text) })
		if complains && !isExpected {
			s.Errorf("the overseer's log has: %s", line)
		}
	}
}

// run runs a verb that must succeed, and returns what it printed.
func (s *site) run(verb string, args ...string) string {
	s.Helper()
	output, status := s.try(verb, args...)
	if status != 0 {
		s.Fatalf("wcme %s %q: exit status %d\n%s", verb, args, status, output)
	}
	return output
}

// try runs a verb, and returns what it printed and its exit status.
func (s *site) try(verb string, args ...string) (output string, status int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	printed, err := s.programs.Command(ctx, s.root, verb, args...).CombinedOutput()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		return string(printed), failed.ExitCode()
	}
	if err != nil {
		s.Fatal(err)
	}
	return string(printed), 0
}

// listed is the certificate as `wcme list` has it.
func (s *site) listed(id acmecore.ID) acmecore.Certificate {
	s.Helper()
	var all []acmecore.Certificate
	if err := json.Unmarshal([]byte(s.run("list", "--json")), &all); err != nil {
		s.Fatal(err)
	}
	for _, c := range all {
		if c.ID == id {
			return c
		}
	}
	s.Fatalf("%s is not listed", id)
	return acmecore.Certificate{}
}

// awaitRun returns the first run of the overseer's own that has ended since the one
// before and that is the one that is meant.
func (s *site) awaitRun(what string, meant func(acmecore.Run) bool) (run acmecore.Run) {
	s.Helper()
	s.await(what, func() error {
		names, err := filepath.Glob(filepath.Join(s.root, "log", "runs", "*.json"))
		if err != nil {
			return err
		}
		for _, name := range names {
			if s.taken[name] {
				continue
			}
			s.taken[name] = true
			if run, err = readRun(name); err != nil || run.Trigger == "schedule" && meant(run) {
				return err
			}
		}
		return errors.New("there is no such run")
	})
	return run
}

func readRun(name string) (run acmecore.Run, err error) {
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &run)
	}
	return run, err
}

// await returns when ready has no error, while the overseer runs.
func (s *site) await(what string, ready func() error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	if err := s.overseer.Await(ctx, func(context.Context) error { return ready() }); err != nil {
		s.Fatalf("await %s: %v", what, err)
	}
}

// treated is what a run did to a certificate; the zero value is nothing.
func treated(run acmecore.Run, id acmecore.ID) acmecore.Treated {
	for _, t := range run.Certificates {
		if t.ID == id {
			return t
		}
	}
	return acmecore.Treated{}
}

// became tells whether a run had an outcome for a certificate.
func became(id acmecore.ID, outcome acmecore.Outcome) func(acmecore.Run) bool {
	return func(run acmecore.Run) bool { return treated(run, id).Outcome == outcome }
}

// stages are the names of the stages of a certificate's way, in order, with a "!"
// behind those that failed.
func stages(t acmecore.Treated) string {
	var names []string
	for _, stage := range t.Stages {
		name := stage.Stage
		if stage.Problem != "" {
			name += "!"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// orders is how many orders the CA was asked for.
func (s *site) orders() int { return s.between.Count(lab.ClassNewOrder) }

func (s *site) write(path, text string, mode os.FileMode) {
	s.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		s.Fatal(err)
	}
}

func (s *site) read(path string) string {
	s.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

// mkdir makes a directory of the site.
func (s *site) mkdir(name string) string {
	s.Helper()
	dir := filepath.Join(s.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.Fatal(err)
	}
	return dir
}

// quoted writes a list as TOML has it.
func quoted(words []string) string {
	quotes := slices.Clone(words)
	for i, word := range quotes {
		quotes[i] = fmt.Sprintf("%q", word)
	}
	return "[" + strings.Join(quotes, ", ") + "]"
}
