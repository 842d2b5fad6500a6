package web_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/relay"
	"wcme/web"
)

// fakeElsewhere answers everything in one way, and remembers what it was asked.
type fakeElsewhere struct {
	asked    []challenge.Question
	answer   challenge.Answer
	problems []error
}

func (f *fakeElsewhere) Find(_ context.Context, q challenge.Question) (challenge.Answer, []error) {
	f.asked = append(f.asked, q)
	return f.answer, f.problems
}

// askElsewhere asks a site with nothing pending but what the stage has.
func askElsewhere(t *testing.T, s *stage, elsewhere web.Elsewhere, asked string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	site := s.site()
	site.Elsewhere = elsewhere
	r := httptest.NewRequest("GET", "/.well-known/acme-challenge/"+asked, nil)
	r.Host = "intranet.example.org:80"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	web.New(site).ServeHTTP(w, r)
	return w
}

func TestWhatIsNotPendingIsAskedForElsewhere(t *testing.T) {
	s, e := new(stage), &fakeElsewhere{answer: challenge.Answer{Text: []byte(authorization)}}
	w := askElsewhere(t, s, e, token)
	if w.Code != 200 || text(t, w) != authorization || s.log.Len() > 0 {
		t.Errorf("%d %q, log %q", w.Code, w.Body, &s.log)
	}
	wantHeaders(t, w.Header(), challengeHeaders(authorization))
	askElsewhere(t, s, e, token, "Wcme-Relay", "1")
	want := challenge.Question{Asked: token, Host: "intranet.example.org:80"}
	relayed := want
	relayed.Relayed = true
	if len(e.asked) != 2 || e.asked[0] != want || e.asked[1] != relayed {
		t.Errorf("asked %+v, want %+v and %+v", e.asked, want, relayed)
	}
}

func TestWhatIsPendingIsAskedForNowhereElse(t *testing.T) {
	e := new(fakeElsewhere)
	s := &stage{challenges: fakeChallenges{pending: map[string]string{token: authorization}}}
	if w := askElsewhere(t, s, e, token); w.Code != 200 || len(e.asked) != 0 {
		t.Errorf("%d, asked %+v", w.Code, e.asked)
	}
	s = &stage{challenges: fakeChallenges{err: errors.New("permission denied")}}
	if w := askElsewhere(t, s, e, token); w.Code != 404 || len(e.asked) != 0 {
		t.Errorf("unreadable: %d, asked %+v", w.Code, e.asked)
	}
}

// TestProblemsElsewhereAreToldToTheLogOnly: one line each, and no other answer.
func TestProblemsElsewhereAreToldToTheLogOnly(t *testing.T) {
	problems := []error{
		&acmecore.Error{Op: "look in", Subject: "/srv/other", Cause: errors.New("permission denied"), Hint: "let it be read"},
		errors.New("no answer within 5s"),
	}
	for _, row := range []struct {
		answer challenge.Answer
		code   int
		body   string
	}{{challenge.Answer{}, 404, unknown}, {challenge.Answer{Text: []byte(authorization)}, 200, authorization}} {
		s := new(stage)
		w := askElsewhere(t, s, &fakeElsewhere{answer: row.answer, problems: problems}, token)
		if w.Code != row.code || text(t, w) != row.body {
			t.Errorf("%d %q, want %d %q", w.Code, w.Body, row.code, row.body)
		}
		wantHeaders(t, w.Header(), challengeHeaders(row.body))
		log := s.log.String()
		if strings.Count(log, "\n") != 2 || !strings.Contains(log, "/srv/other: permission denied") ||
			!strings.Contains(log, "let it be read") || !strings.Contains(log, "no answer within 5s") || strings.Contains(log, token) {
			t.Errorf("log %q, want a line for each problem, and no token", log)
		}
	}
}

func TestWhatARelayedProbeSaysIsPassedOn(t *testing.T) {
	s := new(stage)
	w := askElsewhere(t, s, &fakeElsewhere{answer: challenge.Answer{Text: []byte(authorization), Received: `{"path":"/x"}`}}, token)
	want := challengeHeaders(authorization)
	want["Wcme-Received"] = []string{`{"path":"/x"}`}
	wantHeaders(t, w.Header(), want)
}

// wcme is a whole one, without the web server before it.
type wcme struct {
	challenge.Directory
	*httptest.Server
	requests atomic.Int32
	log      bytes.Buffer
}

func startWCME(t *testing.T, front func(http.Handler) http.Handler) *wcme {
	t.Helper()
	h := &wcme{Directory: challenge.Directory(filepath.Join(t.TempDir(), "www"))}
	if err := os.Mkdir(string(h.Directory), 0o755); err != nil {
		t.Fatal(err)
	}
	site := web.New(web.Site{
		Challenges: h.Directory,
		Elsewhere:  challenge.Elsewhere{Directory: h.Directory, Relay: relay.New(relay.Options{})},
		Log:        slog.New(slog.NewTextHandler(&h.log, nil)),
	})
	h.Server = httptest.NewServer(front(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests.Add(1)
		site.ServeHTTP(w, r)
	})))
	t.Cleanup(h.Close)
	return h
}

