package probe_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/probe"
)

// redirecting answers a challenge's first request with a redirect, and all below
// /moved/ with the files.
func redirecting(b *board, status int, location func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/moved/") {
			b.serve(w, r)
			return
		}
		if to := location(r); to != "" {
			w.Header().Set("Location", to)
		}
		w.WriteHeader(status)
	}
}

// TestRedirectsAreFollowedAsByACA: PORT is the server's, which stands for 80; NAME
// is the challenge's path.
func TestRedirectsAreFollowedAsByACA(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what     string
		status   int
		location string
		want     string
		text     string
	}{
		{"301", 301, "/movedPATH", "served, redirected", ""},
		{"302", 302, "/movedPATH", "served, redirected", ""},
		{"307", 307, "/movedPATH", "served, redirected", ""},
		{"308", 308, "/movedPATH", "served, redirected", ""},
		{"303", 303, "/movedPATH", "bad redirect", "303"},
		{"300", 300, "/movedPATH", "other status", ""},
		{"304", 304, "", "other status", ""},
		{"without a Location", 302, "", "bad redirect", "no Location"},
		{"to https, whose certificate is another name's", 301, "https://www.example.test:PORT/movedPATH", "served, redirected", ""},
		{"to the name without a port", 301, "http://www.example.test/movedPATH", "served, redirected", ""},
		{"to the name in upper case", 301, "http://WWW.EXAMPLE.TEST:PORT/movedPATH", "served, redirected", ""},
		{"to another name", 301, "http://other.example.test:PORT/movedPATH", "served, redirected", ""},
		{"to an address", 301, "http://127.0.0.1:PORT/movedPATH", "served, redirected", ""},
		{"with a query and a fragment", 301, "/movedPATH?a=b#c", "served, redirected", ""},
		{"to a name that there is not", 301, "http://gone.example.test:PORT/movedPATH", "unresolved", "gone.example.test"},
		{"to another port", 301, "http://www.example.test:8443/movedPATH", "bad redirect", "port 8443"},
		{"to a port that is none", 301, "http://www.example.test:99999/movedPATH", "bad redirect", "port 99999"},
		{"to a file", 301, "file:///etc/passwd", "bad redirect", "neither http nor https"},
		{"to ftp", 301, "ftp://www.example.test/movedPATH", "bad redirect", "neither http nor https"},
		{"to a script", 301, "javascript:alert(1)", "bad redirect", "neither http nor https"},
		{"to a host that is none", 301, "http://a_b/movedPATH", "bad redirect", "no host name"},
		{"to a wildcard", 301, "http://*.example.test:PORT/movedPATH", "bad redirect", "no host name"},
		{"to an address with a dot at its end", 301, "http://127.0.0.1.:PORT/movedPATH", "served, redirected", ""},
		{"to no host", 301, "http:///movedPATH", "bad redirect", "no host name"},
		{"to what is no URL", 301, "http://[::1/moved", "bad redirect", "no URL"},
		{"to an address with a zone", 301, "http://[fe80::1%25eth0]:PORT/moved", "bad redirect", "no host name"},
		{"to itself", 301, "PATH", "bad redirect", "in a circle"},
		{"to a path that is too long", 301, "/moved/" + strings.Repeat("a", 2000), "bad redirect", "2007 bytes"},
	} {
		b := new(board)
		server := serve(t, "127.0.0.1", redirecting(b, row.status, func(r *http.Request) string {
			port := fmt.Sprint(r.Context().Value(http.LocalAddrContextKey))
			_, port, _ = strings.Cut(port, ":")
			return strings.NewReplacer("PORT", port, "PATH", r.URL.Path).Replace(row.location)
		}))
		reach := check(t, b, server, func(o *probe.Options) {
			o.Lookup = hosts(map[string][]string{string(name): {"127.0.0.1"}, "other.example.test": {"127.0.0.1"}})
		})
		if got := verdicts(reach); got != row.want || reach.Answered != strings.HasPrefix(row.want, "served") {
			t.Errorf("%s: got %q, want %q: %+v", row.what, got, row.want, reach.Visits[0].Findings)
		}
		if last := reach.Visits[0].Findings[1]; !strings.Contains(last.Text, row.text) {
			t.Errorf("%s: got %q, want %q in it", row.what, last.Text, row.text)
		}
		explained(t, row.what, reach)
		if want := 2; reach.Answered && len(reach.Visits[0].Hops) != want {
			t.Errorf("%s: hops %+v", row.what, reach.Visits[0].Hops)
		}
	}
}

