package manager_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/acmecore/renew"
	"wcme/deploy/lab"
)

// unasked is a setting with Let's Encrypt as its CA, to which no way leads: whoever tries
// is counted.
func unasked(t *testing.T, configuration string) (*setting, *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	asked := new(atomic.Int32)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			conn.Close()
		}
	}()
	return newSetting(t, fmt.Sprintf("proxy = \"http://%s\"\n%s", listener.Addr(), configuration)), asked
}

// TestFullLimitIsNotTried: five certificates for the same names are all that Let's Encrypt
// allows, and a sixth one is asked of nobody: by no pass and by no person.
func TestFullLimitIsNotTried(t *testing.T) {
	t.Parallel()
	s, asked := unasked(t, "")
	s.record(recordOfOne)
	for range 5 {
		s.keep(s.key(), 1, "www.example.test")
	}
	s.publish()
	m := s.manager()
	force := request("www.example.test")
	force.Force = true
	_, err := m.Certify(t.Context(), force, nil)
	postponed := new(renew.PostponedError)
	if acmecore.KindOf(err) != acmecore.Limited || !errors.As(err, &postponed) || !strings.Contains(err.Error(), "Let's Encrypt allows 5 certificates for exactly these names in 7 days") {
		t.Fatalf("somebody asks: %v", err)
	}
	if wait := time.Until(postponed.Until); wait < time.Hour || wait > 34*time.Hour {
		t.Errorf("there is room again in %v", wait)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil)
	if err != nil || len(run.Certificates) != 1 || run.Certificates[0].Outcome != acmecore.Postponed || !strings.Contains(run.Certificates[0].Problem, "there is room again at") {
		t.Errorf("a pass: %+v, %v", run, err)
	}
	if standing, err := s.root.Standing(id); err != nil || len(standing.Failures) > 0 {
		t.Errorf("it is remembered as a failure: %+v, %v", standing.Failures, err)
	}
	if asked.Load() > 0 {
		t.Errorf("the CA was asked %d times", asked.Load())
	}
	list, err := m.List(t.Context())
	if err != nil || len(list) != 1 || len(list[0].Limits) == 0 {
		t.Fatalf("the list: %+v, %v", list, err)
	}
	for _, limit := range list[0].Limits {
		if limit.Kind == acmecore.LimitSameNames && (limit.Count != 5 || limit.Of != 5 || limit.Until.IsZero()) {
			t.Errorf("the limit is %+v", limit)
		}
	}
	if list[0].Trouble != "" {
		t.Errorf("nothing is due, and its trouble is %q", list[0].Trouble)
	}
}

// TestFullLimitOfWhatIsDue shows in the list as its trouble, and when it ends.
func TestFullLimitOfWhatIsDue(t *testing.T) {
	t.Parallel()
	s, asked := unasked(t, "")
	s.record("names = [\"www.example.test\", \"new.example.test\"]\n")
	var refused []acmecore.Failure
	for range 5 {
		refused = append(refused, acmecore.Failure{At: time.Now().Add(-time.Minute).UTC(), Kind: acmecore.Unreachable, Cause: "no", Refused: []acmecore.Name{"new.example.test"}})
	}
	if err := s.root.PutStanding(id, acmecore.Standing{Failures: refused}); err != nil {
		t.Fatal(err)
	}
	m := s.manager()
	run, err := m.Manage(t.Context(), control.ManageRequest{Now: true}, nil)
	if err != nil || len(run.Certificates) != 1 || run.Certificates[0].Outcome != acmecore.Postponed {
		t.Fatalf("a pass: %+v, %v", run, err)
	}
	d := s.details()
	if !strings.Contains(run.Certificates[0].Problem, "5 refusals of new.example.test in an hour") || asked.Load() > 0 || d.Budget.FailuresHour != 5 {
		t.Errorf("a pass: %q; the CA was asked %d times, and counted are %d", run.Certificates[0].Problem, asked.Load(), d.Budget.FailuresHour)
	}
}

// TestLimitsThatWereRaised are heeded by nobody.
func TestLimitsThatWereRaised(t *testing.T) {
	t.Parallel()
	s, asked := unasked(t, "[renew]\nlimits = false\n")
	s.record(recordOfOne)
	for range 5 {
		s.keep(s.key(), 1, "www.example.test")
	}
	m := s.manager()
	force := request("www.example.test")
	force.Force = true
	if _, err := m.Certify(t.Context(), force, nil); errors.As(err, new(*renew.PostponedError)) || err == nil {
		t.Errorf("got %v; want that there is no account, and %d", err, asked.Load())
	}
}

