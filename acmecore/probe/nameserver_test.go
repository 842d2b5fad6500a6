package probe_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"wcme/acmecore/probe"
	"wcme/deploy/lab"
)

// TestNameServerIsAsked: the lab's, which says what it is told to.
func TestNameServerIsAsked(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir()})
	names := pebble.Names
	if err := errors.Join(
		names.Manage(t.Context(), "/add-a", map[string]any{"host": "two.example.test", "addresses": []string{"192.0.2.9", "192.0.2.1"}}),
		names.Manage(t.Context(), "/add-aaaa", map[string]any{"host": "two.example.test", "addresses": []string{"2001:db8::1"}}),
		names.Manage(t.Context(), "/set-servfail", map[string]any{"host": "broken.example.test"}),
		names.Manage(t.Context(), "/set-default-ipv4", map[string]any{"ip": ""}),
		names.Manage(t.Context(), "/add-a", map[string]any{"host": "localhost", "addresses": []string{"192.0.2.7"}}),
	); err != nil {
		t.Fatal(err)
	}
	lookup := probe.NameServer(names.DNS)
	for _, row := range []struct{ host, want string }{
		{"two.example.test", "[2001:db8::1 192.0.2.1 192.0.2.9] <nil>"},
		{"localhost", "[192.0.2.7] <nil>"}, // /etc/hosts says something else
		{"gone.example.test", "[] <nil>"},
		{"broken.example.test", "[] lookup broken.example.test on " + names.DNS + ": SERVFAIL"},
	} {
		found, err := lookup(t.Context(), row.host)
		if got := fmt.Sprint(found, err); got != row.want {
			t.Errorf("%s: got %s, want %s", row.host, got, row.want)
		}
	}
}

// nameServer answers questions by UDP and TCP on one port.
func nameServer(t *testing.T, udp, tcp func(query []byte) [][]byte) string {
	t.Helper()
	packets, streams := listenBoth(t)
	t.Cleanup(func() { packets.Close(); streams.Close() })
	go func() {
		for buffer := make([]byte, 1500); ; {
			n, from, err := packets.ReadFrom(buffer)
			if err != nil {
				return
			}
			for _, answer := range udp(buffer[:n]) {
				packets.WriteTo(answer, from)
			}
		}
	}()
	go func() {
		for {
			conn, err := streams.Accept()
			if err != nil {
				return
			}
			var length [2]byte
			io.ReadFull(conn, length[:])
			query := make([]byte, binary.BigEndian.Uint16(length[:]))
			io.ReadFull(conn, query)
			for _, answer := range tcp(query) {
				conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
			conn.Close()
		}
	}()
	return streams.Addr().String()
}

// listenBoth finds a port that is free for both.
func listenBoth(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		streams, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		packets, err := net.ListenPacket("udp", streams.Addr().String())
		if err == nil {
			return packets, streams
		}
		streams.Close()
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

// reply answers a query with addresses of the type asked for.
func reply(query []byte, change func(*dnsmessage.Message), addresses ...string) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil
	}
	m.Response = true
	question := m.Questions[0]
	header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1}
	for _, text := range addresses {
		address := netip.MustParseAddr(text)
		switch {
		case address.Is4() && question.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: address.As4()}})
		case address.Is6() && question.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: address.As16()}})
		}
	}
	if change != nil {
		change(&m)
	}
	packed, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packed
}

func one(answer []byte) [][]byte { return [][]byte{answer} }

