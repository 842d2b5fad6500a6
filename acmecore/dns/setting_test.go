package dns_test

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"wcme/deploy/lab"
)

// host is a name server on an address of the loopback. It has zones, as a primary does,
// or answers for all of them, as a resolver does.
type host struct {
	*testing.T
	address string // IP:PORT

	mu      sync.Mutex
	zones   []string            // that it has
	records map[string][]string // of each name and type, "www.example.test. A": as a zone file has them
	codes   map[string]int      // of names that something is wrong with
	deaf    bool
	lag     int  // how many questions for TXT records it answers as if there were none
	lame    bool // it has no zone
	asked   []string
	updates []*dns.Msg
	spoil   func(network string, answer *dns.Msg) // changes an answer before it goes
	secrets map[string]string
}

// world is a port that servers share, each on an address of its own.
func world(t *testing.T, ips ...string) (hosts []*host, port string) {
	t.Helper()
	return signedWorld(t, nil, ips...)
}

// signedWorld has servers that know keys.
func signedWorld(t *testing.T, secrets map[string]string, ips ...string) (hosts []*host, port string) {
	t.Helper()
	for range 10 {
		free, err := lab.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(lab.Loopback(free))
		if hosts = raise(t, port, ips, secrets); hosts != nil {
			return hosts, port
		}
	}
	t.Fatal("no port is free")
	return nil, ""
}

func raise(t *testing.T, port string, ips []string, secrets map[string]string) (hosts []*host) {
	for _, ip := range ips {
		h := &host{T: t, address: net.JoinHostPort(ip, port), records: make(map[string][]string), codes: make(map[string]int), secrets: secrets}
		packets, err := net.ListenPacket("udp", h.address)
		if err != nil {
			return nil
		}
		listener, err := net.Listen("tcp", h.address)
		if err != nil {
			packets.Close()
			return nil
		}
		h.serve(&dns.Server{PacketConn: packets, Handler: h.on("udp")})
		h.serve(&dns.Server{Listener: listener, Handler: h.on("tcp")})
		hosts = append(hosts, h)
	}
	return hosts
}

func (h *host) serve(server *dns.Server) {
	ready := make(chan struct{})
	server.NotifyStartedFunc = func() { close(ready) }
	server.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
	server.TsigSecret = h.secrets
	go server.ActivateAndServe()
	<-ready
	h.Cleanup(func() { server.Shutdown() })
}

// has adds a zone, and records in it.
func (h *host) has(zone string, records ...string) {
	h.change(func() {
		h.zones = append(h.zones, zone)
		for _, text := range records {
			record, err := dns.NewRR(text)
			if err != nil {
				h.Fatal(err)
			}
			key := record.Header().Name + " " + dns.TypeToString[record.Header().Rrtype]
			h.records[key] = append(h.records[key], text)
		}
	})
}

func (h *host) change(how func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	how()
}

// sent are the updates that have come.
func (h *host) sent() (updates []*dns.Msg) {
	h.change(func() { updates = slices.Clone(h.updates) })
	return updates
}

// askedFor counts the questions of a type.
func (h *host) askedFor(kind string) (n int) {
	h.change(func() {
		for _, question := range h.asked {
			if strings.HasSuffix(question, " "+kind) {
				n++
			}
		}
	})
	return n
}

func (h *host) on(network string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, question *dns.Msg) {
		answer := h.answer(w, question)
		if answer == nil {
			return
		}
		if tsig := question.IsTsig(); tsig != nil && len(h.secrets) > 0 && answer.IsTsig() == nil {
			answer.SetTsig(tsig.Hdr.Name, tsig.Algorithm, 300, time.Now().Unix())
		}
		h.mu.Lock()
		spoil := h.spoil
		h.mu.Unlock()
		if spoil != nil {
			spoil(network, answer)
		}
		w.WriteMsg(answer)
	}
}

func (h *host) answer(w dns.ResponseWriter, question *dns.Msg) *dns.Msg {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deaf {
		return nil
	}
	answer := new(dns.Msg).SetReply(question)
	asked := question.Question[0]
	name, kind := strings.ToLower(asked.Name), dns.TypeToString[asked.Qtype]
	h.asked = append(h.asked, name+" "+kind)
	if question.Opcode == dns.OpcodeUpdate {
		h.updates = append(h.updates, question)
		answer.Rcode = h.codes["update"]
		return answer
	}
	if answer.Rcode = h.codes[name+" "+kind]; answer.Rcode != dns.RcodeSuccess {
		return answer
	}
	zone := h.zoneOf(name)
	if answer.Authoritative = zone != "" && !h.lame; !answer.Authoritative {
		return answer
	}
	h.fill(answer, name, kind, zone)
	return answer
}

// fill puts in what there is.
func (h *host) fill(answer *dns.Msg, name, kind, zone string) {
	texts := h.records[name+" CNAME"]
	switch {
	case kind == "TXT" && h.lag > 0:
		h.lag--
		texts = nil
	case len(texts) == 0 || kind == "CNAME":
		texts = h.records[name+" "+kind]
	}
	soa := zone + " 60 IN SOA ns." + zone + " root." + zone + " 1 60 60 60 60"
	if kind == "SOA" && name == zone {
		texts = []string{soa}
	}
	for _, text := range texts {
		record, err := dns.NewRR(text)
		if err != nil {
			h.Error(err)
			return
		}
		answer.Answer = append(answer.Answer, record)
	}
	if len(texts) == 0 {
		record, _ := dns.NewRR(soa)
		answer.Ns = append(answer.Ns, record)
		if !h.there(name) {
			answer.Rcode = dns.RcodeNameError
		}
	}
}

func (h *host) there(name string) bool {
	for key := range h.records {
		if owner, _, _ := strings.Cut(key, " "); dns.IsSubDomain(name, owner) {
			return true
		}
	}
	return slices.Contains(h.zones, name)
}

func (h *host) zoneOf(name string) (longest string) {
	for _, zone := range h.zones {
		if dns.IsSubDomain(zone, name) && len(zone) > len(longest) {
			longest = zone
		}
	}
	return longest
}
