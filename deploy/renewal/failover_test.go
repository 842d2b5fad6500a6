package renewal_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// place is a name that is an address: it has no CAA records, so that no name server of
// the host that the tests run on has a say.
var place = host{"192.0.2.1"}

// twoCAs is a site whose certificates come from "lab", or else from "other".
type twoCAs struct {
	*site
	other *lab.Between
}

func withTwoCAs(t *testing.T) *twoCAs {
	t.Helper()
	s := &twoCAs{site: found(t)}
	options := lab.PebbleOptions{AlwaysValid: true, Profiles: map[string]time.Duration{"ninety": 90 * day}}
	s.trust(options)
	s.silentOnWindows()
	options.Dir = s.mkdir("other")
	pebble := lab.MustPebble(t, s.programs, options)
	s.other = lab.MustBetween(t, pebble)
	s.configure("[verify]\nports = []\n", fmt.Sprintf("[authority.other]\ndirectory = %q\nroots = %q\n", s.other.Directory, s.other.Roots))
	path := filepath.Join(s.root, "etc", "wcme.toml")
	s.write(path, strings.Replace(s.read(path), `ca = "lab"`, `ca = ["lab", "other"]`, 1), 0o600)
	s.start()
	s.expected = append(s.expected, "certificate not obtained")
	return s
}

// fails has the first CA refuse connections from the moment of the renewal on, and
// returns when so many attempts have failed.
func (s *twoCAs) fails(attempts int) {
	s.Helper()
	s.rest()
	s.between.SetOutage(true)
	s.clock.Set(s.listed(place.ID()).Renewal.At)
	for i := range attempts {
		if i > 0 {
			s.passes()
		}
		run := s.awaitRun("a failure", became(place.ID(), acmecore.Failed))
		if got := treated(run, place.ID()); !strings.Contains(got.Problem, "lab") && !strings.Contains(got.Problem, s.between.Directory) {
			s.Errorf("attempt %d: got %+v, want one at the first CA", i+1, got)
		}
	}
}

// passes has the time of the next attempt come.
func (s *twoCAs) passes() {
	s.Helper()
	s.clock.Set(s.listed(place.ID()).Next.Add(time.Second))
	s.nudge()
}

// TestOtherCATakesTheTurn: after four attempts at the first one, for that one renewal.
func TestOtherCATakesTheTurn(t *testing.T) {
	t.Parallel()
	s := withTwoCAs(t)
	s.run("register", "--ca", "other")
	s.run("certify", place.Name)
	if c := s.listed(place.ID()); c.CA != "lab" || c.IssuedBy != "" {
		t.Fatalf("the first one: got %+v", c)
	}
	s.fails(4) // the other one is asked at once
	run := s.awaitRun("the renewal", became(place.ID(), acmecore.Renewed))
	c := s.listed(place.ID())
	if c.CA != "lab" || c.IssuedBy != "other" || c.Serial != treated(run, place.ID()).Serial || c.Trouble != "" || s.other.Count(lab.ClassNewOrder) != 1 {
		t.Errorf("got %d orders at the other CA, and %+v; want one, and that it is said", s.other.Count(lab.ClassNewOrder), c)
	}

	if output := s.run("list"); !strings.Contains(output, "it was issued by other, in the place of lab") {
		t.Errorf("list: got\n%s", output)
	}

	s.between.SetOutage(false)
	s.rest()
	orders := s.orders()
	s.clock.Set(s.listed(place.ID()).Renewal.At)
	s.awaitRun("the next renewal", became(place.ID(), acmecore.Renewed))
	if c := s.listed(place.ID()); c.IssuedBy != "" || s.orders()-orders != 1 || s.other.Count(lab.ClassNewOrder) != 1 {
		t.Errorf("got %d orders at the first CA, %d at the other one in all, and %+v; want one each, and nothing of the other one", s.orders()-orders, s.other.Count(lab.ClassNewOrder), c)
	}
}

// TestOtherCAWithoutAccountIsNotAsked, however often the first one fails.
func TestOtherCAWithoutAccountIsNotAsked(t *testing.T) {
	t.Parallel()
	s := withTwoCAs(t)
	s.run("certify", place.Name)
	s.fails(6)
	if got := s.other.Count(lab.ClassNewOrder) + s.other.Count(lab.ClassNewAccount); got != 0 {
		t.Errorf("orders and accounts at the other CA: got %d, want none", got)
	}
	if output := s.run("list"); !strings.Contains(output, "other is not asked in the place of lab: there is no account at it") {
		t.Errorf("list: got\n%s", output)
	}
	s.between.SetOutage(false)
	s.passes()
	s.awaitRun("the renewal", became(place.ID(), acmecore.Renewed))
	if c := s.listed(place.ID()); c.IssuedBy != "" {
		t.Errorf("got %+v, want that the first one has issued it", c)
	}
}
