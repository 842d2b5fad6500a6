package caa_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"wcme/acmecore"
	"wcme/acmecore/caa"
	"wcme/deploy/lab"
)

func question(name acmecore.Name) caa.Question {
	return caa.Question{Name: name, Identities: []string{"letsencrypt.org"}, Account: "https://ca.example/acct/1", Method: "http-01"}
}

// at are the CAA records of a domain.
func at(domain string, values ...string) map[string][]string {
	records := map[string][]string{"www.example.test": {}, "example.test": {}, "test": {}}
	for _, value := range values {
		records[domain] = append(records[domain], domain+". 60 IN CAA "+value)
	}
	return records
}

// TestJudgement takes its rows from RFC 8659 sections 3 to 4.5 and RFC 8657.
func TestJudgement(t *testing.T) {
	t.Parallel()
	const own, parent = "www.example.test", "example.test"
	for _, row := range []struct {
		what     string
		records  map[string][]string
		wildcard bool
		wrong    bool
		text     string
	}{
		{"no record anywhere", at(own), false, false, "no CAA record"},
		{"ours, at the name", at(own, `0 issue "letsencrypt.org"`), false, false, "www.example.test allow letsencrypt.org"},
		{"ours, at a parent", at(parent, `0 issue "letsencrypt.org"`), false, false, "of example.test allow letsencrypt.org"},
		{"ours, at the top", at("test", `0 issue "letsencrypt.org"`), false, false, "of test allow letsencrypt.org"},
		{"in other cases", at(own, `0 ISSUE "LetsEncrypt.ORG"`), false, false, "allow letsencrypt.org"},
		{"another CA", at(own, `0 issue "ca.example"`), false, true, "they allow ca.example"},
		{"two, one is ours", at(own, `0 issue "ca.example"`, `0 issue " letsencrypt.org "`), false, false, "allow letsencrypt.org"},
		{"nobody", at(own, `0 issue ";"`), false, true, "no CA at all"},
		{"nobody, in an empty text", at(own, `0 issue ""`), false, true, "no CA at all"},
		{"nobody, and ours", at(own, `0 issue ";"`, `0 issue "letsencrypt.org"`), false, false, "allow letsencrypt.org"},
		{"one that cannot be read", at(own, `0 issue "%%%%% 1"`), false, true, "cannot be read"},
		{"a parameter that is none", at(own, `0 issue "letsencrypt.org; x"`), false, true, "cannot be read"},
		{"the name's own count alone", map[string][]string{own: {own + `. 60 IN CAA 0 issue "ca.example"`},
			parent: {parent + `. 60 IN CAA 0 issue "letsencrypt.org"`}}, false, true, "of www.example.test"},
		{"a report address alone", at(own, `0 iodef "mailto:a@example.test"`), false, false, "restrict nobody"},
		{"for wildcards only", at(own, `0 issuewild "ca.example"`), false, false, "restrict nobody"},
		{"a wildcard, allowed as any", at(own, `0 issue "letsencrypt.org"`), true, false, "allow letsencrypt.org"},
		{"a wildcard, for us alone", at(own, `0 issue "ca.example"`, `0 issuewild "letsencrypt.org"`), true, false, "allow letsencrypt.org"},
		{"a wildcard, for nobody", at(own, `0 issue "letsencrypt.org"`, `0 issuewild ";"`), true, true, "no CA at all"},
		{"a wildcard, by a parent's word", at(parent, `0 issuewild "ca.example"`), true, true, "of example.test do not allow"},
		{"a wildcard, for others", at(own, `0 issue "letsencrypt.org"`, `0 issuewild "ca.example"`), true, true, "they allow ca.example"},
		{"an unknown property", at(own, `0 tbs "x"`), false, false, "restrict nobody"},
		{"a critical one", at(own, `0 issue "letsencrypt.org"`, `128 tbs "x"`), false, true, `"tbs"`},
		{"a critical one, by the wrong bit", at(own, `1 tbs "x"`), false, true, `"tbs"`},
		{"a critical one that is known", at(own, `128 issue "letsencrypt.org"`), false, false, "allow letsencrypt.org"},
		{"this account", at(own, `0 issue "letsencrypt.org; accounturi=https://ca.example/acct/1"`), false, false, "allow letsencrypt.org"},
		{"another account", at(own, `0 issue "letsencrypt.org; accounturi=https://ca.example/acct/2"`), false, true, "acct/2, which is not this one"},
		{"our method", at(own, `0 issue "letsencrypt.org; validationmethods=dns-01,http-01"`), false, false, "allow letsencrypt.org"},
		{"another method", at(own, `0 issue "letsencrypt.org;validationmethods=dns-01"`), false, true, "proved by dns-01"},
		{"an alias, followed by the name server", map[string][]string{own: {own + ". 60 IN CNAME host.elsewhere.test.",
			`host.elsewhere.test. 60 IN CAA 0 issue "ca.example"`}}, false, true, "of www.example.test do not allow"},
		{"a name that there is not", map[string][]string{parent: {parent + `. 60 IN CAA 0 issue "ca.example"`}}, false, true, "of example.test"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			z := newZone(t, row.records)
			q := question(own)
			if row.wildcard {
				q = question("*." + own)
			}
			got := caa.Patient(z.address).Check(t.Context(), q)
			if got.Wrong != row.wrong || got.Unknown || !strings.Contains(got.Text, row.text) || got.Subject != string(q.Name) || got.What != "CAA" {
				t.Errorf("got %+v, want wrong %v, and %q", got, row.wrong, row.text)
			}
			if got.Wrong && got.Try == "" {
				t.Error("nothing is said to try")
			}
		})
	}
}

