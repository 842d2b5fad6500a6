package probe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/probe"
)

// respond answers everything in the same way.
func respond(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestVerdictOfAnAnswer(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("x", 43)
	for _, row := range []struct {
		what     string
		handler  func(b *board) http.HandlerFunc
		want     string
		answered bool
	}{
		{"wCME itself", func(b *board) http.HandlerFunc { return b.pages("") }, "reached", true},
		{"wCME behind a mapping", func(b *board) http.HandlerFunc { return b.pages("/cgi-bin/wcme") }, "reached", true},
		{"the files", func(b *board) http.HandlerFunc { return b.serve }, "served", true},
		{"white space at its end", func(b *board) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { b.serve(w, r); io.WriteString(w, " \t\r\n\n") }
		}, "served", true},
		{"so much of it that a CA stops reading", func(b *board) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				b.serve(w, r)
				io.WriteString(w, strings.Repeat("\n", 50))
			}
		}, "too long", false},
		{"a footer", func(b *board) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { b.serve(w, r); io.WriteString(w, "<!-- 3 ms -->") }
		}, "too long", false},
		{"right, with another status", func(b *board) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(203); b.serve(w, r) }
		}, "other status", false},
		{"another wCME, or state directory", answer(404, challenge.Absent), "other root", false},
		{"nothing there", answer(404, "404 page not found"), "unmapped", false},
		{"a password", answer(401, "no", "WWW-Authenticate", "Basic"), "guarded", false},
		{"forbidden", answer(403, "<html>"), "guarded", false},
		{"a server that is broken", answer(500, "oops"), "other status", false},
		{"one that does not know the host", answer(421, ""), "other status", false},
		{"a page", answer(200, "<!doctype html><p>Welcome"), "other answer", false},
		{"a page by its type", answer(200, "hello", "Content-Type", "text/html"), "other answer", false},
		{"empty", answer(200, ""), "other answer", false},
		{"another client's token", answer(200, other+"."+other), "other answer", false},
		{"any text", answer(200, "It works!"), "other answer", false},
		{"another client's account", func(*board) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]+"."+other)
			}
		}, "other answer", false},
	} {
		b := new(board)
		reach := check(t, b, serve(t, "127.0.0.1", row.handler(b)))
		if got := verdicts(reach); got != row.want || reach.Answered != row.answered {
			t.Errorf("%s: got %q, answered %v; want %q", row.what, got, reach.Answered, row.want)
		}
		explained(t, row.what, reach)
		if visit := reach.Visits[0]; (visit.Body == "") != row.answered && row.what != "empty" && !strings.Contains(row.what, "host") {
			t.Errorf("%s: body %q", row.what, visit.Body)
		}
	}
}

func answer(status int, body string, headers ...string) func(*board) http.HandlerFunc {
	return func(*board) http.HandlerFunc { return respond(status, body, headers...) }
}

// TestRequestIsThatOfACA: nothing in it but what a CA sends.
func TestRequestIsThatOfACA(t *testing.T) {
	t.Parallel()
	b := new(board)
	var got *http.Request
	reach := check(t, b, serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
		got = r
		b.serve(w, r)
	}))
	if got.Method != "GET" || got.Host != string(name) || got.RequestURI != reach.Path || got.TLS != nil {
		t.Errorf("got %s %s of %s, want GET %s of %s", got.Method, got.RequestURI, got.Host, reach.Path, name)
	}
	if !strings.HasPrefix(reach.Path, "/.well-known/acme-challenge/wcme-probe-") || len(reach.Path) < 27+11+22 {
		t.Errorf("path %s", reach.Path)
	}
	want := http.Header{"User-Agent": {"wcme/test check"}, "Accept": {"*/*"}, "Connection": {"close"}}
	if fmt.Sprint(got.Header) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got.Header, want)
	}
}

func TestEachProbeIsAnother(t *testing.T) {
	t.Parallel()
	b := new(board)
	server := serve(t, "127.0.0.1", b.serve)
	if first, second := check(t, b, server).Path, check(t, b, server).Path; first == second {
		t.Errorf("twice %s", first)
	}
}

