package report_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/report"
	"wcme/deploy/lab"
)

// service is a web service that notes what it gets.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	types  []string
}

func serve(t *testing.T, answer http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.bodies, s.types = append(s.bodies, r.Method+" "+r.URL.Path+" "+string(body)), append(s.types, r.Header.Get("Content-Type"))
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// hooked returns a reporter that tells the webhooks.
func hooked(webhooks ...string) (*report.Reporter, *spool, *logged) {
	spool, log := newSpool(), &logged{}
	return report.New(report.Settings{Host: "web1.example.org", Webhooks: webhooks}, spool, log.logger()), spool, log
}

func TestWebhookGetsJSON(t *testing.T) {
	to := serve(t, ok)
	r, spool, _ := hooked(to.URL + "/hook/4711?key=s3cr3t")
	trouble := failed("a", "dns")
	trouble.Lines = []string{"serial 4711"}
	tell(t, r, trouble)
	if len(to.bodies) != 1 || len(spool.kept) != 0 {
		t.Fatalf("got %q, and %d in the spool, want one message", to.bodies, len(spool.kept))
	}
	body, isPost := strings.CutPrefix(to.bodies[0], "POST /hook/4711 ")
	got := payload{}
	if err := json.Unmarshal([]byte(body), &got); err != nil || !isPost || to.types[0] != "application/json" {
		t.Fatalf("got %q of type %q, %v, want JSON by POST", to.bodies[0], to.types, err)
	}
	if got.Host != "web1.example.org" || got.ID == "" || len(got.Events) != 1 || !strings.Contains(got.Text, "a: failed\n") {
		t.Errorf("got %+v, want host, id, text and event", got)
	}
	if e := got.Events[0]; e.Subject != "a" || e.Cause != "dns" || e.Kind != acmecore.EventFailed || e.Hint == "" || len(e.Lines) != 1 || e.Next.IsZero() {
		t.Errorf("got %+v, want the event whole", e)
	}
}

func TestBodyOfAWebhookIsBounded(t *testing.T) {
	to := serve(t, ok)
	r, _, _ := hooked(to.URL)
	var events []acmecore.Event
	for i := range 300 {
		e := failed(fmt.Sprint("c", i), strings.Repeat("ü", 2000))
		e.Text, e.Hint = strings.Repeat("<", 2000), strings.Repeat("é", 2000)
		for range 100 {
			e.Lines = append(e.Lines, strings.Repeat("x", 2000))
		}
		events = append(events, e)
	}
	tell(t, r, events...)
	tell(t, r, acmecore.Event{Kind: acmecore.EventNotice, Text: events[0].Text, Lines: events[0].Lines})
	var few []acmecore.Event // of which each is told whole
	for i := range 30 {
		few = append(few, acmecore.Event{Kind: acmecore.EventNotice, Subject: fmt.Sprint("d", i), Text: events[0].Text, Lines: slices.Repeat([]string{events[0].Text}, 40)})
	}
	tell(t, r, few...)
	if len(to.bodies) != 3 {
		t.Errorf("got %d messages, want 3", len(to.bodies))
	}
	for _, body := range to.bodies {
		got := payload{}
		if err := json.Unmarshal([]byte(body[len("POST / "):]), &got); err != nil || len(body) > 64<<10 {
			t.Errorf("got %d bytes, %v, want JSON of at most 64 KiB", len(body), err)
		}
		if total := len(got.Events) + got.More; total != 300 && total != 1 && total != 30 {
			t.Errorf("got %d events and %d more, want all of them", len(got.Events), got.More)
		}
	}
}

func TestRedirectsOfAWebhook(t *testing.T) {
	elsewhere := serve(t, ok)
	for name, test := range map[string]struct {
		code      int
		target    string
		delivered bool
	}{
		"308 at the host":                     {308, "/other", true},
		"307 at the host":                     {307, "/other", true},
		"302 at the host would drop the body": {302, "/other", false},
		"307 to another host":                 {307, elsewhere.URL + "/other", false},
		"301 to another host":                 {301, elsewhere.URL + "/other", false},
		"307 in circles":                      {307, "/", false},
		"304":                                 {304, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			to := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/other" {
					return
				}
				if test.target != "" {
					w.Header().Set("Location", test.target)
				}
				w.WriteHeader(test.code)
			})
			r, spool, log := hooked(to.URL + "/")
			tell(t, r, failed("a", "dns"))
			if delivered := len(spool.kept) == 0; delivered != test.delivered {
				t.Errorf("got delivered %t and the log %q, want %t", delivered, log, test.delivered)
			}
		})
	}
	if len(elsewhere.bodies) != 0 {
		t.Errorf("got %q at the other host, want nothing", elsewhere.bodies)
	}
}