// TestWhatIsAddedForAWildcard names the property that is for it.
func TestWhatIsAddedForAWildcard(t *testing.T) {
	t.Parallel()
	z := newZone(t, at("www.example.test", `0 issuewild "ca.example"`))
	got := caa.Patient(z.address).Check(t.Context(), question("*.www.example.test"))
	if want := `www.example.test. CAA 0 issuewild "letsencrypt.org"`; !strings.Contains(got.Try, want) {
		t.Errorf("got %q, want %q in it", got.Try, want)
	}
}

// TestAddressesHaveNoCAARecords: no name server is asked for one (RFC 8659 section 3).
func TestAddressesHaveNoCAARecords(t *testing.T) {
	t.Parallel()
	z := newZone(t, nil)
	for _, name := range []acmecore.Name{"192.0.2.1", "2001:db8::1"} {
		got := caa.Patient(z.address).Check(t.Context(), question(name))
		if got.Wrong || got.Unknown || !strings.Contains(got.Text, "not for addresses") || got.Subject != string(name) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	z.change(func(z *zone) {
		if len(z.asked) > 0 {
			t.Errorf("asked for %v", z.asked)
		}
	})
}

func TestCAThatDoesNotSayWhatItIsCalled(t *testing.T) {
	t.Parallel()
	z := newZone(t, at("example.test", `0 issue "ca.example"`))
	q := question("www.example.test")
	q.Identities = nil
	if got := caa.Patient(z.address).Check(t.Context(), q); !got.Unknown || got.Wrong || !strings.Contains(got.Text, "ca.example") || got.Try == "" {
		t.Errorf("got %+v, want unknown", got)
	}
}

func TestNameServersThatFail(t *testing.T) {
	t.Parallel()
	records := at("example.test", `0 issue "ca.example"`)
	dead := deadPort(t)
	for _, row := range []struct {
		what           string
		spoil          func(*zone)
		servers        []string // before the zone's
		wrong, unknown bool
		text           string
	}{
		{"answers too long for UDP", func(z *zone) { z.cut = true }, nil, true, false, "they allow ca.example"},
		{"the first one is not there", func(*zone) {}, []string{dead}, true, false, "they allow ca.example"},
		{"broken signatures", func(z *zone) { z.codes["www.example.test"] = dns.RcodeServerFailure }, nil, true, false, "SERVFAIL"},
		{"it refuses", func(z *zone) { z.codes["example.test"] = dns.RcodeRefused }, nil, false, true, "REFUSED"},
		{"it answers another question", func(z *zone) { z.strange = true }, nil, false, true, "another question"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			z := newZone(t, records)
			z.change(row.spoil)
			got := caa.Patient(append(row.servers, z.address)...).Check(t.Context(), question("www.example.test"))
			if got.Wrong != row.wrong || got.Unknown != row.unknown || !strings.Contains(got.Text, row.text) || got.Try == "" {
				t.Errorf("got %+v, want wrong %v, unknown %v, and %q", got, row.wrong, row.unknown, row.text)
			}
		})
	}
}

// deadPort is one where nobody listens, and that no other test takes.
func deadPort(t *testing.T) string {
	t.Helper()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return lab.Loopback(port)
}

func TestNoAnswerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	z := newZone(t, nil)
	z.change(func(z *zone) { z.deaf["udp"], z.deaf["tcp"] = true, true })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan acmecore.Rehearsed)
	go func() { ended <- caa.Patient(z.address).Check(ctx, question("www.example.test")) }()
	cancel()
	if got := <-ended; !got.Unknown || got.Wrong || got.Try == "" {
		t.Errorf("got %+v, want unknown", got)
	}
}

// TestParentsAreAskedOnce: a hundred names of one domain must not ask a hundred times.
func TestParentsAreAskedOnce(t *testing.T) {
	t.Parallel()
	z := newZone(t, nil)
	resolver := caa.Patient(z.address)
	for i := range 20 {
		resolver.Check(t.Context(), question(acmecore.Name(fmt.Sprintf("host-%d.example.test", i))))
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if parents := slices.DeleteFunc(z.asked, func(asked string) bool { return asked != "udp example.test" }); len(parents) != 1 {
		t.Errorf("example.test was asked for %d times", len(parents))
	}
}

func TestHostileRecordsAreInert(t *testing.T) {
	t.Parallel()
	z := newZone(t, at("www.example.test", `0 issue "ca.example\027[2J<script>\010x"`))
	got := caa.Patient(z.address).Check(t.Context(), question("www.example.test"))
	if !got.Wrong || strings.ContainsAny(got.Text, "\x1b\n\x17") {
		t.Errorf("got %+v", got)
	}
}

func FuzzRecords(f *testing.F) {
	for _, seed := range []string{"letsencrypt.org", ";", "a; b=c; b=d", "%", "ca.example; accounturi=x", "\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := question("www.example.test").JudgeIssue(value)
		if got != acmecore.Inert(got) && len(got) < 1000 {
			t.Errorf("%q: got %q, which is not inert", value, got)
		}
	})
}
