package renewal_test

import (
	"crypto/x509"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// silentOnWindows is a CA that does not know RFC 9773.
func (s *site) silentOnWindows() {
	s.between.Answer(lab.ClassRenewalInfo, lab.Reply(http.StatusNotFound, http.Header{"Content-Type": {"application/problem+json"}},
		`{"type":"urn:ietf:params:acme:error:malformed","detail":"no such information","status":404}`))
}

// TestOverseerRenewsByItself is a life of more than a year: due, renewed, installed
// in two targets, loaded, seen by visitors, reported.
func TestOverseerRenewsByItself(t *testing.T) {
	t.Parallel()
	s := found(t)
	nginx, apache := s.nginx(www, short), s.apache(www, short)
	s.trust(lab.PebbleOptions{HTTPPort: nginx.httpPort, Profiles: map[string]time.Duration{"ninety": 90 * day, "six": 6 * day}})
	s.silentOnWindows()
	s.configure(nginx.tables(), apache.tables(), verified("1m", nginx, apache))
	s.start()
	s.run("certify", www.Name, "--profile", "ninety")
	s.run("certify", short.Name, "--profile", "six")
	year := &year{site: s, servers: []*webServer{nginx, apache}, roots: s.roots()}
	year.www, year.short = s.visit(www, year.roots, year.servers...), s.visit(short, year.roots, year.servers...)
	sampler := lab.StartSampler(t, nginx.pair(www.ID()), apache.pair(www.ID()),
		lab.Pair{Certificate: filepath.Join(s.root, "ssl", "fullchain_"+string(www.ID())+".pem")})
	s.awaitTold(www.ID(), acmecore.EventRenewed, 1)
	s.awaitTold(short.ID(), acmecore.EventRenewed, 1)

	year.halves()
	year.thirds()
	year.batches()
	year.outage()

	year.www.stop(year.renewals + 1)
	if sample := sampler.Stop(); len(sample.Failures) > 0 || sample.Looks == 0 {
		t.Errorf("got %d looks at pairs, and %.2000q", sample.Looks, sample.Failures)
	}
	for _, text := range s.texts() {
		if strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("a mail has a key in it:\n%s", text)
		}
	}
}

// year is what the overseer lives through.
type year struct {
	*site
	servers    []*webServer
	roots      *x509.CertPool
	www, short visitors
	renewals   int // of www
}

// halves: the 6-day certificate is renewed each three days, the other one is not.
func (y *year) halves() {
	const times = 10
	orders := y.orders()
	for range times {
		y.rest()
		planned := y.listed(short.ID()).Renewal
		if planned.Reason != acmecore.BecauseHalf || planned.At.Sub(y.clock.Now()).Round(time.Hour) != 3*day {
			y.Fatalf("planned: got %+v, want half, in three days", planned)
		}
		y.clock.Set(planned.At.Add(time.Second))
		run := y.awaitRun("a renewal of the 6-day certificate", became(short.ID(), acmecore.Renewed))
		y.short.await(treated(run, short.ID()).Serial)
	}
	y.short.stop(times + 1)
	y.awaitTold(short.ID(), acmecore.EventRenewed, times+1)
	y.awaitTold(www.ID(), acmecore.EventRenewed, 1)
	if got := y.orders() - orders; got != times {
		y.Errorf("orders in %d days: got %d, want %d", 3*times, got, times)
	}
}

// thirds: the 90-day certificate is renewed by the daily pass at which a third of its
// life is left, and not by the one before.
func (y *year) thirds() {
	y.rest()
	before := y.listed(www.ID())
	planned := before.Renewal
	if left := before.NotAfter.Sub(planned.At); planned.Reason != acmecore.BecauseThird || left < 30*day || left > 31*day ||
		planned.At.Format(time.TimeOnly) != "00:20:00" {
		y.Fatalf("planned: got %+v, want 30 days before %v, at 00:20", planned, before.NotAfter)
	}
	y.clock.Set(planned.At.Add(-10 * time.Minute))
	early := y.awaitRun("a daily pass before that", func(run acmecore.Run) bool { return run.Began.After(planned.At.Add(-day)) })
	if got := treated(early, www.ID()); got.Outcome != "" || early.Managed != 2 {
		y.Errorf("ten minutes before: got %+v, want that nothing is due for %s", early, www.ID())
	}
	y.rest()
	y.clock.Set(planned.At)
	run := y.awaitRun("the renewal", became(www.ID(), acmecore.Renewed))
	y.renewed(run, before)
	y.logged(early, run)
}

// logged looks for the lines of the daily passes in the log that people read.
func (y *year) logged(early, run acmecore.Run) {
	y.Helper()
	log := y.read(filepath.Join(y.root, "log", "overseer.log"))
	for _, want := range []string{
		"certificate  name=" + string(www.ID()) + " state=valid not_before=2027-03-01 not_after=2027-05-30 expires_in_days=30 renewal_in_days=0 because=third",
		"run ended  run=" + early.ID + " trigger=schedule certificates=2 renewed=1 ",
		"certificate  name=" + string(www.ID()) + " state=valid not_before=2027-04-30 not_after=2027-07-29 expires_in_days=89 renewal_in_days=5", // 58 or 59
		"run ended  run=" + run.ID + " trigger=schedule certificates=2 renewed=1 repaired=0 not_served=0 failed=0 postponed=0 ",
		"stage=order subject=https://",
	} {
		if !strings.Contains(log, want) {
			y.Errorf("log/overseer.log lacks %q; it ends with %s", want, log[max(0, len(log)-8000):])
		}
	}
}

