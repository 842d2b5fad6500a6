// Package zone is a name server for tests: of the zone example.test, which takes dynamic
// updates (RFC 2136) of TXT records without a signature. It keeps them in memory and gives
// none away. The names that begin with "alias." lead to an acme-dns.
package zone

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"wcme/deploy/lab"
)

// Server has the zone.
type Server struct {
	tb      lab.TB
	address string

	mu      sync.Mutex
	values  []string // of all TXT records
	down    bool
	refuses bool
	looked  func() // after an update, at each question that is none; it may be nil
}

// Serve starts one for the time of the test.
func Serve(tb lab.TB) *Server {
	tb.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, address: packets.LocalAddr().String()}
	ready := make(chan struct{})
	server := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(s.answer), NotifyStartedFunc: func() { close(ready) },
		MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }}
	go server.ActivateAndServe()
	<-ready
	tb.Cleanup(func() { server.Shutdown() })
	return s
}

// Address is HOST:PORT of the server, by UDP.
func (s *Server) Address() string { return s.address }

// Table is a [[dns]] that writes there, and looks at no name server.
func (s *Server) Table() string {
	address := strconv.Quote(s.address)
	return "[[dns]]\nname = \"home\"\nserver = " + address + "\nresolvers = [" + address + "]\ncheck = false\n"
}

// OnLook sets what is done when somebody looks for a record that was written.
func (s *Server) OnLook(looked func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = looked
}

// Refuse has it refuse updates from now on.
func (s *Server) Refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = true
}

// Fail has it fail at updates, or take them again.
func (s *Server) Fail(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Values are the records that there are, each as "NAME. VALUE", sorted.
func (s *Server) Values() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.values))
}

// Has fails the test where there are other records than these: see Values.
func (s *Server) Has(want ...string) {
	s.tb.Helper()
	if got := s.Values(); !slices.Equal(got, want) {
		s.tb.Errorf("got the records %q, want %q", got, want)
	}
}

// look tells of a question to whom it may concern, while it can be asked itself.
func (s *Server) look(question *dns.Msg) {
	s.mu.Lock()
	looked := s.looked
	if question.Opcode == dns.OpcodeUpdate || len(s.values) == 0 {
		looked = nil
	}
	s.mu.Unlock()
	if looked != nil {
		looked()
	}
}

func (s *Server) answer(w dns.ResponseWriter, question *dns.Msg) {
	s.look(question)
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := new(dns.Msg).SetReply(question)
	answer.Authoritative = true
	asked := question.Question[0]
	switch {
	case question.Opcode == dns.OpcodeUpdate && s.down:
		answer.Rcode = dns.RcodeServerFailure
	case question.Opcode == dns.OpcodeUpdate && s.refuses:
		answer.Rcode = dns.RcodeRefused
	case question.Opcode == dns.OpcodeUpdate:
		s.update(question.Ns[0].(*dns.TXT))
	case asked.Qtype == dns.TypeCNAME && strings.HasPrefix(asked.Name, "_acme-challenge.alias."):
		answer.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: asked.Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: "d420.auth.example.test."}}
	default:
		answer.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: "example.test.", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: "a.", Mbox: "a."}}
	}
	w.WriteMsg(answer)
}

func (s *Server) update(record *dns.TXT) {
	value := record.Hdr.Name + " " + record.Txt[0]
	s.values = slices.DeleteFunc(s.values, func(v string) bool { return v == value })
	if record.Hdr.Class == dns.ClassINET {
		s.values = append(s.values, value)
	}
}
