package dns_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// site is a host that proves its names by BIND. The CA asks the secondary, which has a
// record a while after the primary.
type site struct {
	*bind
	programs lab.Programs
	pebble   *lab.Pebble
	state    string
}

func newSite(t *testing.T) *site {
	t.Helper()
	b := newBIND(t)
	s := &site{bind: b, programs: lab.MustBuild(t), state: filepath.Join(b.dir, "state")}
	s.pebble = lab.MustPebble(t, s.programs, lab.PebbleOptions{Dir: b.dir, Resolver: b.secondary})
	s.wcme(0, "setup", "--web-user", "")
	s.configure("")
	s.keyFile(s.exampleKey())
	return s
}

// exampleKey is the statement of the key in the configuration of BIND.
func (s *site) exampleKey() string {
	s.Helper()
	return regexp.MustCompile(`(?s)key "wcme.*?\};\n`).FindString(read(s.T, "named.conf.local"))
}

// configure writes wcme.toml, with that of this directory in it, and more tables.
func (s *site) configure(more string) {
	s.Helper()
	example := strings.Replace(read(s.T, "wcme.toml"), `"192.0.2.53"`, fmt.Sprintf("%q\nresolvers = [%q]", s.updates, s.primary), 1)
	s.write("state/etc/wcme.toml", fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n[verify]\nports = []\n[challenge]\nmethods = \"dns-01\"\n%s%s",
		s.pebble.Directory, s.pebble.Roots, example, more))
}

func (s *site) keyFile(text string) {
	s.Helper()
	s.write("state/etc/tsig.key", text)
}

// wcme runs a verb, which must end with the status, and returns what it said.
func (s *site) wcme(status int, verb string, args ...string) (out, err string) {
	s.Helper()
	cmd := s.programs.Command(s.Context(), s.state, verb, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	ended := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
		s.Fatalf("wcme %s %q: %v, want the status %d\n%s%s", verb, args, ended, status, &stdout, &stderr)
	}
	if said := stdout.String() + stderr.String(); strings.Contains(said, s.key) {
		s.Errorf("wcme %s shows the key:\n%s", verb, said)
	}
	return stdout.String(), stderr.String()
}

// orders counts the orders that the CA was asked for.
func (s *site) orders() int { return strings.Count(s.pebble.Log(), "/order-plz") }

func (s *site) want(text string, patterns ...string) {
	s.Helper()
	for _, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(text) {
			s.Errorf("lacks %q:\n%s", pattern, text)
		}
	}
}

