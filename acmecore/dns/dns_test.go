package dns_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"

	"wcme/acmecore"
	"wcme/acmecore/dns"
)

const record = "_acme-challenge.www.example.test"

// The times of servers that answer, which a busy machine does not exceed, and of those
// that stay silent.
const (
	ample = time.Minute
	short = 200 * time.Millisecond
)

// finder asks the first of the hosts, which has the zones of all, where things are.
func finder(t *testing.T, port string, resolver *host, change func(*dns.Settings)) *dns.Finder {
	t.Helper()
	settings := dns.Settings{Resolvers: []string{resolver.address}, Port: port, Patience: ample}
	if change != nil {
		change(&settings)
	}
	f := dns.NewFinder(settings)
	f.Wait(ample)
	return f
}

func TestPlaceOfRecord(t *testing.T) {
	t.Parallel()
	const loop = "_acme-challenge.loop.example.test."
	hosts, port := world(t, "127.0.0.1")
	resolver := hosts[0]
	resolver.has("example.test.", loop+" 60 IN CNAME b.example.test.", "b.example.test. 60 IN CNAME "+loop,
		"_acme-challenge.away.example.test. 60 IN CNAME Away.Auth.example.test.", "_acme-challenge.self.example.test. 60 IN CNAME _acme-challenge.self.example.test.",
		"_acme-challenge.host.example.test. 60 IN CNAME Host.example.test.", "_acme-challenge.beside.example.test. 60 IN CNAME neighbour.example.test.",
		"www.example.test. 60 IN CNAME elsewhere.example.net.")
	resolver.has("sub.example.test.")
	resolver.has("auth.example.test.")
	resolver.has("org.")
	resolver.has("lan.")
	for i := range 12 {
		resolver.has("far.test.", fmt.Sprintf("%s 60 IN CNAME c%d.far.test.", []string{"_acme-challenge.far.test.", fmt.Sprintf("c%d.far.test.", i-1)}[min(i, 1)], i))
	}
	for _, row := range []struct {
		name         acmecore.Name
		record, zone string
		says         string // in an error
	}{
		{"www.example.test", record, "example.test", ""},
		{"*.example.test", "_acme-challenge.example.test", "example.test", ""},
		{"a.b.sub.example.test", "_acme-challenge.a.b.sub.example.test", "sub.example.test", ""},
		{"away.example.test", "away.auth.example.test", "auth.example.test", ""},
		{"printer.lan", "_acme-challenge.printer.lan", "lan", ""},
		{"loop.example.test", "", "", "in a circle: _acme-challenge.loop.example.test to b.example.test to _acme-challenge.loop.example.test"},
		{"self.example.test", "", "", "in a circle"},
		{"*.host.example.test", "", "", "a name that is proved itself: _acme-challenge.host.example.test to host.example.test"},
		{"beside.example.test", "", "", "a name that is proved itself: _acme-challenge.beside.example.test to neighbour.example.test"},
		{"far.test", "", "", "more than 8 aliases"},
		{"www.nobody.org", "", "", "nobody.org is not delegated: the DNS has no zone for it below org"},
		{"www.nowhere", "", "", "the DNS has no zone for _acme-challenge.www.nowhere"},
		{"192.0.2.1", "", "", "an address cannot be proved by dns-01"},
		{acmecore.Name(strings.Repeat("abcdefghi.", 24) + "test"), "", "", "at most 253"},
	} {
		t.Run(string(row.name), func(t *testing.T) {
			with := func(s *dns.Settings) { s.Proved = []acmecore.Name{"*.neighbour.example.test", row.name} }
			got, err := finder(t, port, resolver, with).Place(t.Context(), row.name)
			if row.says != "" {
				if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says) || acmecore.HintOf(err) == "" {
					t.Errorf("got %+v, %v, want an error of kind Invalid with %q and a hint", got, err, row.says)
				}
				return
			}
			if err != nil || got.Record != row.record || got.Zone != row.zone || got.Name != row.name {
				t.Errorf("got %+v, %v, want %s in %s", got, err, row.record, row.zone)
			}
		})
	}
}

