package manager_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"wcme/acmecore"
	acmeorder "wcme/acmecore/order"
)

// nameServer has the zone example.test, and takes updates of it. The names that begin
// with an alias lead to an acme-dns.
type nameServer struct {
	*testing.T
	address string

	mu      sync.Mutex
	values  []string // of all TXT records
	down    bool
	refuses bool
	looked  func() // after an update, at each question that is none; it may be nil
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{T: t, address: packets.LocalAddr().String()}
	ready := make(chan struct{})
	server := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(n.answer), NotifyStartedFunc: func() { close(ready) },
		MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }}
	go server.ActivateAndServe()
	<-ready
	t.Cleanup(func() { server.Shutdown() })
	return n
}

// onLook sets what is done when somebody looks for a record that was written.
func (n *nameServer) onLook(looked func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looked = looked
}

// refuse has it refuse updates from now on.
func (n *nameServer) refuse() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refuses = true
}

// look tells of a question to whom it may concern, while it can be asked itself.
func (n *nameServer) look(question *dns.Msg) {
	n.mu.Lock()
	looked := n.looked
	if question.Opcode == dns.OpcodeUpdate || len(n.values) == 0 {
		looked = nil
	}
	n.mu.Unlock()
	if looked != nil {
		looked()
	}
}

func (n *nameServer) answer(w dns.ResponseWriter, question *dns.Msg) {
	n.look(question)
	n.mu.Lock()
	defer n.mu.Unlock()
	answer := new(dns.Msg).SetReply(question)
	answer.Authoritative = true
	asked := question.Question[0]
	switch {
	case question.Opcode == dns.OpcodeUpdate && n.down:
		answer.Rcode = dns.RcodeServerFailure
	case question.Opcode == dns.OpcodeUpdate && n.refuses:
		answer.Rcode = dns.RcodeRefused
	case question.Opcode == dns.OpcodeUpdate:
		n.update(question.Ns[0].(*dns.TXT))
	case asked.Qtype == dns.TypeCNAME && strings.HasPrefix(asked.Name, "_acme-challenge.alias."):
		answer.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: asked.Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: "d420.auth.example.test."}}
	default:
		answer.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: "example.test.", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: "a.", Mbox: "a."}}
	}
	w.WriteMsg(answer)
}

func (n *nameServer) update(record *dns.TXT) {
	value := record.Hdr.Name + " " + record.Txt[0]
	n.values = slices.DeleteFunc(n.values, func(v string) bool { return v == value })
	if record.Hdr.Class == dns.ClassINET {
		n.values = append(n.values, value)
	}
}

// has are the records that there are.
func (n *nameServer) has(want ...string) {
	n.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if got := slices.Sorted(slices.Values(n.values)); !slices.Equal(got, want) {
		n.Errorf("got the records %q, want %q", got, want)
	}
}

func (n *nameServer) fail(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// table is a [[dns]] that writes there, and looks at no name server.
func (n *nameServer) table() string {
	return fmt.Sprintf("[[dns]]\nname = \"home\"\nserver = %q\nresolvers = [%q]\ncheck = false\n", n.address, n.address)
}

func txtResponse(name acmecore.Name, letter string) acmeorder.Response {
	return acmeorder.Response{Method: acmecore.DNS01, Name: name, Token: acmecore.Token(strings.Repeat(letter, 43)), Record: "value-" + letter}
}

const byDNS = "names = [\"example.test\"]\nchallenge = \"dns-01\"\n"

func TestRecordsOfAnOrder(t *testing.T) {
	t.Parallel()
	n := newNameServer(t)
	s := newSetting(t, n.table())
	ways, release, err := s.manager().Provable(t.Context(), byDNS, "example.test", "*.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	n.has()
	base, wildcard := txtResponse("example.test", "a"), txtResponse("*.example.test", "b")
	for _, response := range []acmeorder.Response{base, wildcard, base} {
		if err := ways.Publish(t.Context(), response); err != nil {
			t.Fatal(err)
		}
	}
	n.has("_acme-challenge.example.test. value-a", "_acme-challenge.example.test. value-b")
	if err := ways.Withdraw(t.Context(), base, true); err != nil {
		t.Error(err)
	}
	n.has("_acme-challenge.example.test. value-b")
	if err := ways.Withdraw(t.Context(), wildcard, false); err != nil {
		t.Error(err)
	}
	n.has()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("notes are left: %v, %v", tokens, err)
	}
}

// TestRecordThatAKilledRunHasLeft is removed once its server answers, and keeps nothing
// from starting until then.
func TestRecordThatAKilledRunHasLeft(t *testing.T) {
	t.Parallel()
	n := newNameServer(t)
	s := newSetting(t, n.table())
	ways, release, err := s.manager().Provable(t.Context(), byDNS, "example.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := ways.Publish(t.Context(), txtResponse("example.test", "a")); err != nil {
		t.Fatal(err)
	}
	release()
	n.fail(true)
	s.manager()
	n.has("_acme-challenge.example.test. value-a")
	n.fail(false)
	s.manager()
	n.has()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("notes are left: %v, %v", tokens, err)
	}
	s.write("{", "priv", "dns", strings.Repeat("c", 43)+".json")
	s.write(`{"by": "gone"}`, "priv", "dns", strings.Repeat("d", 43)+".json")
	s.manager()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("notes that are of no use are left: %v, %v", tokens, err)
	}
}