func TestNameServersThatMisbehave(t *testing.T) {
	t.Parallel()
	right := func(query []byte) [][]byte { return one(reply(query, nil, "192.0.2.1", "2001:db8::1")) }
	code := func(code dnsmessage.RCode) func([]byte) [][]byte {
		return func(query []byte) [][]byte {
			return one(reply(query, func(m *dnsmessage.Message) { m.RCode = code }))
		}
	}
	before := func(first func(*dnsmessage.Message)) func([]byte) [][]byte {
		return func(query []byte) [][]byte {
			return [][]byte{reply(query, first, "10.6.6.6", "fd66::6"), reply(query, nil, "192.0.2.1", "2001:db8::1")}
		}
	}
	none := func([]byte) [][]byte { return nil }
	alias := func(query []byte) [][]byte {
		return one(reply(query, func(m *dnsmessage.Message) {
			target := dnsmessage.MustNewName("real.example.test.")
			cname := dnsmessage.Resource{Header: m.Answers[0].Header, Body: &dnsmessage.CNAMEResource{CNAME: target}}
			m.Answers[0].Header.Name = target
			m.Answers = append([]dnsmessage.Resource{cname}, m.Answers...)
		}, "192.0.2.1", "2001:db8::1"))
	}
	const both = "[2001:db8::1 192.0.2.1]"
	for _, row := range []struct {
		what     string
		udp, tcp func([]byte) [][]byte
		want     string
		problem  string
	}{
		{"none", right, none, both, ""},
		{"an alias", alias, none, both, ""},
		{"an answer to another question first", before(func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("evil.test.") }), none, both, ""},
		{"an answer of another number first", before(func(m *dnsmessage.Message) { m.ID++ }), none, both, ""},
		{"a question first", before(func(m *dnsmessage.Message) { m.Response = false }), none, both, ""},
		{"noise first", func(q []byte) [][]byte { return append([][]byte{{1}, {}}, right(q)...) }, none, both, ""},
		{"too long for UDP", func(q []byte) [][]byte {
			return one(reply(q, func(m *dnsmessage.Message) { m.Truncated = true }))
		}, right, both, ""},
		{"no such name", code(dnsmessage.RCodeNameError), none, "[]", "no such host"},
		{"SERVFAIL", code(dnsmessage.RCodeServerFailure), code(dnsmessage.RCodeServerFailure), "[]", "SERVFAIL"},
		{"REFUSED", code(dnsmessage.RCodeRefused), code(dnsmessage.RCodeRefused), "[]", "REFUSED"},
		{"a bad number of records", func(q []byte) [][]byte {
			answer := reply(q, nil, "192.0.2.1", "2001:db8::1")
			answer[7] = 200
			return one(answer)
		}, none, "[]", "EOF"},
		{"IPv6 unknown to it", func(q []byte) [][]byte {
			return one(reply(q, func(m *dnsmessage.Message) {
				if m.Questions[0].Type == dnsmessage.TypeAAAA {
					m.RCode = dnsmessage.RCodeNotImplemented
				}
			}, "192.0.2.1"))
		}, none, "[192.0.2.1]", ""},
	} {
		found, err := probe.NameServer(nameServer(t, row.udp, row.tcp))(t.Context(), "www.example.test")
		if fmt.Sprint(found) != row.want || (err == nil) != (row.problem == "") || err != nil && !strings.Contains(err.Error(), row.problem) {
			t.Errorf("%s: got %v, %v; want %s, %q", row.what, found, err, row.want, row.problem)
		}
		dns := new(net.DNSError)
		if err != nil && (!errors.As(err, &dns) || dns.IsNotFound != (row.problem == "no such host")) {
			t.Errorf("%s: got %#v", row.what, err)
		}
	}
}

func TestNameServerThatIsSilent(t *testing.T) {
	t.Parallel()
	none := func([]byte) [][]byte { return nil }
	ctx, cancel := context.WithCancel(t.Context())
	server := nameServer(t, func([]byte) [][]byte { cancel(); return nil }, none)
	if found, err := probe.NameServer(server)(ctx, "www.example.test"); err == nil || len(found) > 0 {
		t.Errorf("got %v, %v", found, err)
	}
}

// TestSystemKnowsItsHostsFile, which has at least this one.
func TestSystemKnowsItsHostsFile(t *testing.T) {
	t.Parallel()
	found, err := probe.System(t.Context(), "localhost")
	if err != nil || !slices.Contains(found, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "100.128.0.1": true, "172.32.0.1": true,
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.0.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "::": false, "fe80::1": false, "fd00::1": false, "fc00::1": false,
		"224.0.0.1": false, "ff02::1": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"2001:db8::1": false, "255.255.255.255": false, "240.0.0.1": false, "198.18.0.1": false,
	} {
		if got := probe.IsPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %v, want %v", text, got, want)
		}
	}
}