// TestReceivedIsWhatArrives has a server in front that changes what it passes on.
func TestReceivedIsWhatArrives(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what   string
		change func(*httputil.ProxyRequest)
		want   string
		path   func(sent string) string
		host   string
	}{
		{"nothing", func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host }, "reached", func(p string) string { return p }, string(name)},
		{"case, as WASD's front server does", func(r *httputil.ProxyRequest) {
			r.Out.Host, r.Out.URL.Path = r.In.Host, strings.ToLower(r.Out.URL.Path)
		}, "reached, case changed", strings.ToLower, string(name)},
		{"the host", func(r *httputil.ProxyRequest) { r.Out.Host = "inner.lan:8080" }, "reached, host changed",
			func(p string) string { return p }, "inner.lan:8080"},
		{"the host's case, which does not count", func(r *httputil.ProxyRequest) { r.Out.Host = "WWW.Example.Test" }, "reached",
			func(p string) string { return p }, "WWW.Example.Test"},
	} {
		b := new(board)
		inner := serve(t, "127.0.0.1", b.pages("/cgi-bin/wcme"))
		target := &url.URL{Scheme: "http", Host: inner.String()}
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); row.change(r) }}
		reach := check(t, b, serve(t, "127.0.0.1", proxy.ServeHTTP))
		if got := verdicts(reach); got != row.want || !reach.Answered {
			t.Errorf("%s changes: got %q, want %q", row.what, got, row.want)
		}
		explained(t, row.what, reach)
		want := acmecore.Received{Path: "/cgi-bin/wcme" + row.path(reach.Path), Host: row.host, Protocol: "HTTP/1.1", Address: "127.0.0.1"}
		if got := reach.Visits[0].Received; got == nil || *got != want {
			t.Errorf("%s changes: got %+v, want %+v", row.what, got, want)
		}
	}
}

// TestEachAddressIsAsked: of a name with two, one is dead.
func TestEachAddressIsAsked(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		alive, dead string
		hint        string
	}{
		{"127.0.0.1", "::1", "IPv6 first"},
		{"::1", "127.0.0.1", "CAs take any of them"},
		{"127.0.0.1", "127.0.0.2", "CAs take any of them"},
	} {
		b := new(board)
		server := serveBeside(t, row.alive, row.dead, b.serve)
		reach := check(t, b, server, func(o *probe.Options) {
			o.Lookup = hosts(map[string][]string{string(name): {row.alive, row.dead}})
		})
		if reach.Answered || len(reach.Visits) != 2 {
			t.Fatalf("%s dead: got %+v", row.dead, reach)
		}
		for _, visit := range reach.Visits {
			if visit.Answered != (visit.Address == row.alive) {
				t.Errorf("%s dead: %s answered: %v", row.dead, visit.Address, visit.Answered)
			}
		}
		partly := reach.Findings[0]
		if partly.Verdict != acmecore.Partly || !strings.HasSuffix(partly.Text, "1 of 2 addresses answer rightly; not: "+row.dead) || !strings.Contains(partly.Try, row.hint) {
			t.Errorf("%s dead: got %+v", row.dead, partly)
		}
		if got := verdicts(reach); !strings.Contains(got, "no connection") {
			t.Errorf("%s dead: verdicts %s", row.dead, got)
		}
		explained(t, row.dead, reach)
	}
}

func TestUnresolvedNames(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what string
		err  error
		want string
	}{
		{"no such name", &net.DNSError{Err: "no such host", IsNotFound: true}, "no address"},
		{"no address of it", nil, "no address"},
		{"SERVFAIL", &net.DNSError{Err: "SERVFAIL", IsTemporary: true}, "SERVFAIL"},
		{"no answer", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, "in time"},
	} {
		b := new(board)
		reach := check(t, b, netip.AddrPort{}, func(o *probe.Options) {
			o.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, row.err }
		})
		if got := verdicts(reach); got != "unresolved" || reach.Answered || !strings.Contains(reach.Findings[0].Text, row.want) || b.published != 0 {
			t.Errorf("%s: got %+v, published %d times", row.what, reach, b.published)
		}
		explained(t, row.what, reach)
	}
}