// renewed looks at all that comes of a renewal of www.
func (y *year) renewed(run acmecore.Run, before acmecore.Certificate) {
	y.Helper()
	y.renewals++
	got := treated(run, www.ID())
	y.www.await(got.Serial)
	y.awaitTold(www.ID(), acmecore.EventRenewed, y.renewals+1)
	now := y.listed(www.ID())
	if got.Serial == before.Serial || now.Serial != got.Serial || now.Service != acmecore.ServiceServed || now.Trouble != "" || now.NotAfter.Sub(now.NotBefore).Round(time.Hour) != 90*day {
		y.Errorf("listed: got %+v, want another one than %s, served", now, before.Serial)
	}
	if output := y.run("check", "served", www.Name); !strings.Contains(output, "all agree") {
		y.Errorf("check served: got %s", output)
	}
	if !got.Next.Equal(now.Renewal.At) || got.Version != now.Version || !got.NotAfter.Equal(now.NotAfter) || !inOrder(run, got) {
		y.Errorf("run: got %+v, want its stages in order, and what is listed: %+v", run, now)
	}
	if mail := y.texts()[len(y.mail.Messages())-1]; !strings.Contains(mail, "serial:     "+got.Serial) || !strings.Contains(mail, "file: "+got.Files[0]) {
		y.Errorf("mail: got\n%s\nwant serial %s, and the files %v", mail, got.Serial, got.Files)
	}
	if want := "order install load load verify"; stages(got) != want || run.Trigger != "schedule" || run.By != "" || len(got.Files) != 3 {
		y.Errorf("run: got %q, want %q, 3 files, nobody who asked: %+v", stages(got), want, run)
	}
	var ran []string
	for _, load := range run.Loads {
		ran = append(ran, load.Action)
	}
	if !slices.Equal(ran, []string{"nginx", "apache"}) {
		y.Errorf("load actions: got %v, want each once, in order", ran)
	}
}

// inOrder tells whether the stages follow one another in the time of the run.
func inOrder(run acmecore.Run, t acmecore.Treated) bool {
	at := run.Began
	for _, stage := range t.Stages {
		if stage.Began.Before(at) || stage.Ended.Before(stage.Began) {
			return false
		}
		at = stage.Ended
	}
	return !run.Ended.Before(at)
}

// batches: both are due at once, since the host has slept for two months, and loaded
// by one run of the actions; again and again, until a year is over.
func (y *year) batches() {
	for range 5 {
		y.rest()
		before := y.listed(www.ID())
		y.clock.Set(before.Renewal.At.Add(time.Second))
		run := y.awaitRun("both renewals", became(www.ID(), acmecore.Renewed))
		if outcome := treated(run, short.ID()).Outcome; outcome != acmecore.Renewed {
			y.Errorf("%s in the run of %s: got %q, want it renewed too", short.ID(), www.ID(), outcome)
		}
		y.renewed(run, before)
	}
}

// outage: a CA that is away for 29 days, from the moment of the renewal on, costs the
// 90-day certificate nothing, and its administrator one mail a day (N23).
func (y *year) outage() {
	y.rest()
	before := y.listed(www.ID())
	y.expected = append(y.expected, "certificate not obtained")
	y.between.SetOutage(true)
	y.clock.Set(before.Renewal.At)
	y.awaitRun("a failure", became(www.ID(), acmecore.Failed))
	fail := func(wait time.Duration) {
		y.clock.Advance(wait)
		y.nudge()
		y.awaitRun("another failure", became(www.ID(), acmecore.Failed))
	}
	for _, wait := range []time.Duration{time.Minute, 10 * time.Minute, 100 * time.Minute} {
		fail(wait)
	}
	y.awaitTold(www.ID(), acmecore.EventFailed, 1)
	const days = 28
	for range days {
		fail(day)
	}
	y.awaitTold(www.ID(), acmecore.EventFailed, 1+days)
	if now := y.listed(www.ID()); now.Serial != before.Serial || now.Trouble == "" || now.State(y.clock.Now()) != acmecore.Due {
		y.Errorf("at the end of it: got %+v", now)
	}
	y.between.SetOutage(false)
	y.clock.Advance(day)
	y.nudge()
	run := y.awaitRun("the renewal", became(www.ID(), acmecore.Renewed))
	y.renewed(run, before)
	for _, h := range []host{www, short} {
		y.awaitTold(h.ID(), acmecore.EventRecovered, 1)
		if failed, expiring := y.told(h.ID(), acmecore.EventFailed), y.told(h.ID(), acmecore.EventExpiring); failed > 30 || expiring == 0 || expiring > 30 {
			y.Errorf("mails of %s in 29 days: got %d that it failed, and %d that it expires", h.ID(), failed, expiring)
		}
	}
}
