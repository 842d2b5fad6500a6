package lab_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wcme/deploy/lab"
)

const day = 24 * time.Hour

// managed is a wCME with an account at a CA that believes everybody.
type managed struct {
	*testing.T
	programs lab.Programs
	root     string
}

// manage sets it up, with the ACME directory.
func manage(t *testing.T, programs lab.Programs, directory, roots string) *managed {
	t.Helper()
	m := &managed{T: t, programs: programs, root: filepath.Join(lab.TempDir(t), "state")}
	m.run("setup", "--web-user", "")
	text := fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n", directory, roots)
	if err := os.WriteFile(filepath.Join(m.root, "etc", "wcme.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

// try runs a verb, and returns what it printed on its standard output.
func (m *managed) try(args ...string) ([]byte, error) {
	return m.programs.Command(context.Background(), m.root, args[0], args[1:]...).Output()
}

func (m *managed) run(args ...string) []byte {
	m.Helper()
	output, err := m.programs.Command(m.Context(), m.root, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		m.Fatalf("wcme %q: %v\n%s", args, err, output)
	}
	return output
}

// listed returns the days left of the one certificate, as `wcme list` says them.
func (m *managed) listed() int {
	m.Helper()
	var rows []struct {
		DaysLeft *int `json:"days_left"`
	}
	output, err := m.try("list", "--json")
	if err == nil {
		err = json.Unmarshal(output, &rows)
	}
	if err != nil || len(rows) != 1 || rows[0].DaysLeft == nil {
		m.Fatalf("list: got %s, %v", output, err)
	}
	return *rows[0].DaysLeft
}

// leaf reads the certificate that is current.
func (m *managed) leaf(id string) *x509.Certificate {
	m.Helper()
	block, _ := pem.Decode(read(m.T, filepath.Join(m.root, "priv", "certificates", id, "current", "fullchain.pem")))
	if block == nil {
		m.Fatal("the chain is no PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		m.Fatal(err)
	}
	return leaf
}

// TestClockIsThatOfWcmeAndPebble has certificates of the lifetimes that there are.
func TestClockIsThatOfWcmeAndPebble(t *testing.T) {
	t.Parallel()
	clock := lab.NewClock(t)
	programs := lab.MustBuildOnClock(t, clock)
	pebble := lab.MustPebble(t, programs, lab.PebbleOptions{
		Dir: lab.TempDir(t), HTTPPort: 80, AlwaysValid: true, AuthzReuse: 100,
		Profiles: map[string]time.Duration{"classic": 90 * day, "shorter": 45 * day, "shortlived": 6 * day},
	})
	m := manage(t, programs, pebble.Directory, pebble.Roots)
	m.run("register")
	for _, row := range []struct {
		profile          string
		days, jump, left int // the jump is an hour shorter
	}{
		{"classic", 90, 61, 29},
		{"shorter", 45, 40, 5},
		{"shortlived", 6, 4, 2},
		{"classic", 90, -40, 130},
		{"classic", 90, 3650, -3560},
		{"shortlived", 6, 1, 5},
	} {
		began := clock.Now()
		m.run("certify", "www.example.test", "--profile", row.profile, "--force")
		leaf := m.leaf("www_example_test")
		if early := began.Sub(leaf.NotBefore); early > 2*time.Second || leaf.NotBefore.After(clock.Now()) {
			t.Errorf("%s: not before: got %v, want about %v", row.profile, leaf.NotBefore, began)
		}
		if got := leaf.NotAfter.Sub(leaf.NotBefore).Round(time.Hour); got != time.Duration(row.days)*day {
			t.Errorf("%s: lifetime: got %v, want %d days", row.profile, got, row.days)
		}
		clock.Advance(time.Duration(row.jump)*day - time.Hour)
		if got := m.listed(); got != row.left {
			t.Errorf("%s, %d days later: days left: got %d, want %d", row.profile, row.jump, got, row.left)
		}
	}
}

func TestClockIsSetByItsTest(t *testing.T) {
	clock := lab.NewClock(t)
	if d := time.Since(clock.Now()); d < 0 || d > time.Minute {
		t.Errorf("a new clock: it is %v behind the machine's", d)
	}
	clock.Advance(61 * day)
	clock.Advance(-day)
	if d := time.Until(clock.Now()).Round(time.Hour); d != 60*day {
		t.Errorf("61 days on and one back: got %v", d)
	}
	at := time.Date(2038, 1, 19, 3, 14, 7, 0, time.UTC)
	clock.Set(at)
	if d := clock.Now().Sub(at); d < 0 || d > time.Minute {
		t.Errorf("set to %v: got %v", at, clock.Now())
	}
}