// TestKeysOfDNSThatAreRefused: none of the texts may show a secret.
func TestKeysOfDNSThatAreRefused(t *testing.T) {
	t.Parallel()
	const statement = "key \"wcme\" { algorithm hmac-sha512; secret \"Z2VoZWlt\"; };"
	for _, row := range []struct{ what, more, file, says string }{
		{"no such file", "", "", "read secret etc/tsig.key"},
		{"another name", "tsig_name = \"other\"\n", statement, "has another name"},
		{"another algorithm", "tsig_algorithm = \"hmac-sha256\"\n", statement, "another algorithm"},
		{"no name at all", "", "Z2VoZWlt", "the name of the key is missing"},
		{"no base64", "tsig_name = \"wcme\"\n", "Z2VoZWlt!", "the secret is not base64"},
		{"an algorithm that is none", "", strings.Replace(statement, "sha512", "md5", 1), `"hmac-md5" is none of`},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			n := newNameServer(t)
			s := newSetting(t, n.table()+"tsig_key_file = \"etc/tsig.key\"\n"+row.more)
			if row.file != "" {
				s.write(row.file, "etc", "tsig.key")
			}
			_, _, err := s.manager().Provable(t.Context(), byDNS, "example.test")
			if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "Z2VoZWlt") {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}

// TestACMEDNSKeepsTwoValues: three names of one account are refused, and another order
// waits.
func TestACMEDNSKeepsTwoValues(t *testing.T) {
	t.Parallel()
	n := newNameServer(t)
	var mu sync.Mutex
	posts := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/update" && r.Header.Get("X-Api-Key") == "p" {
			posts++
		}
	}))
	t.Cleanup(server.Close)
	s := newSetting(t, fmt.Sprintf("[[dns]]\nname = \"auth\"\nacme_dns = %q\nacme_dns_accounts = \"etc/a.json\"\nresolvers = [%q]\ncheck = false\npatience = \"1s\"\n", server.URL, n.address))
	s.write(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), "etc", "cacert.pem")
	const account = `{"username": "u", "password": "p", "fulldomain": "d420.auth.example.test", "subdomain": "d420"}`
	s.write(`{"alias.example.test": `+account+`, "alias.other.test": `+account+`}`, "etc", "a.json")
	m := s.manager()

	ways, release, err := m.Provable(t.Context(), byDNS, "alias.example.test", "*.alias.example.test")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []acmecore.Name{"alias.example.test", "*.alias.example.test"} {
		if err := ways.Publish(t.Context(), txtResponse(name, string(rune('a'+i)))); err != nil {
			t.Error(err)
		}
	}
	if posts != 2 {
		t.Errorf("got %d updates", posts)
	}
	if _, _, err := m.Provable(t.Context(), byDNS, "alias.other.test"); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("while another order has the record: got %v", err)
	}
	release()
	_, release, err = m.Provable(t.Context(), byDNS, "alias.other.test")
	if err != nil {
		t.Fatal(err)
	}
	release()
	if _, _, err := m.Provable(t.Context(), byDNS, "alias.example.test", "*.alias.example.test", "alias.other.test"); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "keeps 2 values") {
		t.Errorf("three names: got %v", err)
	}
	if err := os.Chmod(s.path("etc", "a.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Provable(context.Background(), byDNS, "alias.example.test"); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "every user of this host can read it") {
		t.Errorf("accounts that everybody can read: got %v", err)
	}
}
