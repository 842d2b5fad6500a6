package manager_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

// twoCAs is a setting with two CAs, the first of which is tried twice before the second.
type twoCAs struct {
	*setting
	manager  *manager.Manager
	one, two *lab.Pebble
	caa      *atomic.Pointer[dns.CAA] // of every name; nil for none
}

func newTwoCAs(t *testing.T) twoCAs {
	t.Helper()
	s := twoCAs{one: pebbleForAll(t), two: pebbleForAll(t), caa: new(atomic.Pointer[dns.CAA])}
	s.setting = newSetting(t, fmt.Sprintf(`ca = ["one", "two"]
accept_terms = true
[renew]
failover = 2
[authority.one]
directory = %q
roots = %q
[authority.two]
directory = %q
roots = %q
`, s.one.Directory, s.one.Roots, s.two.Directory, s.two.Roots))
	s.manager = s.started()
	return s
}

func pebbleForAll(t *testing.T) *lab.Pebble {
	t.Helper()
	return lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true})
}

// started is a manager that does not wait for CAs which cannot be reached.
func (s twoCAs) started() *manager.Manager {
	s.Helper()
	m := s.setting.manager()
	m.GoBy(manager.Clock{Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	m.RehearseAt(resolver(s.TB, s.caa), 80)
	return m
}

// resolver is a name server that knows one CAA record, and has it for every name.
func resolver(tb testing.TB, record *atomic.Pointer[dns.CAA]) (address string) {
	tb.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		if caa := record.Load(); caa != nil && question.Question[0].Qtype == dns.TypeCAA {
			copied := *caa
			copied.Hdr = dns.RR_Header{Name: question.Question[0].Name, Rrtype: dns.TypeCAA, Class: dns.ClassINET, Ttl: 1}
			answer.Answer = append(answer.Answer, &copied)
		}
		_ = w.WriteMsg(answer)
	})}
	go server.ActivateAndServe()
	tb.Cleanup(func() { _ = server.Shutdown() })
	return socket.LocalAddr().String()
}

func (s twoCAs) register(cas ...string) {
	s.Helper()
	for _, ca := range cas {
		if _, err := s.manager.Register(s.Context(), control.RegisterRequest{CA: ca}, nil); err != nil {
			s.Fatal(err)
		}
	}
}

// pass makes one pass, and returns what became of the certificate.
func (s twoCAs) pass() acmecore.Treated {
	s.Helper()
	run, err := s.manager.Manage(s.Context(), control.ManageRequest{Now: true}, nil)
	if err != nil || len(run.Certificates) != 1 {
		s.Fatalf("a pass: %+v, %v", run, err)
	}
	return run.Certificates[0]
}

func (s twoCAs) listed() acmecore.Certificate {
	s.Helper()
	list, err := s.manager.List(s.Context())
	if err != nil || len(list) != 1 {
		s.Fatalf("the list: %+v, %v", list, err)
	}
	return list[0]
}

// TestSecondCATakesOver when the first one cannot be reached, and no earlier; afterwards
// the first one is asked again.
func TestSecondCATakesOver(t *testing.T) {
	t.Parallel()
	s := newTwoCAs(t)
	s.register("one", "two")
	s.record(recordOfOne)
	if err := s.one.Stop(); err != nil {
		t.Fatal(err)
	}
	for attempt := 1; attempt <= 2; attempt++ {
		if got := s.pass(); got.Outcome != acmecore.Failed {
			t.Fatalf("attempt %d: %+v", attempt, got)
		}
	}
	if c := s.listed(); len(c.Alternatives) != 2 || c.Alternatives[0].InTurn || !c.Alternatives[1].InTurn || !c.Alternatives[1].Account {
		t.Errorf("after two attempts the list has %+v", c.Alternatives)
	}
	if got := s.pass(); got.Outcome != acmecore.Renewed {
		t.Fatalf("the third attempt: %+v", got)
	}
	c := s.listed()
	if c.CA != "one" || c.IssuedBy != "two" || c.State(time.Now()) != acmecore.Valid {
		t.Errorf("it is of %q, issued by %q, and %s", c.CA, c.IssuedBy, c.State(time.Now()))
	}
	if !c.Alternatives[0].InTurn || c.Alternatives[1].CAA != "yes" || c.Alternatives[1].Looked.IsZero() {
		t.Errorf("afterwards the list has %+v", c.Alternatives)
	}
	if issue, err := s.root.Issue(id, ""); err != nil || issue.CA != "two" || issue.Directory != s.two.Directory {
		t.Errorf("it is kept as %+v, %v", issue, err)
	}
	if standing, err := s.root.Standing(id); err != nil || len(standing.Failures) > 0 {
		t.Errorf("remembered is %+v, %v", standing.Failures, err)
	}
}

