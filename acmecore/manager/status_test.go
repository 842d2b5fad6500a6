package manager_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/manager"
)

// quiet is a configuration by which nothing leaves the host.
const quiet = "verify.ports = []\nreport.opcom = [\"none\"]\n"

func TestStatusWithoutAnOverseerSaysWhatThatOneLeft(t *testing.T) {
	t.Parallel()
	s := newSetting(t, quiet)
	sign := challenge.Alive{At: time.Now().Add(-time.Hour).UTC().Truncate(time.Second), Since: time.Now().Add(-72 * time.Hour), Pass: time.Now().Add(-5 * time.Hour).UTC().Truncate(time.Second)}
	if err := challenge.Directory(s.path("www")).ShowAlive(sign); err != nil {
		t.Fatal(err)
	}
	s.record(recordOfOne)
	s.keep(s.key(), 100, "www.example.test")
	status, err := s.unrecovered().Status(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if status.Overseer || !status.Since.IsZero() || !status.Alive.Equal(sign.At) || !status.LastPass.Equal(sign.Pass) {
		t.Errorf("of the overseer: %+v", status)
	}
	if status.Managed != 1 || status.States[acmecore.Expired] != 1 || len(status.Attention) != 1 || status.Attention[0].ID != id || status.Soonest.After(time.Now()) {
		t.Errorf("of certificates: %+v", status)
	}
	if status.Configuration != "" || status.Root != s.dir || status.Process != os.Getpid() || status.Go != runtime.Version() || status.Version != "test" || status.User == "" {
		t.Errorf("of itself: %+v", status)
	}
	complaints := status.Complaints()
	if len(complaints) < 2 || !strings.HasPrefix(complaints[0].Text, "the overseer does not answer; its last sign of life was at ") || complaints[1].Text != "1 certificate has expired" {
		t.Errorf("complaints: %+v", complaints)
	}
}

func TestStatusShowsTheConfigurationWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	s := newSetting(t, quiet+"report.webhooks = [\"https://hooks.example.org/very-secret\"]\n")
	status, err := s.unrecovered().Status(t.Context(), true)
	if err != nil || !strings.Contains(status.Configuration, "(hidden)") || strings.Contains(status.Configuration, "very-secret") {
		t.Errorf("got %q, %v", status.Configuration, err)
	}
}

func TestStatusMeasuresEachDiskOnce(t *testing.T) {
	t.Parallel()
	target := t.TempDir()
	s := newSetting(t, quiet+fmt.Sprintf("[[install]]\nname = \"here\"\ndir = %q\n[[install]]\nname = \"gone\"\ndir = \"/nonexistent/wcme\"\n", target))
	status, err := s.unrecovered().Status(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if len(status.Disks) != 2 {
		t.Fatalf("disks: %+v", status.Disks)
	}
	if d := status.Disks[0]; d.Paths[0] != s.dir || len(d.Paths) != 6 || d.Size == 0 || d.Free == 0 || d.Problem != "" {
		t.Errorf("the state directory's: %+v", d)
	}
	if d := status.Disks[1]; d.Problem == "" || d.Low {
		t.Errorf("one that is not there: %+v", d)
	}
}

func TestTheWatchSaysThatItLives(t *testing.T) {
	t.Parallel()
	s := newSetting(t, quiet)
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	m := s.manager()
	began := time.Now()
	watch := m.Watch(manager.WatchOptions{Commit: "4f1d979"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); watch.Keep(ctx, nil) }()
	status := untilPassed(t, watch)
	cancel()
	<-ended
	if !status.Overseer || status.Commit != "4f1d979" || status.Since.Before(began.Add(-time.Second)) || status.NextPass.Before(time.Now()) || !status.Silent.IsZero() {
		t.Errorf("got %+v", status)
	}
	at, since, err := challenge.Directory(s.path("www")).LastAlive()
	if err != nil || at.Before(began.Add(-time.Second)) || !since.Equal(status.Since) {
		t.Errorf("sign of life: %v, %v, %v", at, since, err)
	}
	if health := status.Health(); health != acmecore.Healthy {
		for _, complaint := range status.Complaints() {
			if !strings.HasPrefix(complaint.Text, "little space") { // of the host that tests
				t.Errorf("%s: %+v", health, complaint)
			}
		}
	}
}

// untilPassed waits for the end of the first pass.
func untilPassed(t *testing.T, watch *manager.Watch) acmecore.Status {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		status, err := watch.Status(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if !status.LastPass.IsZero() {
			return status
		}
		<-ticker.C
	}
	t.Fatal("no pass has ended")
	return acmecore.Status{}
}

func TestMetricsCountRunsSinceTheStart(t *testing.T) {
	t.Parallel()
	s := newSetting(t, quiet)
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	run := func(number int, outcomes ...acmecore.Outcome) {
		t.Helper()
		r := acmecore.Run{ID: fmt.Sprintf("20261121T0546%02d-0000", number)}
		for _, outcome := range outcomes {
			r.Certificates = append(r.Certificates, acmecore.Treated{ID: id, Outcome: outcome, Stages: []acmecore.Stage{{Stage: "order"}}})
		}
		if err := s.root.PutRun(r); err != nil {
			t.Fatal(err)
		}
	}
	run(1, acmecore.Renewed)
	watch := s.manager().Watch(manager.WatchOptions{})
	want := func(what string, lines ...string) {
		t.Helper()
		text, err := watch.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s: no line %q", what, line)
			}
		}
	}
	want("at the start", "wcme_renewals_total 0", "wcme_attempts_total 0", "wcme_overseer_up 1", `wcme_certificate_state{certificate="www_example_test",state="valid"} 1`)
	run(3, acmecore.Renewed, acmecore.Failed, acmecore.NotServed)
	run(2, acmecore.Renewed) // began earlier, and ended later
	want("after two runs", "wcme_renewals_total 2", "wcme_failures_total 2", "wcme_attempts_total 4")
	want("once more", "wcme_renewals_total 2", "wcme_failures_total 2", "wcme_attempts_total 4")
}

func TestMetricsTellWhatVisitorsWereShown(t *testing.T) {
	t.Parallel()
	s := newSetting(t, quiet)
	s.record(recordOfOne)
	s.keep(s.key(), 1, "www.example.test")
	watch := s.manager().Watch(manager.WatchOptions{})
	served := func() string {
		t.Helper()
		text, err := watch.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, line, _ := strings.Cut(text, "\nwcme_certificate_served_not_after_timestamp_seconds{certificate=\"www_example_test\"} ")
		line, _, _ = strings.Cut(line, "\n")
		return line
	}
	if got := served(); got != "" {
		t.Errorf("before anybody looked: %q", got)
	}
	end := time.Unix(1_800_000_000, 0)
	var proofs []acmecore.Proof
	for i, shown := range []time.Time{end.Add(time.Hour), end, {}} {
		place := acmecore.Endpoint{Name: "www.example.test", Address: fmt.Sprint("192.0.2.", i), Port: 443}
		proofs = append(proofs, acmecore.Proof{Endpoint: place, At: time.Now().UTC(), Answer: acmecore.ServesOther, NotAfter: shown})
	}
	if err := s.root.PutStanding(id, acmecore.Standing{Served: proofs}); err != nil {
		t.Fatal(err)
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	got := served()
	for deadline := time.Now().Add(time.Minute); got == "" && time.Now().Before(deadline); { // the list may be a little old
		<-ticker.C
		got = served()
	}
	if got != "1.8e+09" {
		t.Errorf("served: got %q", got)
	}
}