func TestManyAddressesAreNotAllAsked(t *testing.T) {
	t.Parallel()
	b := new(board)
	server := serve(t, "127.0.0.1", b.serve)
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf("127.0.1.%d", i+1)
	}
	reach := check(t, b, server, func(o *probe.Options) { o.Lookup = hosts(map[string][]string{string(name): many}) })
	if len(reach.Visits) != 16 || reach.Findings[0].Verdict != acmecore.TooManyPlaces {
		t.Errorf("%d addresses asked; %+v", len(reach.Visits), reach.Findings)
	}
}

// TestPrivateAddressesAreNoted: that is all, because a CA of one's own may be inside.
func TestPrivateAddressesAreNoted(t *testing.T) {
	t.Parallel()
	b := new(board)
	reach := check(t, b, serve(t, "127.0.0.1", b.serve))
	first := reach.Visits[0].Findings[0]
	if first.Verdict != acmecore.Private || first.Wrong || !strings.Contains(first.Text, "not reachable from the Internet") || !reach.Answered {
		t.Errorf("got %+v", first)
	}
}

func TestFindingsAreReportedAsTheyCome(t *testing.T) {
	t.Parallel()
	b := new(board)
	var steps []acmecore.Step
	reach := check(t, b, serve(t, "127.0.0.1", b.serve), func(o *probe.Options) {
		o.Progress = func(step acmecore.Step) { steps = append(steps, step) }
	})
	if len(steps) != len(reach.Visits[0].Findings) || steps[0].Subject != string(name) || steps[0].Stage != "check" ||
		steps[len(steps)-1].Text != "127.0.0.1: "+reach.Visits[0].Findings[len(steps)-1].Text {
		t.Errorf("got %+v", steps)
	}
}

func TestCancelledCheckWithdraws(t *testing.T) {
	t.Parallel()
	b := new(board)
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, "127.0.0.1", func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	p := probe.New(probe.Options{Challenges: b, Port: int(server.Port()), Lookup: hosts(map[string][]string{string(name): {"127.0.0.1"}}),
		Progress: func(step acmecore.Step) {
			if !strings.Contains(step.Text, "not reachable from the Internet") {
				t.Errorf("told: %s", step.Text)
			}
		}})
	_, err := p.Check(ctx, name)
	if !errors.Is(err, context.Canceled) || b.published != 1 || b.withdrawn != 1 {
		t.Errorf("got %v, published %d, withdrawn %d", err, b.published, b.withdrawn)
	}
}

func TestUnpublishedProbeIsAnError(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left on device")
	b := &board{refuses: full}
	p := probe.New(probe.Options{Challenges: b, Lookup: hosts(map[string][]string{string(name): {"127.0.0.1"}})})
	if _, err := p.Check(t.Context(), name); !errors.Is(err, full) || b.withdrawn != 1 {
		t.Errorf("got %v, withdrawn %d times", err, b.withdrawn)
	}
}

// TestOutsideAsksPublicAddressesAlone: for such a name nobody is asked, nothing is
// published, and it is said why.
func TestOutsideAsksPublicAddressesAlone(t *testing.T) {
	t.Parallel()
	b, asked := new(board), new(atomic.Int32)
	endpoint := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) { asked.Add(1); b.serve(w, r) })
	prober := probe.New(probe.Options{Challenges: b, Port: int(endpoint.Port()), Outside: func(n acmecore.Name) bool { return n != name },
		Lookup: hosts(map[string][]string{string(name): {"127.0.0.1"}, "new.example.test": {"127.0.0.1", "10.0.0.1", "fe80::1", "169.254.169.254", "::1"}})})
	reach, err := prober.Check(t.Context(), "new.example.test")
	if err != nil || asked.Load() != 0 || b.published != 0 || len(reach.Visits) != 0 || reach.Path != "" || reach.Answered {
		t.Fatalf("asked %d times, published %d times: %+v, %v", asked.Load(), b.published, reach, err)
	}
	if f := reach.Findings; len(f) != 1 || f[0].Verdict != acmecore.Private || f[0].Wrong || !strings.Contains(f[0].Text, "and 4 more") || f[0].Try == "" {
		t.Errorf("findings: %+v", f)
	}
	if reach, err := prober.Check(t.Context(), name); err != nil || !reach.Answered || asked.Load() != 1 {
		t.Errorf("a name that may be asked for everywhere: %+v, %v", reach, err)
	}
}
