package manager_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/manager"
)

func overview(t testing.TB, m *manager.Manager, query acmecore.Query) acmecore.Overview {
	t.Helper()
	o, err := m.Overview(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// stopped is a manager whose clock stands still, so that no midnight comes.
func (s *setting) stopped() *manager.Manager {
	s.Helper()
	m := s.unrecovered()
	m.GoBy(manager.Clock{Now: func() time.Time { return s.began }})
	return m
}

// names are those of the page, in its order.
func names(o acmecore.Overview) string {
	var list []string
	for _, c := range o.Certificates {
		list = append(list, strings.TrimSuffix(string(c.ID), "_example_test"))
	}
	return strings.Join(list, " ")
}

// ahead puts the list on a clock that is an hour ahead: what was written just now is then
// known to have no other stamp until it changes. later puts it another hour ahead, so that
// the next answer is not the last one.
func ahead(m *manager.Manager) (later func()) {
	var by atomic.Int64
	later = func() { by.Add(int64(time.Hour)) }
	later()
	m.ListBy(func() time.Time { return time.Now().Add(time.Duration(by.Load())) })
	return later
}

// several makes certificates of the age in days that each letter has; one of no age was
// never obtained.
func (s *setting) several(ages map[string]int) {
	s.Helper()
	for letter, age := range ages {
		name := acmecore.Name(letter + ".example.test")
		ca := "letsencrypt"
		if letter > "c" {
			ca = "letsencrypt-staging"
		}
		if err := s.root.PutRecord(name.ID(), fmt.Appendf(nil, "names = [%q]\nca = %q\n", name, ca)); err != nil {
			s.Fatal(err)
		}
		if age >= 0 {
			s.keepAs(name, age)
		}
	}
}

func (s *setting) keepAs(name acmecore.Name, age int) {
	s.Helper()
	begin := s.began.Add(-time.Duration(age) * 24 * time.Hour)
	key := s.key()
	template := &x509.Certificate{SerialNumber: big.NewInt(0xabc), NotBefore: begin, NotAfter: begin.Add(90 * 24 * time.Hour), DNSNames: []string{string(name)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err == nil {
		_, err = s.root.KeepVersion(name.ID(), key, [][]byte{der}, acmecore.Issue{})
	}
	if err != nil {
		s.Fatal(err)
	}
}

func TestOverviewCounts(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.several(map[string]int{"a": 10, "b": 70, "c": -1, "d": 95, "e": 10})
	o := overview(t, s.unrecovered(), acmecore.Query{Words: "example", Size: 2, Page: 9})
	if o.Total != 5 || o.Matching != 5 || o.Page != 3 || o.Pages != 3 {
		t.Errorf("total %d, matching %d, page %d of %d", o.Total, o.Matching, o.Page, o.Pages)
	}
	want := map[acmecore.State]int{acmecore.Valid: 2, acmecore.Due: 1, acmecore.Missing: 1, acmecore.Expired: 1}
	if fmt.Sprint(o.States) != fmt.Sprint(want) || o.Services[acmecore.ServiceInstalled] != 4 || len(o.Services) != 1 {
		t.Errorf("states %v, services %v", o.States, o.Services)
	}
	var worst []string
	for _, c := range o.Attention {
		worst = append(worst, string(c.ID[:1]))
	}
	if got := strings.Join(worst, " "); got != "d c b" || o.Attentive != 3 {
		t.Errorf("attention: got %q and %d, want d c b: expired, missing, late", got, o.Attentive)
	}
}

func TestOverviewRefusesWhatThereIsNot(t *testing.T) {
	t.Parallel()
	m := newSetting(t, "").unrecovered()
	for _, query := range []acmecore.Query{{Sort: "key"}, {State: "happy"}, {State: "\x1b[2J"}} {
		if _, err := m.Overview(t.Context(), query); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%+v: got %v", query, err)
		}
	}
}

func TestOverviewSaysWhatIsPlanned(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "renew.before = \"20d\"\n")
	s.several(map[string]int{"a": 40, "b": 70, "c": -1, "d": 95})
	today := s.began.UTC().Truncate(24 * time.Hour)
	start := today.Add(36 * time.Hour)
	a := overview(t, s.stopped(), acmecore.Query{}).Certificates[0]
	err := s.root.PutStanding(a.ID, acmecore.Standing{RenewalInfo: acmecore.RenewalInfo{Fingerprint: a.Fingerprint, Start: start, End: start.Add(48 * time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	days := overview(t, s.stopped(), acmecore.Query{}).Days
	for i, day := range days {
		if want := today.AddDate(0, 0, i); !day.Date.Equal(want) {
			t.Fatalf("day %d: %v, want %v", i, day.Date, want)
		}
		if windows := i >= 1 && i <= 3; (day.Windows == 1) != windows || day.Windows > 1 {
			t.Errorf("day %d has %d windows", i, day.Windows)
		}
	}
	if days[0].Renewals != 3 || !slices.Contains(days[0].Names, "c.example.test") {
		t.Errorf("today: %+v; want what is late, missing and expired", days[0])
	}
	var renewals, expiries int
	for _, day := range days[1:] {
		renewals, expiries = renewals+day.Renewals, expiries+day.Expiries
	}
	if renewals != 1 || expiries != 2 {
		t.Errorf("later: %d renewals and %d expiries, want one of 50 days, and two", renewals, expiries)
	}
}

// TestOverviewSeesEveryChange: each is made by another process or by hand, and is told
// of when the time is over for which an answer may be old.
func TestOverviewSeesEveryChange(t *testing.T) {
	t.Parallel()
	target := t.TempDir()
	installed := filepath.Join(target, "fullchain_www_example_test.pem")
	for _, row := range []struct {
		what   string
		change func(*setting)
		seen   func(acmecore.Certificate) bool
	}{
		{"a new version", func(s *setting) { s.keep(s.key(), 2, "www.example.test") },
			func(c acmecore.Certificate) bool { return c.Version == "000002" && c.DaysLeft(time.Now()) == 87 }},
		{"the record, in place", func(s *setting) {
			s.write("names = [\"www.example.test\"]\nprofile = \"shortlived\"\n", "etc", "certificates", string(id)+".toml")
		}, func(c acmecore.Certificate) bool { return c.Profile == "shortlived" }},
		{"the record, of the same length", func(s *setting) {
			s.write("names = [\"wwx.example.test\"]\n", "etc", "certificates", string(id)+".toml")
		},
			func(c acmecore.Certificate) bool { return strings.Contains(c.Problem, "wwx.example.test") }},
		{"the standing", func(s *setting) {
			if err := s.root.PutStanding(id, acmecore.Standing{LastRun: "20260101T000000-0000"}); err != nil {
				s.Fatal(err)
			}
		}, func(c acmecore.Certificate) bool { return c.LastRun == "20260101T000000-0000" }},
		{"the chain is damaged", func(s *setting) { s.write("garbage", s.current("fullchain.pem")...) },
			func(c acmecore.Certificate) bool { return c.Problem != "" }},
		{"the key is gone", func(s *setting) { s.remove(s.current("key.pem")...) },
			func(c acmecore.Certificate) bool { return strings.Contains(c.Problem, "key.pem") }},
		{"the link is gone", func(s *setting) { s.remove("priv", "certificates", string(id), "current") },
			func(c acmecore.Certificate) bool { return c.Version == "" }},
		{"a file comes into the target", func(s *setting) { s.installAs(installed) },
			func(c acmecore.Certificate) bool { return c.Service == acmecore.ServiceInstalled }},
		{"its mode is another one", func(s *setting) {
			s.installAs(installed)
			overview(s, s.unrecovered(), acmecore.Query{})
			if err := os.Chmod(installed, 0o644); err != nil {
				s.Fatal(err)
			}
		}, func(c acmecore.Certificate) bool { return c.Service == acmecore.ServiceMissing }},
		{"the target is gone", func(s *setting) {
			if err := os.RemoveAll(target); err != nil {
				s.Fatal(err)
			}
		}, func(c acmecore.Certificate) bool { return c.Service == acmecore.ServiceMissing }},
	} {
		s := newSetting(t, fmt.Sprintf("[[install]]\nname = \"target\"\ndir = %q\n", target))
		s.record(recordOfOne)
		s.keep(s.key(), 1, "www.example.test")
		m := s.unrecovered()
		later := ahead(m)
		overview(t, m, acmecore.Query{})
		row.change(s)
		later()
		if c := overview(t, m, acmecore.Query{}).Certificates[0]; !row.seen(c) {
			t.Errorf("%s: got %+v", row.what, c)
		}
	}
}

// installAs puts the product of the current version where the target has it.
func (s *setting) installAs(path string) {
	s.Helper()
	s.publish()
	if err := os.WriteFile(path, []byte(s.read("ssl", "fullchain_"+string(id)+".pem")), 0o600); err != nil {
		s.Fatal(err)
	}
}

func TestOverviewFollowsRecordsAndConfiguration(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.several(map[string]int{"a": 10, "b": 10})
	m := s.unrecovered()
	later := ahead(m)
	overview(t, m, acmecore.Query{})
	s.several(map[string]int{"c": 10})
	s.remove("etc", "certificates", "a_example_test.toml")
	later()
	if got := names(overview(t, m, acmecore.Query{})); got != "b c" {
		t.Errorf("got %q, want b c", got)
	}
	s.write("[[install]]\nname = \"new\"\ndir = \"/nowhere\"\n", "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	if c := overview(t, m, acmecore.Query{}).Certificates[0]; c.Service != acmecore.ServiceMissing || strings.Join(c.Targets, " ") != "new" {
		t.Errorf("at once after a new configuration: got %+v", c)
	}
}

func TestOverviewEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	ctx, cancel := contextEnded()
	defer cancel()
	m := s.unrecovered()
	if o, err := m.Overview(ctx, acmecore.Query{}); err == nil {
		t.Errorf("got %+v, want an error", o)
	}
	if o := overview(t, m, acmecore.Query{}); o.Total != 1 {
		t.Errorf("the next one: got %+v", o)
	}
}

// TestOverviewIsOfTheMomentOnceSomethingWasDone, however young the last one is.
func TestOverviewIsOfTheMomentOnceSomethingWasDone(t *testing.T) {
	t.Parallel()
	for what, act := range map[string]func(*setting, *manager.Manager){
		"a run has ended": func(s *setting, m *manager.Manager) {
			if _, err := m.CheckLoad(s.Context(), "true", nil); err != nil {
				s.Fatal(err)
			}
		},
		"a record has come": func(s *setting, _ *manager.Manager) { s.several(map[string]int{"b": 10}) },
	} {
		s := newSetting(t, "[[load]]\nname = \"true\"\nrun = [\"/bin/true\"]\n")
		s.several(map[string]int{"a": 10})
		m := s.unrecovered()
		at := time.Now()
		m.ListBy(func() time.Time { return at })
		state := func() acmecore.State { return overview(t, m, acmecore.Query{}).Certificates[0].State(at) }
		before := state()
		s.remove("priv", "certificates", "a_example_test", "current")
		if got := state(); got != before {
			t.Errorf("%s, before that: got %q, want %q", what, got, before)
		}
		act(s, m)
		if got := state(); got != acmecore.Missing {
			t.Errorf("%s: got %q, want that it is missing", what, got)
		}
	}
}

// TestProvedIsTheOldestOfAllPlaces has what visitors were shown in rows.
func TestProvedIsTheOldestOfAllPlaces(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "verify.ports = [\"443\"]\n[[load]]\nname = \"reload\"\nrun = [\"/bin/true\"]\n")
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	s.publish()
	fingerprint := s.list()[0].Fingerprint
	early, late := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	at := func(at time.Time, answer acmecore.Answer, fingerprint string) acmecore.Proof {
		return acmecore.Proof{Endpoint: acmecore.Endpoint{Name: "www.example.test"}, At: at, Answer: answer, Fingerprint: fingerprint}
	}
	for what, row := range map[string]struct {
		proofs []acmecore.Proof
		want   time.Time
	}{
		"at two places":             {[]acmecore.Proof{at(late, acmecore.Serves, fingerprint), at(early, acmecore.Serves, fingerprint)}, early},
		"at one, no way to another": {[]acmecore.Proof{at(late, acmecore.Serves, fingerprint), at(early, acmecore.Unreached, "")}, late},
		"another one at one place":  {[]acmecore.Proof{at(late, acmecore.Serves, fingerprint), at(early, acmecore.ServesOther, "ff")}, time.Time{}},
		"nobody looked":             {nil, time.Time{}},
	} {
		standing := acmecore.Standing{Served: row.proofs, Seen: fingerprint, Loaded: map[string]string{"reload": fingerprint}, LastRun: "20260101T000000-0000"}
		if err := s.root.PutStanding(id, standing); err != nil {
			t.Fatal(err)
		}
		got := s.list()[0]
		if !got.Proved.Equal(row.want) || strings.Join(got.Loads, " ") != "reload" || got.LastRun != standing.LastRun {
			t.Errorf("%s: got %v, want %v; %+v", what, got.Proved, row.want, got)
		}
	}
}

// BenchmarkOverview is what a page of the list costs the overseer: the first one, one
// for which all files are looked at, and one within a second of another.
func BenchmarkOverview(b *testing.B) {
	for _, certificates := range []int{100, 10000} {
		s := newSetting(b, "ca = \"letsencrypt\"\n")
		s.many(certificates)
		m := s.unrecovered()
		ask := func(b *testing.B, before func()) {
			query := acmecore.Query{Words: "example", Sort: acmecore.ByExpiry, Descending: true, Page: 3}
			for b.Loop() {
				before()
				if o := overview(b, m, query); o.Matching != certificates {
					b.Fatalf("got %d", o.Matching)
				}
			}
		}
		b.Run(fmt.Sprintf("%d/first", certificates), func(b *testing.B) { ask(b, func() { m = s.unrecovered() }) })
		later := ahead(m)
		overview(b, m, acmecore.Query{})
		b.Run(fmt.Sprintf("%d/looked", certificates), func(b *testing.B) { ask(b, later) })
		b.Run(fmt.Sprintf("%d/warm", certificates), func(b *testing.B) { ask(b, func() {}) })
	}
}

// many makes certificates fast: nothing is synced, and all have one key.
func (s *setting) many(count int) {
	s.Helper()
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	key, chain := s.read(s.current("key.pem")...), s.read(s.current("fullchain.pem")...)
	for i := range count - 1 {
		name := fmt.Sprintf("h%05d_example_test", i)
		version := s.path("priv", "certificates", name, "000001")
		err := errors.Join(os.MkdirAll(version, 0o700), os.MkdirAll(s.path("priv", "standing"), 0o700), os.Symlink("000001", filepath.Join(filepath.Dir(version), "current")),
			os.WriteFile(filepath.Join(version, "key.pem"), []byte(key), 0o600),
			os.WriteFile(filepath.Join(version, "fullchain.pem"), []byte(chain), 0o600),
			os.WriteFile(s.path("etc", "certificates", name+".toml"), fmt.Appendf(nil, "names = [\"h%05d.example.test\", \"www.example.test\"]\n", i), 0o644),
			os.WriteFile(s.path("priv", "standing", name+".json"), []byte(`{"version": 1, "last_run": "20260101T000000-0000"}`), 0o600))
		if err != nil {
			s.Fatal(err)
		}
	}
}
