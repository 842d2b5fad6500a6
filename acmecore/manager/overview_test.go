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

// stopped is a manager whose clock stands still, so that no answer grows old by itself:
// how old one is, is for the test to say, and no midnight comes.
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

func TestOverviewSortsAndSelects(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.several(map[string]int{"a": 10, "b": 70, "c": -1, "d": 95, "e": 10})
	m := s.unrecovered()
	for _, row := range []struct {
		what  string
		query acmecore.Query
		want  string
	}{
		{"by name", acmecore.Query{}, "a b c d e"},
		{"by name, descending", acmecore.Query{Descending: true}, "e d c b a"},
		{"by CA", acmecore.Query{Sort: acmecore.ByCA}, "a b c d e"},
		{"by CA, descending: what is equal stays by name", acmecore.Query{Sort: acmecore.ByCA, Descending: true}, "d e a b c"},
		{"by the end", acmecore.Query{Sort: acmecore.ByExpiry}, "c d b a e"},
		{"by state, the worst first", acmecore.Query{Sort: acmecore.ByState}, "d c b a e"},
		{"the second page", acmecore.Query{Size: 2, Page: 2}, "c d"},
		{"a page behind the last", acmecore.Query{Size: 2, Page: 999999}, "e"},
		{"a state", acmecore.Query{State: "valid"}, "a e"},
		{"a service", acmecore.Query{State: "installed"}, "a b d e"},
		{"what needs attention", acmecore.Query{State: acmecore.Attention}, "b c d"},
		{"a word", acmecore.Query{Words: "B.EXAMPLE"}, "b"},
		{"two words", acmecore.Query{Words: "staging  e.example"}, "e"},
		{"words of which one is not there", acmecore.Query{Words: "example nothing"}, ""},
		{"no wildcard", acmecore.Query{Words: "%"}, ""},
		{"no pattern", acmecore.Query{Words: "a.example[test] .*"}, ""},
		{"an underscore is one", acmecore.Query{Words: "a_example"}, "a"},
		{"10 kB", acmecore.Query{Words: strings.Repeat("example ", 1280)}, "a b c d e"},
		{"10 kB in one word", acmecore.Query{Words: strings.Repeat("example", 1463)}, ""},
	} {
		if got := names(overview(t, m, row.query)); got != row.want {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
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

func TestOverviewOfNothing(t *testing.T) {
	t.Parallel()
	o := overview(t, newSetting(t, "").unrecovered(), acmecore.Query{Page: 7})
	if o.Total != 0 || o.Page != 1 || o.Pages != 1 || o.Certificates == nil || o.Attention == nil || len(o.Days) != acmecore.OverviewDays {
		t.Errorf("got %+v", o)
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

// TestOverviewSaysWhatComesLater than on the days that it shows.
func TestOverviewSaysWhatComesLater(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "renew.before = \"20d\"\n")
	s.several(map[string]int{"a": 1, "b": 3, "c": 60})
	o := overview(t, s.unrecovered(), acmecore.Query{})
	first := time.Now().Add((90 - 20 - 3) * 24 * time.Hour)
	if o.Later.Sub(first).Abs() > 26*time.Hour || o.Later.Before(o.Days[acmecore.OverviewDays-1].Date.AddDate(0, 0, 1)) {
		t.Errorf("got %v, want about %v", o.Later, first)
	}
	s.remove("etc", "certificates", "a_example_test.toml")
	s.remove("etc", "certificates", "b_example_test.toml")
	if o := overview(t, s.unrecovered(), acmecore.Query{}); !o.Later.IsZero() {
		t.Errorf("within those days: got %v", o.Later)
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
			func(c acmecore.Certificate) bool { return c.Names[0] == "wwx.example.test" }},
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
		overview(t, m, acmecore.Query{})
		m.Later()
		row.change(s)
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

// TestOverviewWaitsForNoLookThatCanBeMadeBeside has an answer of a certain age, and a
// change by hand since then.
func TestOverviewWaitsForNoLookThatCanBeMadeBeside(t *testing.T) {
	t.Parallel()
	ended := func(s *setting, m *manager.Manager) {
		release, err := m.Hold(s.Context(), "a_example_test")
		if err != nil {
			s.Fatal(err)
		}
		release()
	}
	come := func(s *setting, _ *manager.Manager) { s.several(map[string]int{"b": 10}) }
	nothing := func(*setting, *manager.Manager) {}
	for _, row := range []struct {
		what  string
		age   time.Duration
		since func(*setting, *manager.Manager)
		waits bool
	}{
		{"of a moment", 0, nothing, false},
		{"of a moment, and a run has ended", 0, ended, true},
		{"of a moment, and a record has come", 0, come, true},
		{"of two seconds", 2 * time.Second, nothing, false},
		{"of two seconds, and a run has ended", 2 * time.Second, ended, true},
		{"of two seconds, and a record has come", 2 * time.Second, come, true},
		{"of four seconds", 4 * time.Second, nothing, true},
	} {
		s := newSetting(t, "")
		s.several(map[string]int{"a": 10})
		m := s.stopped()
		state := func() acmecore.State { return overview(t, m, acmecore.Query{}).Certificates[0].State(time.Now()) }
		before := state()
		s.remove("priv", "certificates", "a_example_test", "current")
		row.since(s, m)
		m.Age(row.age)
		want := before
		if row.waits {
			want = acmecore.Missing
		}
		if got := state(); got != want {
			t.Errorf("%s: got %q, want %q", row.what, got, want)
		}
		if err := m.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := state(); row.age > 0 && got != acmecore.Missing {
			t.Errorf("%s: after a look beside got %q, want that it is missing", row.what, got)
		}
	}
}

func TestOverviewFollowsRecordsAndConfiguration(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.several(map[string]int{"a": 10, "b": 10})
	m := s.unrecovered()
	overview(t, m, acmecore.Query{})
	m.Later()
	s.several(map[string]int{"c": 10})
	s.remove("etc", "certificates", "a_example_test.toml")
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

// TestOverviewReadsOnlyWhatHasChanged, once it is known that what was read is not of the
// same moment as the last change.
func TestOverviewReadsOnlyWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.several(map[string]int{"a": 10, "b": 10, "c": -1})
	m := s.stopped()
	for _, row := range []struct {
		what   string
		change func()
		want   int
	}{
		{"the first time", func() {}, 3},
		{"at once again", func() { s.keepAs("c.example.test", 1) }, 0},
		{"what was changed", m.Later, 1},
		{"nothing was changed", m.Later, 0},
		{"nothing is managed any more", func() {
			m.Later()
			s.remove("etc", "certificates")
			if err := os.Mkdir(s.path("etc", "certificates"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, 0},
	} {
		row.change()
		if got, err := m.Reread(t.Context()); got != row.want || err != nil {
			t.Errorf("%s: read %d, want %d; %v", row.what, got, row.want, err)
		}
	}
	if o := overview(t, m, acmecore.Query{}); o.Total != 0 {
		t.Errorf("at last: %+v", o)
	}
}

// TestOverviewTrustsNoMoment: what was changed within the moment in which it was read is
// read again, as the file system's time of both may be the same.
func TestOverviewTrustsNoMoment(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.several(map[string]int{"a": 10})
	m := s.stopped()
	overview(t, m, acmecore.Query{})
	m.Expire()
	if got, err := m.Reread(t.Context()); got != 1 || err != nil {
		t.Errorf("read %d, want 1; %v", got, err)
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
		b.Run(fmt.Sprintf("%d/looked", certificates), func(b *testing.B) { ask(b, m.Later) })
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
