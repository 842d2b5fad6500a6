package dns_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

const day = 24 * time.Hour

// soon is how far ahead the daily pass is. BIND goes by the machine's clock, and takes no
// update that was signed more than five minutes before or after.
const soon = 4 * time.Minute

// TestRightsOverseerRenewsByBIND: a certificate that was obtained two months ago is
// renewed by the daily pass, by a record in the zone. Only root may listen on port 53.
func TestRightsOverseerRenewsByBIND(t *testing.T) {
	t.Setenv("TZ", "UTC") // of the daily pass
	clock, then := lab.NewClock(t), lab.NewClock(t)
	clock.ShortenWaits(50 * time.Millisecond)
	s := &site{bind: newBIND(t), programs: lab.MustBuildOnClock(t, clock)}
	s.state = filepath.Join(s.dir, "state")
	authority := s.programs
	authority.Clock = then // which is set back: what it issues is old
	s.pebble = lab.MustPebble(t, authority, lab.PebbleOptions{Dir: s.dir, Resolver: s.secondary, Profiles: map[string]time.Duration{"ninety": 90 * day}})
	between := lab.MustBetween(t, s.pebble)
	between.Answer(lab.ClassRenewalInfo, lab.Reply(404, nil, ""))
	s.pebble.Directory = between.Directory
	s.wcme(0, "setup", "--web-user", "")
	at := time.Now().UTC().Add(soon)
	s.configure(fmt.Sprintf("[renew]\nat = %q\njitter = \"0s\"\n", at.Format("15:04")))
	s.keyFile(s.exampleKey())
	s.wcme(0, "register")
	before := s.zone("example.org")

	then.Advance(-59*day - 12*time.Hour)
	s.wcme(0, "certify", "*.example.org,example.org")
	then.Advance(59*day + 12*time.Hour)
	overseer := lab.MustOverseer(t, s.programs, s.state)
	first := s.listed()
	if planned := first.Renewal; planned.Reason != acmecore.BecauseThird || !planned.At.Equal(at.Truncate(time.Minute)) {
		t.Fatalf("planned: got %+v, want a third, at %v", planned, at.Truncate(time.Minute))
	}
	const nothingDue = 3
	s.wcme(nothingDue, "manage")
	clock.Set(at.Truncate(time.Minute))
	limited, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := overseer.Await(limited, func(context.Context) error { return s.renewedBySchedule() }); err != nil {
		t.Fatal(err)
	}
	if now := s.listed(); now.Serial == first.Serial || now.State(clock.Now()) != acmecore.Valid {
		t.Errorf("listed: got %+v, want another one than %s", now, first.Serial)
	}
	if got := s.listed().Methods; got["*.example.org"] != acmecore.DNS01 || got["example.org"] != acmecore.DNS01 {
		t.Errorf("proved by %v", got)
	}
	if after := s.zone("example.org"); !slices.Equal(after, before) {
		t.Errorf("the zone was %q, and is %q", before, after)
	}
}

// listed is the certificate as `wcme list` has it.
func (s *site) listed() acmecore.Certificate {
	s.Helper()
	out, _ := s.wcme(0, "list", "--json")
	var list []acmecore.Certificate
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 {
		s.Fatalf("list: %v\n%s", err, out)
	}
	return list[0]
}

// renewedBySchedule is nil when there is a record of a run that nobody has asked for, and
// that has renewed a certificate.
func (s *site) renewedBySchedule() error {
	s.Helper()
	names, err := filepath.Glob(filepath.Join(s.state, "log", "runs", "*.json"))
	if err != nil {
		return err
	}
	for _, name := range names {
		var run acmecore.Run
		if err := json.Unmarshal([]byte(read(s.T, name)), &run); err != nil {
			return err
		}
		if run.Trigger == "schedule" && run.By == "" && run.Count(acmecore.Renewed) == 1 {
			return nil
		}
	}
	return fmt.Errorf("there is no such run among %q", names)
}
