package caa_test

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// zone is a name server on the loopback that knows these records, and no others.
type zone struct {
	*testing.T
	mu      sync.Mutex
	records map[string][]string // of each domain, as a zone file has them
	codes   map[string]int      // of domains that something is wrong with
	deaf    map[string]bool     // networks that it does not answer on
	cut     bool                // its answers are too long for UDP
	strange bool                // it answers another question
	asked   []string            // "NETWORK DOMAIN"
	address string
}

func newZone(t *testing.T, records map[string][]string) *zone {
	t.Helper()
	z := &zone{T: t, records: records, codes: make(map[string]int), deaf: make(map[string]bool)}
	for range 10 { // until both networks have the same port free
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		z.address = packets.LocalAddr().String()
		listener, err := net.Listen("tcp", z.address)
		if err != nil {
			packets.Close()
			continue
		}
		z.serve(&dns.Server{PacketConn: packets, Handler: z.on("udp")})
		z.serve(&dns.Server{Listener: listener, Handler: z.on("tcp")})
		return z
	}
	t.Fatal("no port is free")
	return nil
}

func (z *zone) serve(server *dns.Server) {
	ready := make(chan struct{})
	server.NotifyStartedFunc = func() { close(ready) }
	go server.ActivateAndServe()
	<-ready
	z.Cleanup(func() { server.Shutdown() })
}

func (z *zone) on(network string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, question *dns.Msg) {
		z.mu.Lock()
		defer z.mu.Unlock()
		domain := strings.TrimSuffix(question.Question[0].Name, ".")
		z.asked = append(z.asked, network+" "+domain)
		if z.deaf[network] {
			return
		}
		answer := new(dns.Msg).SetReply(question)
		answer.Rcode = z.codes[domain]
		records, found := z.records[domain]
		if !found && answer.Rcode == dns.RcodeSuccess {
			answer.Rcode = dns.RcodeNameError
		}
		for _, text := range records {
			record, err := dns.NewRR(text)
			if err != nil {
				z.Error(err)
			}
			answer.Answer = append(answer.Answer, record)
		}
		if z.cut && network == "udp" {
			answer.Answer, answer.Truncated = nil, true
		}
		if z.strange {
			answer.Question[0].Name = "elsewhere.example."
		}
		w.WriteMsg(answer)
	}
}

// change changes what it says while nobody asks.
func (z *zone) change(how func(*zone)) {
	z.mu.Lock()
	defer z.mu.Unlock()
	how(z)
}