// TestTenRedirectsAreFollowed, and not eleven.
func TestTenRedirectsAreFollowed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		redirects int
		want      string
	}{{10, "served, redirected"}, {11, "bad redirect"}} {
		b := new(board)
		server := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
			steps := strings.Count(r.URL.Path, "/on")
			if steps == row.redirects {
				b.serve(w, r)
				return
			}
			http.Redirect(w, r, "/on"+r.URL.Path, http.StatusFound)
		})
		reach := check(t, b, server)
		if got := verdicts(reach); got != row.want {
			t.Errorf("%d redirects: got %q, want %q", row.redirects, got, row.want)
		}
		if hops := len(reach.Visits[0].Hops); hops != 11 {
			t.Errorf("%d redirects: %d requests, want 11", row.redirects, hops)
		}
	}
}

// TestCirclesEnd: of two addresses that redirect to each other.
func TestCirclesEnd(t *testing.T) {
	t.Parallel()
	reach := check(t, new(board), serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		if rest, found := strings.CutPrefix(r.URL.Path, "/a"); found {
			http.Redirect(w, r, rest, http.StatusFound)
			return
		}
		http.Redirect(w, r, "/a"+r.URL.Path, http.StatusFound)
	}))
	if got := verdicts(reach); got != "bad redirect" || len(reach.Visits[0].Hops) != 2 {
		t.Errorf("got %q after %d requests", got, len(reach.Visits[0].Hops))
	}
}

// TestRedirectToWhatIsNoTLS: the server there speaks something else.
func TestRedirectToWhatIsNoTLS(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go moveToNoTLS(conn)
		}
	}()
	reach := check(t, new(board), listener.Addr().(*net.TCPAddr).AddrPort())
	if got := verdicts(reach); got != "no TLS" {
		t.Errorf("got %q: %+v", got, reach.Visits[0])
	}
	explained(t, "no TLS", reach)
}

// moveToNoTLS redirects to https at the same port, and answers whoever begins with TLS as
// a mail server does.
func moveToNoTLS(conn net.Conn) {
	defer conn.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(conn, first); err != nil {
		return
	}
	if first[0] == 22 {
		io.WriteString(conn, "220 mail.example.test ESMTP\r\n")
	} else {
		_, port, _ := net.SplitHostPort(conn.LocalAddr().String())
		fmt.Fprintf(conn, "HTTP/1.1 301 Moved\r\nLocation: https://%s:%s/\r\nContent-Length: 0\r\n\r\n", name, port)
	}
	io.Copy(io.Discard, conn) // what is closed with something unread is reset, and what was said may be lost
}

// TestRedirectPrefersIPv6 and takes IPv4 where nobody accepts connections.
func TestRedirectPrefersIPv6(t *testing.T) {
	t.Parallel()
	b := new(board)
	server := serveBeside(t, "127.0.0.1", "::1", redirecting(b, 301, func(r *http.Request) string {
		address := r.Context().Value(http.LocalAddrContextKey).(fmt.Stringer)
		return "http://other.example.test:" + netip.MustParseAddrPort(address.String()).String()[len("127.0.0.1:"):] + "/moved" + r.URL.Path
	}))
	reach := check(t, b, server, func(o *probe.Options) {
		o.Lookup = hosts(map[string][]string{string(name): {"127.0.0.1"}, "other.example.test": {"127.0.0.1", "127.0.0.9", "::1"}})
	})
	hops := reach.Visits[0].Hops
	if len(hops) != 3 || !strings.HasPrefix(hops[1].Address, "[::1]:") || hops[1].Status != 0 || !strings.HasPrefix(hops[2].Address, "127.0.0.1:") || !reach.Answered {
		t.Errorf("got %+v", hops)
	}
}

// TestPublicNamesLeadNobodyInside: what a public server redirects to is not asked
// for inside, where we may ask what others may not.
func TestPublicNamesLeadNobodyInside(t *testing.T) {
	t.Parallel()
	for what, target := range map[string]string{
		"an address of this host":          "http://127.0.0.1/",
		"an address of this host, as IPv6": "http://[::ffff:127.0.0.1]/",
		"an address of the site":           "http://10.0.0.1/",
		"where clouds keep their secrets":  "http://169.254.169.254/latest",
		"a name with such an address":      "http://inside.example.test/",
		"one of two addresses":             "http://both.example.test/",
	} {
		parsed, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		p := probe.New(probe.Options{Lookup: hosts(map[string][]string{"inside.example.test": {"10.0.0.1"}, "both.example.test": {"2606:4700::1", "10.0.0.1"}})})
		if wrong := p.MayAsk(t.Context(), netip.MustParseAddr("8.8.8.8"), parsed); wrong == nil || wrong.Verdict != acmecore.BadRedirect {
			t.Errorf("%s: got %+v", what, wrong)
		}
		if wrong := p.MayAsk(t.Context(), netip.MustParseAddr("10.0.0.7"), parsed); wrong != nil {
			t.Errorf("%s, from inside: got %+v", what, wrong)
		}
	}
}
