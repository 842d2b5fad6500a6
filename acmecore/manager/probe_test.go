package manager_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

// probed is a setting with a name server that says 127.0.0.1, and IPv6 of none, for
// every name, and a web server there.
type probed struct {
	*setting
	*manager.Manager
	dns  string
	port int
}

// newProbed starts the web server with a handler for the state directory.
func newProbed(t *testing.T, configuration string, handler func(s *setting) http.Handler) probed {
	t.Helper()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir()})
	s := newSetting(t, configuration)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler(s)}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return probed{s, s.manager(), pebble.Names.DNS, listener.Addr().(*net.TCPAddr).Port}
}

func (p probed) request(names ...acmecore.Name) control.ChallengeRequest {
	return control.ChallengeRequest{Names: names, DNS: p.dns, Port: p.port}
}

// files serves a directory as any web server can.
func files(dir string) http.Handler {
	return http.StripPrefix("/.well-known/acme-challenge/", http.FileServer(http.Dir(dir)))
}

func (s *setting) empty(elements ...string) {
	s.Helper()
	if entries, err := os.ReadDir(s.path(elements...)); err != nil || len(entries) > 0 {
		s.Errorf("%s: %v, %v; want nothing", s.path(elements...), entries, err)
	}
}

func TestCheckChallengeAsksForAllThatIsManaged(t *testing.T) {
	t.Parallel()
	p := newProbed(t, "", func(s *setting) http.Handler { return files(s.path("www")) })
	p.record("names = [\"www.example.test\", \"shop.example.test\"]\n")
	var told steps
	reaches, err := p.CheckChallenge(t.Context(), p.request(), told.of("check", nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(reaches) != 2 || reaches[0].Name != "www.example.test" || reaches[1].Name != "shop.example.test" || !reaches[0].Answered || !reaches[1].Answered {
		t.Errorf("got %+v", reaches)
	}
	if !told.has("check", "127.0.0.1: answered rightly, not by wCME itself") {
		t.Errorf("steps %v", told.list)
	}
	p.empty("www")
}

func TestCheckChallengeRefuses(t *testing.T) {
	t.Parallel()
	m := newSetting(t, "").manager()
	many := make([]acmecore.Name, 101)
	for i := range many {
		many[i] = acmecore.Name(fmt.Sprintf("n%d.example.test", i))
	}
	one := []acmecore.Name{"www.example.test"}
	for what, request := range map[string]control.ChallengeRequest{
		"nothing managed":            {},
		"too many names":             {Names: many},
		"a name that is none":        {Names: []acmecore.Name{"a b"}},
		"a negative port":            {Names: one, Port: -1},
		"a port that is none":        {Names: one, Port: 65536},
		"a name server's port":       {Names: one, DNS: "192.0.2.1:http"},
		"a name server's port 0":     {Names: one, DNS: "192.0.2.1:0"},
		"a name server without host": {Names: one, DNS: ":53"},
		"a path":                     {Names: one, DNS: "/etc/passwd"},
		"control characters":         {Names: one, DNS: "a\r\nb:53"},
	} {
		_, err := m.CheckChallenge(t.Context(), request, nil)
		if acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// openings is a responder that answers from the state directory's www.
type openings struct {
	shows
	opened, released int
	err              error
}

func (o *openings) Open() (func(), error) {
	o.opened++
	return func() { o.released++ }, o.err
}

// TestCheckChallengeUsesTheWaysOfAnOrder: webroots, and the responder.
func TestCheckChallengeUsesTheWaysOfAnOrder(t *testing.T) {
	t.Parallel()
	webroot := t.TempDir()
	p := newProbed(t, fmt.Sprintf("[challenge]\nwebroot = [%q]\n", webroot), func(*setting) http.Handler { return files(webroot) })
	responder := new(openings)
	p.AnswerBy(responder)
	reaches, err := p.CheckChallenge(t.Context(), p.request("www.example.test"), nil)
	if err != nil || !reaches[0].Answered {
		t.Errorf("got %+v, %v", reaches, err)
	}
	if responder.opened != 1 || responder.released != 1 {
		t.Errorf("opened %d times, released %d times", responder.opened, responder.released)
	}
	p.empty("www")
	if entries, err := os.ReadDir(webroot); err != nil || len(entries) > 0 {
		t.Errorf("left in the webroot: %v, %v", entries, err)
	}
	responder.err = errors.New("the port is in use")
	if _, err := p.CheckChallenge(t.Context(), p.request("www.example.test"), nil); !errors.Is(err, responder.err) {
		t.Errorf("got %v, want that the port is in use", err)
	}
}

func TestCheckChallengeAsksSomeNamesAtOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now, most := 0, 0
	full := make(chan struct{})
	p := newProbed(t, "", func(s *setting) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			now++
			if most = max(most, now); now == 8 && most == 8 {
				select {
				case <-full:
				default:
					close(full)
				}
			}
			mu.Unlock()
			<-full
			files(s.path("www")).ServeHTTP(w, r)
			mu.Lock()
			now--
			mu.Unlock()
		})
	})
	names := make([]acmecore.Name, 24)
	for i := range names {
		names[i] = acmecore.Name(fmt.Sprintf("n%d.example.test", i))
	}
	reaches, err := p.CheckChallenge(t.Context(), p.request(names...), nil)
	if err != nil || most != 8 {
		t.Errorf("got %v, %d at once, want 8", err, most)
	}
	for i, reach := range reaches {
		if reach.Name != names[i] || !reach.Answered {
			t.Errorf("%d: got %+v", i, reach)
		}
	}
}

func TestCancelledCheckOfChallengesLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := newProbed(t, "", func(*setting) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
	})
	_, err := p.CheckChallenge(ctx, p.request("www.example.test", "shop.example.test"), nil)
	if !errors.Is(err, context.Canceled) || acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("got %v", err)
	}
	p.empty("www")
}

// TestProbesAndOrdersLeaveEachOtherAlone: what is in flight stays, and what a killed
// check has left goes.
func TestProbesAndOrdersLeaveEachOtherAlone(t *testing.T) {
	t.Parallel()
	webroot := t.TempDir()
	p := newProbed(t, fmt.Sprintf("[challenge]\nwebroot = [%q]\n", webroot), func(s *setting) http.Handler { return files(webroot) })
	p.record(recordOfOne)
	journal, err := p.root.OpenJournal(id, order("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.SetURL("https://ca.example/order/1"); err != nil {
		t.Fatal(err)
	}
	www := challenge.Directory(p.path("www"))
	pending, left := acmecore.Token(strings.Repeat("o", 43)), acmecore.Token(acmecore.ProbePrefix+strings.Repeat("p", 43))
	for _, token := range []acmecore.Token{pending, left} {
		authorization := string(token) + "." + strings.Repeat("t", 43)
		if err := errors.Join(www.Publish(token, authorization), challenge.Webroot(webroot).Publish(token, authorization)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Recover(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.CheckChallenge(t.Context(), p.request("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{p.path("www"), webroot} {
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != string(pending) {
			t.Errorf("%s: got %v, %v; want the order's challenge alone", dir, entries, err)
		}
	}
}
