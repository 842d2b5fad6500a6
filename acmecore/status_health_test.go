package acmecore_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

func TestComplaintsOfAStatus(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC)
	for _, test := range []struct {
		what   string
		change func(*acmecore.Status)
		health acmecore.Health
		text   string // how the first complaint begins
	}{
		{"nothing", func(*acmecore.Status) {}, acmecore.Healthy, ""},
		{"certificates that are due", func(s *acmecore.Status) { s.States[acmecore.Due] = 4 }, acmecore.Healthy, ""},
		{"no overseer", func(s *acmecore.Status) { s.Overseer, s.Alive = false, now }, acmecore.Critical,
			"the overseer does not answer; its last sign of life was at 2026-11-21T05:46:00Z"},
		{"daily work that stands still", func(s *acmecore.Status) { s.Silent = now }, acmecore.Warning, "the daily work has been overdue since 2026-11-21T05:46:00Z"},
		{"an expired one", func(s *acmecore.Status) { s.States[acmecore.Expired] = 1 }, acmecore.Critical, "1 certificate has expired"},
		{"unusable ones", func(s *acmecore.Status) { s.States[acmecore.Unusable] = 2 }, acmecore.Critical, "2 certificates cannot be used"},
		{"missing ones", func(s *acmecore.Status) { s.States[acmecore.Missing] = 2 }, acmecore.Critical, "2 certificates were never obtained, or are lost"},
		{"one that is not served", func(s *acmecore.Status) { s.Services[acmecore.ServiceUnseen] = 1 }, acmecore.Critical, "1 certificate is not served"},
		{"one that is not loaded", func(s *acmecore.Status) { s.Services[acmecore.ServiceUnloaded] = 1 }, acmecore.Warning, "1 certificate is not loaded"},
		{"one that is not installed", func(s *acmecore.Status) { s.Services[acmecore.ServiceMissing] = 1 }, acmecore.Warning, "1 certificate is not installed"},
		{"one that fails", func(s *acmecore.Status) { s.Concerns[acmecore.ConcernFailing] = 1 }, acmecore.Warning, "1 certificate was tried in vain"},
		{"late ones", func(s *acmecore.Status) { s.Concerns[acmecore.ConcernLate] = 2 }, acmecore.Warning, "2 certificates should have been renewed long ago"},
		{"broken ways", func(s *acmecore.Status) {
			s.Challenges.Broken = 5
			for _, name := range []acmecore.Name{"a.example.org", "b.example.org", "c.example.org", "d.example.org", "e.example.org"} {
				s.Challenges.Worst = append(s.Challenges.Worst, acmecore.ChallengeFacts{Name: name, Broken: now})
			}
		}, acmecore.Critical, "challenges of a.example.org, b.example.org, c.example.org and 2 more names no longer get here"},
		{"a CA that was away for an hour", func(s *acmecore.Status) {
			s.Authorities = []acmecore.AuthorityStatus{{CA: "x", Reached: now.Add(-time.Hour), Failed: now}}
		}, acmecore.Healthy, ""},
		{"a CA that was away for two days", func(s *acmecore.Status) {
			s.Authorities = []acmecore.AuthorityStatus{{CA: "x", Reached: now.Add(-48 * time.Hour), Failed: now, Problem: "no route"}}
		}, acmecore.Warning, "the certification authority x does not answer: no route"},
		{"a CA that was never reached", func(s *acmecore.Status) {
			s.Authorities = []acmecore.AuthorityStatus{{CA: "x", Failed: now, Problem: "no route"}}
		}, acmecore.Warning, "the certification authority x does not answer"},
		{"a full disk", func(s *acmecore.Status) {
			s.Disks = []acmecore.Disk{{Paths: []string{"/a", "/b"}, Free: 61_000_000, FreeFiles: 7_000, Files: 9_000_000, Low: true}}
		}, acmecore.Warning, "little space is left in /a, /b: 61 MB, 7,000 files"},
		{"a full disk without a number of files", func(s *acmecore.Status) {
			s.Disks = []acmecore.Disk{{Paths: []string{"/a"}, Free: 1_061_000_000, Size: 99_000_000_000, Low: true}}
		}, acmecore.Warning, "little space is left in /a: 1,061 MB"},
		{"a directory that is gone", func(s *acmecore.Status) {
			s.Disks = []acmecore.Disk{{Paths: []string{"/a"}, Problem: "gone"}}
		}, acmecore.Warning, "/a: gone"},
		{"reports that wait for a minute", func(s *acmecore.Status) { s.Reports, s.Now, s.Waiting = 2, now, now.Add(-time.Minute) }, acmecore.Healthy, ""},
		{"reports that wait for hours", func(s *acmecore.Status) { s.Reports, s.Now, s.Waiting = 2, now, now.Add(-5*time.Hour) }, acmecore.Warning,
			"2 reports wait to be delivered, the first since 2026-11-21T00:46:00Z"},
	} {
		s := acmecore.Status{Overseer: true, States: map[acmecore.State]int{}, Services: map[acmecore.Service]int{}, Concerns: map[acmecore.Concern]int{}}
		test.change(&s)
		complaints := s.Complaints()
		if s.Health() != test.health || len(complaints) > 1 || (len(complaints) == 0) != (test.text == "") {
			t.Errorf("%s: got %s, %+v; want %s", test.what, s.Health(), complaints, test.health)
			continue
		}
		if len(complaints) == 1 && !strings.HasPrefix(complaints[0].Text, test.text) {
			t.Errorf("%s: got %q, want %q", test.what, complaints[0].Text, test.text)
		}
	}
}

func TestTheWorstComplaintComesFirst(t *testing.T) {
	t.Parallel()
	s := acmecore.Status{Overseer: true, Silent: time.Now(), States: map[acmecore.State]int{acmecore.Expired: 1}}
	complaints := s.Complaints()
	if len(complaints) != 2 || complaints[0].About != acmecore.OfCertificates || complaints[1].About != acmecore.OfOverseer {
		t.Errorf("got %+v", complaints)
	}
}

// TestAStatusCrossesTheSocket also where a certificate has no name.
func TestAStatusCrossesTheSocket(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC)
	want := acmecore.Status{Now: now, Overseer: true, States: map[acmecore.State]int{acmecore.Unusable: 1}, Services: map[acmecore.Service]int{},
		Concerns: map[acmecore.Concern]int{}, Attention: []acmecore.Attentive{{ID: "www", State: acmecore.Unusable}}, Jobs: []acmecore.Job{},
		Authorities: []acmecore.AuthorityStatus{}, Disks: []acmecore.Disk{},
		Challenges: acmecore.ChallengeStatus{Worst: []acmecore.ChallengeFacts{{Name: "www.example.org", At: now}}}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got acmecore.Status
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}