func TestPlaceInConfiguredZone(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1")
	hosts[0].has("example.test.")
	of := func(zone acmecore.Name) error {
		f := finder(t, port, hosts[0], func(s *dns.Settings) { s.Zone = zone })
		_, err := f.Place(t.Context(), "www.example.test")
		return err
	}
	if err := of("example.test"); err != nil || hosts[0].askedFor("SOA") > 0 {
		t.Errorf("got %v, and %d questions for the zone", err, hosts[0].askedFor("SOA"))
	}
	if err := of("ample.test"); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "which is not in the zone ample.test") {
		t.Errorf("got %v", err)
	}
}

func TestResolversThatFail(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what  string
		spoil func(*host)
		kind  acmecore.Kind // "" for none
		says  string
	}{
		{"SERVFAIL", func(h *host) { h.codes[record+". SOA"] = mdns.RcodeServerFailure }, acmecore.Invalid, "SERVFAIL"},
		{"REFUSED", func(h *host) { h.codes[record+". CNAME"] = mdns.RcodeRefused }, acmecore.Invalid, "REFUSED"},
		{"silence", func(h *host) { h.deaf = true }, acmecore.Unreachable, "no answer within"},
		{"cut short over UDP", func(h *host) {
			h.spoil = func(network string, answer *mdns.Msg) { answer.Truncated = network == "udp" }
		}, "", ""},
		{"cut short everywhere", func(h *host) { h.spoil = func(_ string, answer *mdns.Msg) { answer.Truncated = true } }, acmecore.Unreachable, "cut short"},
		{"another identifier", func(h *host) { h.spoil = func(_ string, answer *mdns.Msg) { answer.Id++ } }, acmecore.Unreachable, "no answer"},
		{"another question", func(h *host) {
			h.spoil = func(_ string, answer *mdns.Msg) { answer.Question[0].Name = "evil.test." }
		}, acmecore.Unreachable, "another question"},
		{"a question sent back", func(h *host) { h.spoil = func(_ string, answer *mdns.Msg) { answer.Response = false } }, acmecore.Unreachable, "another question"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			hosts, port := world(t, "127.0.0.1")
			hosts[0].has("example.test.")
			hosts[0].change(func() { row.spoil(hosts[0]) })
			f := finder(t, port, hosts[0], nil)
			if strings.HasPrefix(row.says, "no answer") {
				f.Hurry(short, hosts[0].address)
			}
			_, err := f.Place(t.Context(), "www.example.test")
			if row.kind == "" && err == nil {
				return
			}
			if acmecore.KindOf(err) != row.kind || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v (%v), want %v with %q", err, acmecore.KindOf(err), row.kind, row.says)
			}
		})
	}
}

