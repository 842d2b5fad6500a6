package hooks_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"wcme/deploy/lab"
)

// zone is the name server of example.test, which shows a record when it was asked for it
// a few times: as if it took its time.
type zone struct {
	*httptest.Server        // takes what dehydrated.sh and lego.sh send
	address          string // HOST:PORT

	mu      sync.Mutex
	records map[string][]string
	late    int // how many more questions find nothing
}

// serveZone listens on port 53 of an address of the loopback, since NS records have no
// ports. Only root may have that port.
func serveZone(t *testing.T, late int) *zone {
	t.Helper()
	z := &zone{records: make(map[string][]string), late: late}
	for range 50 {
		ip := netip.AddrFrom4([4]byte{127, byte(1 + rand.IntN(254)), byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
		packets, err := net.ListenPacket("udp", net.JoinHostPort(ip.String(), "53"))
		if err != nil {
			continue
		}
		streams, err := net.Listen("tcp", packets.LocalAddr().String())
		if err != nil {
			packets.Close()
			continue
		}
		for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: streams}} {
			server.Handler = dns.HandlerFunc(z.answer)
			go func() { _ = server.ActivateAndServe() }()
		}
		z.address = packets.LocalAddr().String()
		z.Server = httptest.NewServer(http.HandlerFunc(z.take))
		t.Cleanup(func() { z.Close(); packets.Close(); streams.Close() })
		return z
	}
	t.Fatal("port 53 is free at no address of the loopback")
	return nil
}

// take is set-txt and clear-txt of the lab's name server.
func (z *zone) take(w http.ResponseWriter, r *http.Request) {
	var record struct{ Host, Value string }
	if err := json.NewDecoder(r.Body).Decode(&record); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if r.URL.Path == "/clear-txt" {
		delete(z.records, record.Host)
		return
	}
	z.records[record.Host] = append(z.records[record.Host], record.Value)
}

func (z *zone) answer(w dns.ResponseWriter, question *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	answer := new(dns.Msg).SetReply(question)
	answer.Authoritative = true
	name := strings.ToLower(question.Question[0].Name)
	add := func(format string, args ...any) {
		record, err := dns.NewRR(fmt.Sprintf(format, args...))
		if err == nil {
			answer.Answer = append(answer.Answer, record)
		}
	}
	host, _, _ := net.SplitHostPort(z.address)
	switch kind := question.Question[0].Qtype; {
	case name == "_acme-challenge.away.example.test." && (kind == dns.TypeCNAME || kind == dns.TypeTXT):
		add("%s 1 CNAME away_1.example.test.", name)
		if kind == dns.TypeTXT {
			z.addTexts("away_1.example.test.", add)
		}
	case kind == dns.TypeTXT:
		z.addTexts(name, add)
	case kind == dns.TypeNS && name == "example.test.":
		add("example.test. 1 NS ns.example.test.")
	case kind == dns.TypeSOA && name == "example.test.":
		add("example.test. 1 SOA ns.example.test. root.example.test. 1 1 1 1 1")
	case kind == dns.TypeA:
		add("%s 1 A %s", name, host)
	}
	_ = w.WriteMsg(answer)
}

func (z *zone) addTexts(name string, add func(format string, args ...any)) {
	if z.late--; z.late >= 0 {
		return
	}
	for _, text := range z.records[name] {
		add("%s 1 TXT %q", name, text)
	}
}

// TestRecordOfAHookIsWaitedFor at the zone's own name server, and the program of lego gets
// the name that an alias leads to.
func TestRecordOfAHookIsWaitedFor(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	z := serveZone(t, 4)
	pebble := lab.MustPebble(t, h.programs, lab.PebbleOptions{Dir: h.dir, Resolver: z.address})
	h.pebble.Directory, h.pebble.Roots = pebble.Directory, pebble.Roots
	h.configure(fmt.Sprintf(`
[[hook]]
name = "lab"
protocol = "lego"
run = %q
resolvers = [%q]
env = { NAMES = %q, CALLS = "@calls", API_TOKEN = %q }
`, h.script("lego.sh"), z.address, z.URL, secret))
	said := h.wcme(0, "certify", "*.away.example.test")
	if got, want := h.called(), "present for away_1.example.test.\ncleanup for away_1.example.test.\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if want := "away_1.example.test: seen by 1 of 1 name servers"; !strings.Contains(said, want) {
		t.Errorf("%q is missing in\n%s", want, said)
	}
	h.checkNothingLeft(said)
	z.mu.Lock()
	defer z.mu.Unlock()
	if len(z.records) > 0 || z.late >= 0 { // the CA, which asks but once, found it
		t.Errorf("left: %v, %d questions are to find nothing", z.records, z.late)
	}

}

func TestZoneThatIsNowhereIsToldBeforeTheCAIsAsked(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	z := serveZone(t, 0)
	h.configure(fmt.Sprintf("\n[[hook]]\nname = \"lab\"\nprotocol = \"lego\"\nrun = %q\nresolvers = [%q]\n", h.script("lego.sh"), z.address))
	said := h.wcme(2, "certify", "*.example.org")
	if !strings.Contains(said, "find the zone of *.example.org") || strings.Contains(said, "placed") {
		t.Errorf("got\n%s", said)
	}
}
