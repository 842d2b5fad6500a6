package probe_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/dns/dnsmessage"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/probe"
)

// FuzzReceived: what wCME writes is read as it was, and whatever else comes is inert.
func FuzzReceived(f *testing.F) {
	f.Add("/cgi-bin/wcme/.well-known/acme-challenge/x", "www.example.test:80", "HTTP/1.1", "192.0.2.1", `{"path":"\u001b"}`)
	f.Add("\x00\xff\u202e\U0001f600", `"\`, "", "::1", "{")
	f.Add("/\x1b[2J\u202e", "a\r\nb", "", "", `{"host":"\u001b[2J"}`)
	f.Fuzz(func(t *testing.T, path, host, protocol, address, raw string) {
		header := challenge.ReceivedHeader(acmecore.Received{Path: path, Host: host, Protocol: protocol, Address: address})
		for _, c := range []byte(header.Value) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q has %q in it", header.Value, c)
			}
		}
		got := probe.ParseReceived(header.Value)
		if got == nil || len(header.Value) > 2<<10 {
			t.Fatalf("cannot be read: %q", header.Value)
		}
		if header.Value != "{}" && len(path) <= 300 && utf8.ValidString(path) && got.Path != acmecore.Inert(path) {
			t.Errorf("path: got %q, want %q", got.Path, path)
		}
		if other := probe.ParseReceived(raw); other != nil && acmecore.Inert(other.Host) != other.Host {
			t.Errorf("%q is not inert", other.Host)
		}
	})
}

// FuzzLocation: no redirect leads anywhere but to http and https.
func FuzzLocation(f *testing.F) {
	for _, seed := range []string{"/x", "//a.example/", "https://a.example:443/", "http://[::1]/", "ftp://a/", "HTTP://A.EXAMPLE", "http://a@b/", "?x", "", "\x00"} {
		f.Add(seed)
	}
	from, err := url.Parse("http://www.example.test/.well-known/acme-challenge/x")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, location string) {
		target := probe.Follow(from, location)
		if target == "" {
			return
		}
		parsed, err := url.Parse(target)
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.Fragment != "" {
			t.Fatalf("%q leads to %q, %v", location, target, err)
		}
		if port := parsed.Port(); port != "" && port != "80" && port != "443" || len(parsed.Path) > 2000 || strings.ContainsAny(parsed.Host, "\r\n \x00") {
			t.Errorf("%q leads to %q", location, target)
		}
	})
}

// FuzzAddresses: an answer of a name server.
func FuzzAddresses(f *testing.F) {
	query := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("www.example.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	packed, err := query.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reply(packed, nil, "192.0.2.1", "2001:db8::1"))
	f.Add(packed)
	f.Fuzz(func(t *testing.T, answer []byte) {
		found, err := probe.ReadAddresses(answer)
		if err != nil && len(found) > 0 || len(found) > len(answer) {
			t.Errorf("%q: %v, %v", answer, found, err)
		}
	})
}