func TestSecondResolverIsAsked(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1", "127.0.0.2")
	hosts[0].change(func() { hosts[0].codes[record+". CNAME"] = mdns.RcodeServerFailure; hosts[0].deaf = true })
	hosts[1].has("example.test.")
	f := finder(t, port, hosts[0], func(s *dns.Settings) { s.Resolvers = append(s.Resolvers, hosts[1].address) })
	f.Hurry(short, hosts[0].address)
	if got, err := f.Place(t.Context(), "www.example.test"); err != nil || got.Zone != "example.test" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// served makes each host a name server of example.test, and the first the resolver, too.
func served(hosts []*host) {
	var records []string
	for i := range hosts {
		ip, _, _ := strings.Cut(hosts[i].address, ":")
		records = append(records, fmt.Sprintf("example.test. 60 IN NS ns%d.example.test.", i+1), fmt.Sprintf("ns%d.example.test. 60 IN A %s", i+1, ip))
	}
	for i := range hosts {
		hosts[i].has("example.test.", records...)
	}
}

func awaited(t *testing.T, f *dns.Finder, value string) ([]dns.Sight, error) {
	t.Helper()
	place, err := f.Place(t.Context(), "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	return f.Await(t.Context(), place, value)
}

// soon is little patience, for what is awaited in vain.
func soon(s *dns.Settings) { s.Patience = 1500 * time.Millisecond }

// awaitedInBubble waits by the clock of a bubble, which stands still while a server is
// asked: each was looked at when the patience has passed, however long that took.
func awaitedInBubble(t *testing.T, make func() *dns.Finder, value string) (sights []dns.Sight, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { sights, err = awaited(t, make(), value) })
	return sights, err
}

func TestEveryNameServerIsWaitedFor(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1", "127.0.0.2", "127.0.0.3")
	served(hosts)
	for _, h := range hosts {
		h.has("example.test.", record+`. 60 IN TXT "other"`, record+`. 60 IN TXT "the " "value"`)
	}
	hosts[2].change(func() { hosts[2].lag = 3 })
	var mu sync.Mutex
	var told []string
	f := finder(t, port, hosts[0], func(s *dns.Settings) {
		s.Tell = func(text string) { mu.Lock(); told = append(told, text); mu.Unlock() }
	})
	sights, err := awaited(t, f, "the value")
	if err != nil || len(sights) != 3 || slices.ContainsFunc(sights, func(s dns.Sight) bool { return !s.Saw }) {
		t.Errorf("got %+v, %v", sights, err)
	}
	want := []string{record + ": seen by 1 of 3 name servers", record + ": seen by 2 of 3 name servers", record + ": seen by 3 of 3 name servers"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	for i, want := range []int{1, 1, 4} {
		if got := hosts[i].askedFor("TXT"); got != want {
			t.Errorf("server %d was asked %d times, want %d", i, got, want)
		}
	}
}

// TestWhatNameServersHaveInstead names each server, and tells apart what is wrong.
func TestWhatNameServersHaveInstead(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6")
	served(hosts)
	hosts[0].has("example.test.", record+`. 60 IN TXT "v"`)
	hosts[1].has("example.test.", record+`. 60 IN TXT "of yesterday\027[31m"`)
	hosts[2].change(func() { hosts[2].deaf = true })
	hosts[3].change(func() { hosts[3].codes[record+". TXT"] = mdns.RcodeServerFailure })
	hosts[4].change(func() { hosts[4].lame = true })
	sights, err := awaitedInBubble(t, func() *dns.Finder {
		f := finder(t, port, hosts[0], soon)
		f.Hurry(short, hosts[2].address)
		return f
	}, "v")
	if acmecore.KindOf(err) != acmecore.Unreachable || acmecore.HintOf(err) == "" {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"1 of 6 name servers show it", "ns2.example.test (127.0.0.2:" + port + `: has "of yesterday`, "ns3.example.test (127.0.0.3:" + port + ": no answer within 200ms",
		"ns4.example.test (127.0.0.4:" + port + ": answers SERVFAIL", "ns5.example.test (127.0.0.5:" + port + ": does not have the zone example.test", "ns6.example.test (127.0.0.6:" + port + ": has no such record"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: lacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "\x1b") || strings.Contains(err.Error(), "ns1.") {
		t.Errorf("got %q", err)
	}
	if len(sights) != 6 || !sights[0].Saw || sights[1].Saw {
		t.Errorf("got %+v", sights)
	}
}

// TestAddressesOfOneServer: one without a way, or silent, is not waited for; one that
// denies the record is.
func TestAddressesOfOneServer(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what   string
		more   string // another record of the server's name
		denies bool
		want   bool
	}{
		{"no way by IPv6", "ns.example.test. 60 IN AAAA 2001:db8::53", false, true},
		{"a silent one", "ns.example.test. 60 IN A 127.0.0.3", false, true},
		{"one that has another state", "ns.example.test. 60 IN A 127.0.0.2", true, false},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			hosts, port := world(t, "127.0.0.1", "127.0.0.2", "127.0.0.3")
			hosts[2].change(func() { hosts[2].deaf = true })
			hosts[0].has("example.test.", "example.test. 60 IN NS ns.example.test.", "ns.example.test. 60 IN A 127.0.0.1", row.more,
				"example.test. 60 IN NS gone.example.test.", record+`. 60 IN TXT "v"`)
			hosts[1].has("example.test.")
			made := func(change func(*dns.Settings)) *dns.Finder {
				f := finder(t, port, hosts[0], change)
				f.Hurry(short)
				return f
			}
			var err error
			if row.want { // after the grace, by a clock that goes on
				_, err = awaited(t, made(nil), "v")
			} else {
				_, err = awaitedInBubble(t, func() *dns.Finder { return made(soon) }, "v")
			}
			if (err == nil) != row.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestZonesThatNobodyServes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ what, record, says string }{
		{"no NS record", "example.test. 60 IN A 127.0.0.1", "it has no NS record"},
		{"servers without addresses", "example.test. 60 IN NS gone.example.test.", "none of its name servers has an address: gone.example.test: has no address"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			hosts, port := world(t, "127.0.0.1")
			hosts[0].has("example.test.", row.record)
			_, err := awaited(t, finder(t, port, hosts[0], nil), "v")
			if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says) || !strings.Contains(acmecore.HintOf(err), "lame") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestHundredNameServers(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1")
	for i := range 100 {
		hosts[0].has("example.test.", fmt.Sprintf("example.test. 60 IN NS ns%d.example.test.", i), fmt.Sprintf("ns%d.example.test. 60 IN A 127.0.0.1", i))
	}
	hosts[0].has("example.test.", record+`. 60 IN TXT "v"`)
	said := ""
	sights, err := awaited(t, finder(t, port, hosts[0], func(s *dns.Settings) {
		s.Tell = func(text string) {
			if strings.Contains(text, "of which") {
				said = text
			}
		}
	}), "v")
	if err != nil || len(sights) != 16 || said != "example.test has 100 name servers, of which 16 are asked" {
		t.Errorf("got %d sights, %v, told %q", len(sights), err, said)
	}
}

func TestHugeAnswerIsReadByTCP(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1")
	served(hosts)
	for i := range 100 {
		hosts[0].has("example.test.", fmt.Sprintf("%s. 60 IN TXT %q", record, fmt.Sprintf("%0200d", i)))
	}
	hosts[0].has("example.test.", record+`. 60 IN TXT "v"`)
	hosts[0].change(func() {
		hosts[0].spoil = func(network string, answer *mdns.Msg) {
			if network == "udp" {
				answer.Truncate(1232)
			}
		}
	})
	if _, err := awaited(t, finder(t, port, hosts[0], nil), "v"); err != nil {
		t.Error(err)
	}
	if _, err := awaitedInBubble(t, func() *dns.Finder { return finder(t, port, hosts[0], soon) }, "w"); err == nil || len(err.Error()) > 1500 || !strings.Contains(err.Error(), "and 98 more") {
		t.Errorf("got %v", err)
	}
}

func TestEndOfContextEndsWaiting(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1")
	served(hosts)
	f := finder(t, port, hosts[0], func(s *dns.Settings) { s.Patience = time.Hour })
	place, err := f.Place(t.Context(), "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	hosts[0].change(func() { hosts[0].deaf = true })
	f.Wait(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := f.Await(ctx, place, "v"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSeen(t *testing.T) {
	t.Parallel()
	hosts, port := world(t, "127.0.0.1")
	served(hosts)
	hosts[0].has("example.test.", record+`. 60 IN TXT "v"`)
	settings := dns.Settings{Resolvers: []string{hosts[0].address}, Port: port, Patience: ample, Unchecked: true}
	if err := dns.Seen(t.Context(), settings, "www.example.test", "w"); err != nil || hosts[0].askedFor("TXT") != 0 {
		t.Errorf("unchecked: got %v, and %d questions", err, hosts[0].askedFor("TXT"))
	}
	settings.Unchecked = false
	if err := dns.Seen(t.Context(), settings, "www.example.test", "v"); err != nil {
		t.Error(err)
	}
	settings.Patience = 300 * time.Millisecond
	if err := dns.Seen(t.Context(), settings, "www.example.test", "w"); acmecore.KindOf(err) != acmecore.Unreachable {
		t.Errorf("got %v", err)
	}
}