// TestDamagedLedgerStopsNobody: it is set aside, and what is kept says what counts.
func TestDamagedLedgerStopsNobody(t *testing.T) {
	t.Parallel()
	s, m, between := limitedBy(t)
	if _, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	if got := s.details().Budget.Issued7Days; got != 1 {
		t.Errorf("counted is %d, want 1", got)
	}
	ledger := s.read("priv", "limits", s.only("priv", "limits"))
	if strings.Count(ledger, "\"order\"") != 1 || strings.Count(ledger, "\"certificate\"") != 1 || between.Count(lab.ClassNewOrder) != 1 {
		t.Errorf("in the ledger is %s", ledger)
	}
	s.write("{\n", "priv", "limits", s.only("priv", "limits"))
	if got := s.details().Budget.Issued7Days; got != 1 {
		t.Errorf("after the damage counted is %d, want 1", got)
	}
	force := request("www.example.test")
	force.Force = true
	if _, err := s.manager().Certify(t.Context(), force, nil); err != nil {
		t.Fatal(err)
	}
	if got := s.details().Budget.Issued7Days; got != 2 {
		t.Errorf("after another one counted is %d, want 2", got)
	}
}

// only is the one file in a directory whose name is no mark of damage.
func (s *setting) only(elements ...string) (name string) {
	s.Helper()
	entries, err := os.ReadDir(s.path(elements...))
	if err != nil {
		s.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.Contains(entry.Name(), ".bad-") {
			name = entry.Name()
		}
	}
	return name
}

// limitedBy is a setting with a CA that can be made to ask for patience.
func limitedBy(t *testing.T) (*setting, *manager.Manager, *lab.Between) {
	t.Helper()
	between := lab.MustBetween(t, pebbleForAll(t))
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n", between.Directory, between.Roots))
	m := s.manager()
	if _, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	return s, m, between
}

func rateLimited(detail string, header http.Header) func(http.ResponseWriter, *http.Request) bool {
	text, _ := json.Marshal(map[string]any{"type": "urn:ietf:params:acme:error:rateLimited", "detail": detail, "status": 429})
	header.Set("Content-Type", "application/problem+json")
	return lab.Reply(429, header, string(text))
}

// TestPatienceIsKept: what the CA has asked for holds for the names that it is about, or
// for all that the account orders, and no request is sent before its end.
func TestPatienceIsKept(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, detail string
		others       bool // are held up too
	}{
		{"of these names", "slow down", false},
		{"of the account", "too many new orders (300) from this account in the last 3h0m0s", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, m, between := limitedBy(t)
			s.record(recordOfOne)
			between.Answer(lab.ClassNewOrder, rateLimited(row.detail, http.Header{"Retry-After": {"7200"}}))
			if _, err := m.Certify(t.Context(), request("www.example.test"), nil); acmecore.KindOf(err) != acmecore.Limited {
				t.Fatalf("got %v", err)
			}
			asked := len(between.Requests())
			m = s.manager() // which has it from the disk
			if _, err := m.Certify(t.Context(), request("www.example.test"), nil); !errors.As(err, new(*renew.PostponedError)) || !strings.Contains(err.Error(), row.detail) {
				t.Errorf("the next one: %v", err)
			}
			if run, err := m.Manage(t.Context(), control.ManageRequest{Now: true}, nil); err != nil || run.Count(acmecore.Postponed) != 1 {
				t.Errorf("a pass: %+v, %v", run, err)
			}
			if got := len(between.Requests()); got != asked {
				t.Errorf("%d requests were sent before the end", got-asked)
			}
			list, err := m.List(t.Context())
			if err != nil || len(list) != 1 || len(list[0].Limits) != 1 || !strings.Contains(list[0].Limits[0].Said, row.detail) || time.Until(list[0].Next) < time.Hour {
				t.Errorf("the list: %+v, %v", list, err)
			}
			between.Answer(lab.ClassNewOrder, nil)
			_, err = m.Certify(t.Context(), request("other.example.test"), nil)
			if row.others != errors.As(err, new(*renew.PostponedError)) || !row.others && err != nil {
				t.Errorf("another certificate: %v", err)
			}
		})
	}
}

// TestPausedNameLeadsToItsPage, whole, where the trouble is shown; and whoever comes from
// there is let through.
func TestPausedNameLeadsToItsPage(t *testing.T) {
	t.Parallel()
	s, m, between := limitedBy(t)
	s.record(recordOfOne)
	page := strings.TrimSuffix(between.Directory, "/dir") + "/unpause?jwt=" + strings.Repeat("x", 1400)
	between.Answer(lab.ClassNewOrder, rateLimited("Your account is temporarily prevented from requesting certificates for www.example.test and possibly others. Please visit: "+page, http.Header{}))
	if run, err := m.Manage(t.Context(), control.ManageRequest{Now: true}, nil); err != nil || run.Count(acmecore.Failed) != 1 {
		t.Fatalf("a pass: %+v, %v", run, err)
	}
	list, err := m.List(t.Context())
	if err != nil || len(list) != 1 || len(list[0].Limits) != 1 || list[0].Limits[0].Page != page || !strings.Contains(list[0].Hint, page) {
		t.Fatalf("the list: %+v, %v", list, err)
	}
	if got := s.details().Certificate; !strings.Contains(got.Hint, page) || got.Limits[0].Subject != "www.example.test" {
		t.Errorf("details: %+v", got)
	}
	between.Answer(lab.ClassNewOrder, nil)
	if _, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Errorf("when it was lifted: %v", err)
	}
	if got := s.details().Certificate.Limits; len(got) > 0 {
		t.Errorf("afterwards: %+v", got)
	}
}