// TestURLOfAWebhookIsASecret looks for parts of it in all that can be seen.
func TestURLOfAWebhookIsASecret(t *testing.T) {
	refuse := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no token "+r.URL.String(), http.StatusForbidden)
	})
	leads := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://[broken"+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	cut := serve(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	gone := lab.Nobody(t)
	place := func(s *service) string { return strings.TrimPrefix(s.URL, "http://") }
	for name, address := range map[string]string{
		"refused":            refuse.URL + "/services/T0SECRET/XYZZY-PLUGH?key=QUUX1234",
		"leads nowhere":      leads.URL + "/services/T0SECRET/XYZZY-PLUGH?key=QUUX1234",
		"cut":                "http://T0SECRET:XYZZY-PLUGH@" + place(cut) + "/QUUX1234",
		"gone":               "http://" + gone + "/services/T0SECRET/XYZZY-PLUGH?key=QUUX1234",
		"no URL":             "https://T0SECRET XYZZY-PLUGH/%QUUX1234",
		"no scheme":          "T0SECRET/XYZZY-PLUGH/QUUX1234",
		"unknown":            "pigeon://T0SECRET:XYZZY-PLUGH@QUUX1234",
		"chat, refused":      "generic://" + place(refuse) + "/T0SECRET/XYZZY-PLUGH?disabletls=yes&$QUUX1234=QUUX1234",
		"chat, gone":         "ntfy://T0SECRET:XYZZY-PLUGH@" + gone + "/QUUX1234?scheme=http",
		"chat, ntfy refused": "ntfy://T0SECRET:XYZZY-PLUGH@" + place(refuse) + "/QUUX1234?scheme=http",
		"chat, slack":        "slack://T0SECRET-XYZZY-PLUGH",
		"chat, discord":      "discord://T0SECRET/XYZZY-PLUGH/QUUX1234",
		"chat, telegram":     "telegram://T0SECRET:XYZZY-PLUGH?chats=QUUX1234",
		"chat, teams":        "teams://T0SECRET/XYZZY-PLUGH/QUUX1234",
		"chat, matrix":       "matrix://T0SECRET:XYZZY-PLUGH@" + gone + "/?rooms=QUUX1234&disableTLS=yes",
		"logger":             "logger://T0SECRET/XYZZY-PLUGH?x=QUUX1234",
	} {
		t.Run(name, func(t *testing.T) {
			r, spool, log := hooked(address)
			tell(t, r, failed("a", "dns"))
			steps, err := r.TestWebhooks(t.Context())
			if err == nil || len(spool.kept) != 1 {
				t.Fatalf("got %v and %d in the spool, want a failure", err, len(spool.kept))
			}
			seen := fmt.Sprint(err, acmecore.HintOf(err), steps, log, spool.kept, string(slices.Concat(mapValues(spool.kept)...)), report.CheckWebhook(address))
			for _, secret := range []string{"T0SECRET", "XYZZY", "PLUGH", "QUUX1234"} {
				if strings.Contains(strings.ToUpper(seen), secret) {
					t.Errorf("got %s in %q, want no part of the URL", secret, seen)
				}
			}
		})
	}
}

func mapValues(m map[string][]byte) (all [][]byte) {
	for _, value := range m {
		all = append(all, value)
	}
	return all
}