// relayTo relays the challenges of the host, as its server is asked for it.
func (h *wcme) relayTo(t *testing.T, host acmecore.Name, other *wcme) {
	t.Helper()
	to := other.URL + "/.well-known/acme-challenge/"
	if err := h.PublishSettings(challenge.Settings{Relays: []challenge.Relay{{Host: host, To: to}}}); err != nil {
		t.Fatal(err)
	}
}

func asIs(h http.Handler) http.Handler { return h }

// lowerCasing is a front server like WASD's.
func lowerCasing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.ToLower(r.URL.Path)
		h.ServeHTTP(w, r)
	})
}

func (h *wcme) ask(t *testing.T, host, asked string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.URL+"/.well-known/acme-challenge/"+asked, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body.String()
}

func TestOneWCMERelaysToAnother(t *testing.T) {
	for what, row := range map[string]struct {
		front, inner func(http.Handler) http.Handler
		asked        string
	}{
		"as it is":                         {asIs, asIs, token},
		"with a thumbprint":                {asIs, asIs, authorization},
		"the first server lower-cases":     {lowerCasing, asIs, token},
		"the server behind it lower-cases": {asIs, lowerCasing, token},
		"both lower-case":                  {lowerCasing, lowerCasing, token},
	} {
		inner, front := startWCME(t, row.inner), startWCME(t, row.front)
		front.relayTo(t, "intranet.example.org", inner)
		if err := inner.Publish(token, authorization); err != nil {
			t.Fatal(err)
		}
		if code, body := front.ask(t, "INTRANET.example.org.:80", row.asked); code != 200 || body != authorization {
			t.Errorf("%s: %d %q, log %q", what, code, body, &front.log)
		}
		if code, body := front.ask(t, "www.example.org", row.asked); code != 404 || body != unknown {
			t.Errorf("%s: another host: %d %q", what, code, body)
		}
		if code, body := front.ask(t, "intranet.example.org", "no-token"); code != 404 || body != unknown {
			t.Errorf("%s: no token: %d %q", what, code, body)
		}
		if got := inner.requests.Load(); got != 1 {
			t.Errorf("%s: the server behind was asked %d times, want once", what, got)
		}
	}
}

func TestAnUnknownChallengeShowsNothingOfTheInside(t *testing.T) {
	inner, front := startWCME(t, asIs), startWCME(t, asIs)
	front.relayTo(t, "intranet.example.org", inner)
	if code, body := front.ask(t, "intranet.example.org", token); code != 404 || body != unknown {
		t.Errorf("%d %q", code, body)
	}
	inner.Close() // then it is a fault, and not the token's
	if code, body := front.ask(t, "intranet.example.org", token); code != 404 || body != unknown {
		t.Errorf("%d %q", code, body)
	}
	front.Close() // so that nobody writes the log any more
	log := front.log.String()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "intranet.example.org: ") || strings.Contains(log, token) {
		t.Errorf("log %q, want one line with the host, of the second request alone", log)
	}
}

// TestTwoThatRelayToEachOtherEnd, also where one relays to itself.
func TestTwoThatRelayToEachOtherEnd(t *testing.T) {
	// What is relayed has the Host of the URL, an address: each takes it for its own name.
	alias := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Host = "intranet.example.org"
			h.ServeHTTP(w, r)
		})
	}
	one, two := startWCME(t, alias), startWCME(t, alias)
	one.relayTo(t, "intranet.example.org", two)
	two.relayTo(t, "intranet.example.org", one)
	if code, body := one.ask(t, "intranet.example.org", token); code != 404 || body != unknown {
		t.Errorf("%d %q", code, body)
	}
	if first, second := one.requests.Load(), two.requests.Load(); first != 1 || second != 1 {
		t.Errorf("asked %d and %d times, want once each", first, second)
	}
	one.relayTo(t, "intranet.example.org", one)
	if code, _ := one.ask(t, "intranet.example.org", token); code != 404 || one.requests.Load() != 3 {
		t.Errorf("to itself: %d, asked %d times, want three in all", code, one.requests.Load())
	}
}

// TestARelayedProbeTellsHowItArrived at the server behind, in any case.
func TestARelayedProbeTellsHowItArrived(t *testing.T) {
	inner, front := startWCME(t, lowerCasing), startWCME(t, asIs)
	front.relayTo(t, "intranet.example.org", inner)
	probe := acmecore.Token(acmecore.ProbePrefix + "Evaga5cRetPartOfA43CharToken0")
	if err := inner.Publish(probe, string(probe)+"."+strings.Repeat("k", 43)); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", front.URL+"/.well-known/acme-challenge/"+string(probe), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "intranet.example.org"
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	want := `"path":"/.well-known/acme-challenge/` + strings.ToLower(string(probe)) + `"`
	if got := answer.Header.Get("Wcme-Received"); answer.StatusCode != 200 || !strings.Contains(got, want) {
		t.Errorf("%s, it says %q; want %q in it", answer.Status, got, want)
	}
}