// TestRightsWildcardByBIND: only root may listen on port 53.
func TestRightsWildcardByBIND(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.zone("example.org")

	out, _ := s.wcme(0, "check", "dns", "*.example.org", "--quiet")
	s.want(out, `(?m)^example\.org: seen by all name servers after \d+ ms$`, `(?m)^  written by: dns home$`,
		`(?m)^  record:     _acme-challenge\.example\.org, in the zone example\.org$`, `(?m)^  ns1\.example\.org: seen$`, `(?m)^  ns2\.example\.org: seen$`)

	s.killedAtWork()
	s.wcme(0, "register")
	if after := s.zone("example.org"); !slices.Equal(after, before) {
		t.Errorf("after a kill the zone was %q, and is %q", before, after)
	}
	_, steps := s.wcme(0, "certify", "*.example.org,example.org")
	s.want(steps, `challenge +home +_acme-challenge\.example\.org: added`, `_acme-challenge\.example\.org: seen by 2 of 2 name servers`,
		`challenge +\*\.example\.org +published by dns-01`, `authorization +example\.org +valid`)
	if strings.Contains(steps, "not withdrawn") {
		t.Errorf("a record was left:\n%s", steps)
	}
	out, _ = s.wcme(0, "list", "--json")
	s.want(out, `"\*\.example\.org"`, `"state": "valid"`)

	lab.MustOverseer(t, s.programs, s.state)
	_, steps = s.wcme(0, "manage", "--force", "*.example.org") // while the overseer asks the CA of its own accord
	s.want(steps, `seen by 2 of 2 name servers`, `kept as version 000002`)

	_, steps = s.wcme(0, "certify", "away.example.org")
	s.want(steps, `home +away\.acme\.example\.net: added`, `away\.acme\.example\.net: seen by 2 of 2`)

	if after := s.zone("example.org"); !slices.Equal(after, before) {
		t.Errorf("the zone was %q, and is %q", before, after)
	}
	if left := s.values("away.acme.example.net"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if log, err := os.ReadFile(s.state + ".log"); err != nil || bytes.Contains(log, []byte(s.key)) {
		t.Errorf("the overseer's log: %v, or it has the key", err)
	}
}

// killedAtWork kills a verb while it waits for the secondary, which stands still.
func (s *site) killedAtWork() {
	s.Helper()
	if err := syscall.Kill(s.slow.PID(), syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	defer syscall.Kill(s.slow.PID(), syscall.SIGCONT)
	cmd := s.programs.Command(s.Context(), s.state, "check", "dns", "www.example.org")
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	for began := time.Now(); len(s.values("_acme-challenge.www.example.org")) == 0 && time.Since(began) < time.Minute; {
		time.Sleep(5 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		s.Fatal("it ended by itself")
	}
	if len(s.values("_acme-challenge.www.example.org")) != 1 {
		s.Error("nothing was left to remove")
	}
}

// TestRightsBadSettingsAreRefusedBeforeTheCAIsAsked …
func TestRightsBadSettingsAreRefusedBeforeTheCAIsAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.wcme(0, "register")
	out, _ := s.wcme(0, "config")
	s.want(out, `tsig_key_file = 'etc/tsig.key'`)

	right := read(t, filepath.Join(s.state, "etc/tsig.key"))
	refused := func(what, hint, name string) {
		t.Helper()
		_, said := s.wcme(2, "certify", name)
		s.want(said, "(?m)^error: .*"+what, "(?m)^hint: .*"+hint)
		if s.orders() > 0 {
			t.Fatalf("the CA was asked all the same:\n%s", said)
		}
		if _, err := os.Stat(filepath.Join(s.state, "etc/certificates", strings.NewReplacer("*", "wildcard", ".", "_").Replace(name)+".toml")); err == nil {
			t.Errorf("%s was recorded", name)
		}
	}
	s.keyFile(strings.Replace(right, s.key, "b3RoZXI=", 1))
	refused(`TSIG key "wcme\.example\.org": it has another secret.*\(BADSIG\)`, "tsig_name", "*.example.org")
	s.keyFile(strings.Replace(right, "wcme.example.org", "nobody", 1))
	refused(`it does not know the TSIG key \(BADKEY\)`, "tsig_name", "*.example.org")
	s.keyFile("key {")
	refused("TSIG key", "tsig-keygen", "*.example.org")
	s.keyFile(right)
	refused(`it does not let anybody change TXT records of _acme-challenge\.mail\.example\.org`, "grant wcme", "*.mail.example.org")
	if err := os.Chmod(filepath.Join(s.state, "etc/tsig.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("every user of this host can read it", "chmod", "*.example.org")
	if err := os.Remove(filepath.Join(s.state, "etc/tsig.key")); err != nil {
		t.Fatal(err)
	}
	refused("no such file", "credential", "*.example.org")
	refused("nothing is set up that answers dns-01", `\[\[dns\]\]`, "*.example.net")

	s.configure(fmt.Sprintf("[[dns]]\nname = \"other\"\nfor = [\"undelegated.test\"]\nserver = %q\nresolvers = [%q]\n", s.secondary, s.primary))
	refused("undelegated.test, which is not delegated", "delegate", "*.undelegated.test")
}

// TestRightsWildcardOfAnotherCA has step-ca look at the secondary, too.
func TestRightsWildcardOfAnotherCA(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.zone("example.org")
	ca := lab.MustStepCA(t, s.programs, lab.StepCAOptions{Dir: s.dir, Resolver: s.secondary})
	s.configure(fmt.Sprintf("[authority.other]\ndirectory = %q\nroots = %q\n", ca.Directory, ca.Root))
	s.wcme(0, "register", "--ca", "other")
	_, steps := s.wcme(0, "certify", "*.example.org,example.org", "--ca", "other")
	s.want(steps, `_acme-challenge\.example\.org: seen by 2 of 2 name servers`, `authorization +\*\.example\.org +valid`, `kept as version 000001`)
	if after := s.zone("example.org"); !slices.Equal(after, before) {
		t.Errorf("the zone was %q, and is %q", before, after)
	}
}