func TestChatServiceGetsText(t *testing.T) {
	to := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "{}") })
	r, spool, log := hooked("generic://" + strings.TrimPrefix(to.URL, "http://") + "/topic?disabletls=yes")
	trouble := failed("a", "dns")
	trouble.Text = "@everyone <!channel> [free](https://phish.example) " + strings.Repeat("long ", 1000)
	tell(t, r, trouble)
	if len(to.bodies) != 1 || len(spool.kept) != 0 {
		t.Fatalf("got %q and the log %q, want one message", to.bodies, log)
	}
	got := to.bodies[0]
	if !strings.HasPrefix(got, "POST /topic wcme web1.example.org: a failed\n") || len(got) > 4000 {
		t.Errorf("got %d bytes, %q, want the report, shortened", len(got), got)
	}
	for _, live := range []string{"@everyone", "<!channel>", "](http"} {
		if strings.Contains(got, live) {
			t.Errorf("got %q, want no %q in it", got, live)
		}
	}
}

// TestChatServiceThatHangs is left by the reporter, and not asked again while it has
// not answered: the library waits for ever.
func TestChatServiceThatHangs(t *testing.T) {
	release := make(chan struct{})
	to := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	r, spool, log := hooked("generic://" + strings.TrimPrefix(to.URL, "http://") + "/?disabletls=yes")
	if err := r.Tell(failed("a", "dns")); err != nil {
		t.Fatal(err)
	}
	r.SetHookTime(50 * time.Millisecond)
	for range 3 {
		if _, err := r.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Configure(report.Settings{Webhooks: []string{"generic://" + strings.TrimPrefix(to.URL, "http://") + "/?disabletls=yes"}})
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	if len(spool.kept) != 1 || len(to.bodies) > 1 || !strings.Contains(log.String(), "not yet answered") {
		t.Errorf("got %d in the spool, %d requests and the log %q, want one of each", len(spool.kept), len(to.bodies), log)
	}
}

func TestTestWebhooksSaysWhatHappened(t *testing.T) {
	to := serve(t, ok)
	refuses := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
	r, spool, _ := hooked(refuses.URL+"/a", to.URL+"/b", "generic://"+strings.TrimPrefix(to.URL, "http://")+"/c?disabletls=yes")
	steps, err := r.TestWebhooks(t.Context())
	if acmecore.KindOf(err) != acmecore.Refused || !strings.Contains(err.Error(), "404") || strings.Contains(err.Error(), "/a") {
		t.Errorf("got %v, want the refusal of the first", err)
	}
	var got []string
	for _, step := range steps {
		got = append(got, step.Subject+" | "+step.Text)
	}
	want := []string{
		refuses.URL + " | post to " + refuses.URL + ": it answers 404 Not Found",
		to.URL + " | it answers 204 No Content",
		"generic://… | sent",
	}
	if !slices.Equal(got, want) || len(to.bodies) != 2 || spool.puts != 0 {
		t.Errorf("got %q, %d messages and %d in the spool, want %q, 2 and none", got, len(to.bodies), spool.puts, want)
	}
	r.Configure(report.Settings{})
	if _, err := r.TestWebhooks(t.Context()); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
		t.Errorf("got %v, want it to say that there is no webhook", err)
	}
}

func TestCheckWebhook(t *testing.T) {
	for _, address := range []string{"https://a.example/x", "http://127.0.0.1:8080", "slack://x", "discord://t@i", "telegram://t@telegram?chats=1", "ntfy://ntfy.sh/t",
		"matrix://u:p@h/", "generic+https://a.example/x"} {
		if err := report.CheckWebhook(address); err != nil {
			t.Errorf("%s: got %v, want it known", address, err)
		}
	}
	for _, address := range []string{"", "a.example/x", "https://", "https:///x", "file:///etc/passwd", "logger://", "smtp://h/", "ftp://a.example", "javascript:alert(1)", "https://a b/"} {
		err := report.CheckWebhook(address)
		if err == nil || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v, want it refused with a hint", address, err)
		}
		if _, bad := url.Parse(address); bad == nil && strings.Contains(fmt.Sprint(err), "passwd") {
			t.Errorf("%s: got %v, want no part of it", address, err)
		}
	}
}
