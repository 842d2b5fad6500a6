package badca_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"wcme/acmecore"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// TestResolver is N04. It is not parallel to others: they share the resolver.
func TestResolver(t *testing.T) {
	usual := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = usual })
	identity, err := lab.MakeIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for id, code := range map[string]int{"N04 no such name": dns.RcodeNameError, "N04 the server fails": dns.RcodeServerFailure,
		"N04 the server refuses": dns.RcodeRefused, "N04 no answer": -1} {
		cases.n.Add(1)
		t.Run(id, func(t *testing.T) {
			address := nameServer(t, code)
			net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "udp", address)
			}}
			r := &rig{TB: t, clock: new(clock)}
			r.ca = &badca.CA{Directory: "https://ca.example.test/dir", Roots: identity.Root}
			s := r.fresh(t)
			s.begin(shortPatience)
			err := r.within(t, (*site).register)(s)
			if acmecore.KindOf(err) != acmecore.Unreachable || acmecore.HintOf(err) == "" {
				t.Errorf("got %v of kind %s, want unreachable, with a hint", err, acmecore.KindOf(err))
			}
			if words := "was not found"; code >= 0 && (err == nil || !strings.Contains(err.Error(), words)) {
				t.Errorf("got %v, want %q", err, words)
			}
		})
	}
}

// nameServer answers every question with the code; a negative one is no answer.
func nameServer(t *testing.T, code int) (address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", lab.Loopback(0))
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		if code >= 0 {
			_ = w.WriteMsg(new(dns.Msg).SetRcode(question, code)) // who asked may be gone
		}
	})}
	ended := make(chan error, 1)
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return conn.LocalAddr().String()
}