// TestCAWithoutAccountIsPassedOver, and with it the list says why.
func TestCAWithoutAccountIsPassedOver(t *testing.T) {
	t.Parallel()
	s := newTwoCAs(t)
	s.register("one")
	s.record(recordOfOne)
	if err := s.one.Stop(); err != nil {
		t.Fatal(err)
	}
	for attempt := 1; attempt <= 4; attempt++ {
		if got := s.pass(); got.Outcome != acmecore.Failed {
			t.Fatalf("attempt %d: %+v", attempt, got)
		}
	}
	standing, err := s.root.Standing(id)
	if err != nil || len(standing.Failures) != 4 {
		t.Fatalf("remembered is %+v, %v", standing.Failures, err)
	}
	for _, failure := range standing.Failures {
		if failure.CA != "one" || !failure.AtFault {
			t.Errorf("a failure is %+v", failure)
		}
	}
	if c := s.listed(); !c.Alternatives[0].InTurn || c.Alternatives[1].Why != "there is no account at it" {
		t.Errorf("the list has %+v", c.Alternatives)
	}
}

// TestCAThatCAAExcludesIsPassedOver, until the records permit it.
func TestCAThatCAAExcludesIsPassedOver(t *testing.T) {
	t.Parallel()
	s := newTwoCAs(t)
	s.register("one", "two")
	s.record(recordOfOne)
	s.caa.Store(&dns.CAA{Flag: 128, Tag: "unheardof", Value: "x"})
	if err := s.manager.LookUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := s.listed(); c.Alternatives[1].CAA != "no" || !strings.Contains(c.Alternatives[1].Why, "critical property") {
		t.Errorf("the list has %+v", c.Alternatives)
	}
	s.manager = s.started() // which has it from the disk
	if c := s.listed(); c.Alternatives[1].CAA != "no" {
		t.Errorf("after a start the list has %+v", c.Alternatives)
	}
	if err := s.one.Stop(); err != nil {
		t.Fatal(err)
	}
	for attempt := 1; attempt <= 3; attempt++ {
		if got := s.pass(); got.Outcome != acmecore.Failed {
			t.Fatalf("attempt %d: %+v", attempt, got)
		}
	}
	s.caa.Store(nil)
	if err := s.manager.LookUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.pass(); got.Outcome != acmecore.Renewed || s.listed().IssuedBy != "two" {
		t.Errorf("when the records permit it: %+v", got)
	}
}

// TestRefusedNameIsNoReasonForAnotherCA.
func TestRefusedNameIsNoReasonForAnotherCA(t *testing.T) {
	t.Parallel()
	s := newTwoCAs(t)
	s.register("one", "two")
	s.record(recordOfOne)
	refused := acmecore.Failure{At: time.Now().UTC(), Kind: acmecore.Refused, Cause: "no", Refused: []acmecore.Name{"www.example.test"}, CA: "one"}
	if err := s.root.PutStanding(id, acmecore.Standing{Failures: []acmecore.Failure{refused, refused, refused}}); err != nil {
		t.Fatal(err)
	}
	if got := s.pass(); got.Outcome != acmecore.Renewed || s.listed().IssuedBy != "" {
		t.Errorf("got %+v, issued by %q", got, s.listed().IssuedBy)
	}
}

func TestRehearsalTellsOfTheSecondCA(t *testing.T) {
	t.Parallel()
	s := newTwoCAs(t)
	s.register("one")
	rehearse := func() acmecore.Rehearsal {
		t.Helper()
		rehearsal, err := s.manager.Rehearse(t.Context(), request("www.example.test"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return rehearsal
	}
	wantAbout(t, rehearse(), "fail-over", "?two", "it would be passed over: there is no account at it")
	s.register("two")
	wantAbout(t, rehearse(), "fail-over", "two", "it is asked when one has failed 2 times in a row; CAA records permit it: yes; there is an account: yes")
}
