package probe_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"wcme/acmecore/probe"
)

func TestServersThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	nobody, err := refusing(t, "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	const late = "no answer in time"
	for _, row := range []struct {
		what   string
		server netip.AddrPort
		want   string
		text   string
	}{
		{"nobody listens", nobody, "no connection", "connection refused"},
		{"it closes the connection", raw(t, func(net.Conn) {}), "no answer", "EOF"},
		{"it speaks something else", raw(t, func(c net.Conn) { io.WriteString(c, "220 mail.example.test ESMTP\r\n") }), "no answer", "no answer that is HTTP"},
		{"it says nothing", raw(t, func(c net.Conn) { io.Copy(io.Discard, c) }), "no answer", late},
		{"its body ends early", raw(t, func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
		}), "no answer", "unexpected EOF"},
		{"its headers never end", raw(t, func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}), "no answer", "no answer that is HTTP"},
		{"its body comes slowly", raw(t, func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
			}
		}), "no answer", late},
	} {
		reach := check(t, new(board), row.server, func(o *probe.Options) {
			if row.text == late {
				o.Patience = 2 * time.Second // which connecting must not take, on a slow host neither
			}
		})
		text := reach.Visits[0].Findings[1].Text
		if got := verdicts(reach); got != row.want || !strings.Contains(text, row.text) || reach.Answered {
			t.Errorf("%s: got %q, %q; want %q", row.what, got, text, row.want)
		}
		explained(t, row.what, reach)
	}
}

// TestHostileAnswersAreBoundedAndInert: what comes back is shown to people.
func TestHostileAnswersAreBoundedAndInert(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what, head string
		body       func(io.Writer) error
		want       string
	}{
		{"an endless body", "HTTP/1.1 200 OK\r\n\r\n", endless, "other answer"},
		{"a body of 1 GB", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", endless, "other answer"},
		{"control sequences", "HTTP/1.1 200 OK\r\nServer: \x1b[31mred\x07\r\nContent-Length: 9\r\n\r\n\x1b]0;x\x07\r\n\u202e", nil, "no answer"},
		{"control sequences in the body", "HTTP/1.1 200 OK\r\nServer: \u202e\u009b1m\xff\r\nContent-Length: 15\r\n\r\n\x1b]0;x\x07\r\n\u202e\u009b1m", nil, "other answer"},
		{"control sequences in a redirect", "HTTP/1.1 302 Found\r\nLocation: http://a\x1b[2J/\r\nContent-Length: 0\r\n\r\n", nil, "no answer"},
		{"a bidirectional override in a redirect", "HTTP/1.1 302 Found\r\nLocation: ftp://a/\u202eexe\r\nContent-Length: 0\r\n\r\n", nil, "bad redirect"},
		{"a long redirect", "HTTP/1.1 302 Found\r\nLocation: ftp://a/" + strings.Repeat("a", 10_000) + "\r\nContent-Length: 0\r\n\r\n", nil, "bad redirect"},
		{"a lie about what was received", "HTTP/1.1 200 OK\r\nWcme-Received: {\"path\":\"\\u001b[2J\"}\r\nContent-Length: 1\r\n\r\nx", nil, "other answer"},
	} {
		server := raw(t, func(c net.Conn) {
			io.WriteString(c, row.head)
			for row.body != nil && row.body(c) == nil {
			}
		})
		reach := check(t, new(board), server)
		explained(t, row.what, reach)
		visit := reach.Visits[0]
		for _, text := range []string{visit.Body, visit.Hops[0].Server, visit.Hops[0].Location, visit.Findings[1].Text} {
			if len(text) > 1100 || strings.ContainsAny(text, "\x1b\x07\r\n\u202e") {
				t.Errorf("%s: %d bytes of %.300q", row.what, len(text), text)
			}
		}
		if got := verdicts(reach); got != row.want {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
		if reach.Answered || visit.Received != nil {
			t.Errorf("%s: taken for an answer: %+v", row.what, visit)
		}
	}
}

func endless(w io.Writer) error {
	_, err := io.WriteString(w, strings.Repeat("x", 1<<16))
	return err
}
