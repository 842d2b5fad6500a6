package manager_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/manager"
)

// watched is a setting with a web server that behaves as it is told, a CA that shows
// its directory, and a manager that watches both.
type watched struct {
	probed
	t      *testing.T
	server *web
	ca     *httptest.Server
	caGone atomic.Bool
}

// web answers challenges as the mode says.
type web struct {
	mode  atomic.Pointer[string] // "serves", "other site", "once other site", "gone"
	asked atomic.Int32
	files http.Handler
}

func (w *web) is(mode string) { w.mode.Store(&mode) }

func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.asked.Add(1)
	switch *w.mode.Load() {
	case "serves":
		w.files.ServeHTTP(rw, r)
	case "once other site":
		w.is("serves")
		fallthrough
	case "other site":
		fmt.Fprint(rw, "<html>Welcome to another site</html>")
	case "gone": // as a firewall that lets nothing pass
		connection, _, err := http.NewResponseController(rw).Hijack()
		if err == nil {
			connection.Close()
		}
	}
}

func newWatched(t *testing.T, configuration string) *watched {
	t.Helper()
	w := &watched{t: t, server: new(web)}
	w.server.is("serves")
	w.ca = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.caGone.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		base := "https://" + r.Host
		fmt.Fprintf(rw, `{"newNonce":"%[1]s/n","newAccount":"%[1]s/a","newOrder":"%[1]s/o","revokeCert":"%[1]s/r","keyChange":"%[1]s/k"}`, base)
	}))
	t.Cleanup(w.ca.Close)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.ca.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	configuration = fmt.Sprintf("ca = \"lab\"\nreport.opcom = [\"none\"]\nreport.mail = [\"root\"]\n%s\n[authority.lab]\ndirectory = \"%s/dir\"\nroots = %q\n", configuration, w.ca.URL, roots)
	w.probed = newProbed(t, configuration, func(s *setting) http.Handler {
		w.server.files = files(s.path("www"))
		return w.server
	})
	return w
}

func (w *watched) watch() *manager.Watch {
	return w.Manager.Watch(manager.WatchOptions{Ask: w.request(), Pace: time.Millisecond, Again: time.Millisecond})
}

// look looks outside, which must not go wrong, and returns the status then.
func (w *watched) look(watch *manager.Watch) acmecore.Status {
	w.t.Helper()
	if err := watch.LookOutside(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return w.status(watch)
}

func (w *watched) status(watch *manager.Watch) acmecore.Status {
	w.t.Helper()
	status, err := watch.Status(w.t.Context(), false)
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// reports are the messages in the spool, which are removed.
func (w *watched) reports() (texts []string) {
	w.t.Helper()
	names, err := w.root.Spool().List()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range names {
		text, err := w.root.Spool().Get(name)
		if err != nil {
			w.t.Fatal(err)
		}
		texts = append(texts, string(text))
		if err := w.root.Spool().Remove(name); err != nil {
			w.t.Fatal(err)
		}
	}
	return texts
}

func TestWatchTellsOnceOfWaysThatBroke(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "")
	w.record(`names = ["www.example.test", "shop.example.test"]` + "\n")
	watch := w.watch()
	if got := w.look(watch).Challenges; got.Names != 2 || got.Answered != 2 || got.Broken != 0 || got.Looked.IsZero() || len(got.Worst) != 0 {
		t.Fatalf("at first: %+v", got)
	}
	w.empty("www")
	w.server.is("other site")
	status := w.look(watch)
	got := status.Challenges
	if got.Answered != 0 || got.Broken != 2 || len(got.Worst) != 2 || got.Worst[0].Verdict != acmecore.OtherAnswer || got.Worst[0].Answered.IsZero() {
		t.Errorf("broken: %+v", got)
	}
	if complaints := status.Complaints(); status.Health() != acmecore.Critical ||
		!strings.Contains(fmt.Sprint(complaints), "challenges of shop.example.test, www.example.test no longer get here") {
		t.Errorf("complaints: %+v", complaints)
	}
	told := w.reports()
	if len(told) != 1 || !strings.Contains(told[0], "shop.example.test and 1 more name no longer") || !strings.Contains(told[0], "www.example.test: status 200") {
		t.Fatalf("told: %q", told)
	}
	if w.look(watch); len(w.reports()) != 0 {
		t.Error("told again")
	}
	w.look(w.watch()) // another overseer
	if err := w.watch().LookAtTrouble(t.Context()); err != nil || len(w.reports()) != 0 {
		t.Errorf("told again by another overseer, or %v", err)
	}
	w.server.is("serves")
	watch = w.watch()
	if err := watch.LookAtTrouble(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told := w.reports(); len(told) != 1 || !strings.Contains(told[0], "challenges get here again") {
		t.Errorf("told of the end: %q", told)
	}
	if got := w.status(watch).Challenges; got.Answered != 2 || got.Broken != 0 {
		t.Errorf("at the end: %+v", got)
	}
}

func TestWatchKnowsWhatSaysNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what, mode string
		before     bool // the name was answered rightly before
		broken     int
	}{
		{"a host that finds no way to itself", "gone", true, 0},
		{"a name that never got here", "other site", false, 0},
		{"a server that was just being restarted", "once other site", true, 0},
		{"another site", "other site", true, 1},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t, "")
			w.record(recordOfOne)
			watch := w.watch()
			if test.before {
				w.look(watch)
			}
			w.server.is(test.mode)
			got := w.look(watch)
			if got.Challenges.Broken != test.broken || len(w.reports()) != test.broken {
				t.Errorf("got %+v, want %d broken", got.Challenges, test.broken)
			}
			if test.broken == 0 && strings.Contains(fmt.Sprint(got.Complaints()), "challenges") {
				t.Errorf("complaints: %+v", got.Complaints())
			}
		})
	}
}

func TestWatchAsksForNobodyWhereThatIsSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "verify.challenge = false")
	w.record(recordOfOne)
	status := w.look(w.watch())
	if !status.Challenges.Off || status.Challenges.Names != 0 || w.server.asked.Load() != 0 {
		t.Errorf("asked %d times: %+v", w.server.asked.Load(), status.Challenges)
	}
	if len(status.Authorities) != 1 || status.Authorities[0].Reached.IsZero() {
		t.Errorf("the CA is looked at all the same: %+v", status.Authorities)
	}
}

func TestWatchForgetsWhatIsNotManagedAnyMore(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "")
	w.record(`names = ["www.example.test", "shop.example.test"]` + "\n")
	watch := w.watch()
	w.look(watch)
	w.server.is("other site")
	if got := w.look(watch).Challenges; got.Broken != 2 {
		t.Fatalf("%+v", got)
	}
	w.reports()
	w.remove("etc", "certificates", string(id)+".toml")
	if got := w.look(watch); got.Challenges.Names != 0 || len(got.Authorities) != 0 {
		t.Errorf("%+v", got)
	}
	if told := w.reports(); len(told) != 1 {
		t.Errorf("told of the end: %q", told)
	}
}

// TestWatchComplainsOfNothingThatWasRemoved: nobody waits for the next round to hear no
// more of a name that has moved away for good.
func TestWatchComplainsOfNothingThatWasRemoved(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "")
	w.record(`names = ["www.example.test"]` + "\n")
	watch := w.watch()
	w.look(watch)
	w.server.is("other site")
	if got := w.look(watch).Challenges; got.Broken != 1 {
		t.Fatalf("%+v", got)
	}
	w.reports()
	w.remove("etc", "certificates", string(id)+".toml")
	for who, status := range map[string]func(context.Context, bool) (acmecore.Status, error){"the overseer": watch.Status, "whoever comes without it": w.Status} {
		if got, err := status(t.Context(), false); err != nil || got.Challenges.Broken+got.Challenges.Names+len(got.Challenges.Worst) != 0 {
			t.Errorf("%s: %+v, %v", who, got.Challenges, err)
		}
	}
	if err := watch.LookAtTrouble(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told := w.reports(); len(told) != 1 || !strings.Contains(told[0], "challenges get here again") {
		t.Errorf("told of the end: %q", told)
	}
}

func TestWatchNotesHowTheCAIsReached(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "")
	w.record(recordOfOne)
	watch, began := w.watch(), time.Now()
	reached := w.look(watch).Authorities
	if len(reached) != 1 || reached[0].CA != "lab" || reached[0].Fails() || reached[0].Reached.Before(began.Add(-time.Second)) {
		t.Fatalf("reached: %+v", reached)
	}
	w.caGone.Store(true)
	gone := w.look(watch).Authorities
	if len(gone) != 1 || !gone[0].Fails() || gone[0].Problem == "" || !gone[0].Reached.Equal(reached[0].Reached) {
		t.Errorf("gone: %+v", gone)
	}
	status, err := w.Status(t.Context(), false) // in process
	if err != nil || len(status.Authorities) != 1 || status.Authorities[0].Problem != gone[0].Problem {
		t.Errorf("in process: %+v, %v", status.Authorities, err)
	}
	w.caGone.Store(false)
	if err := watch.LookAtTrouble(t.Context()); err != nil || w.status(watch).Authorities[0].Fails() {
		t.Errorf("back: %+v, %v", w.status(watch).Authorities, err)
	}
}

// TestWatchCountsEveryAnswerOfTheCA: it need not have looked itself.
func TestWatchCountsEveryAnswerOfTheCA(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "")
	watch := r.Watch(manager.WatchOptions{})
	reached := func(what string, since time.Time) time.Time {
		t.Helper()
		status, err := watch.Status(t.Context(), false)
		if err != nil || len(status.Authorities) != 1 || status.Authorities[0].CA != "lab" || !status.Authorities[0].Reached.After(since) {
			t.Fatalf("%s: got %+v, %v", what, status.Authorities, err)
		}
		return status.Authorities[0].Reached
	}
	if status, err := watch.Status(t.Context(), false); err != nil || len(status.Authorities) != 0 {
		t.Fatalf("at first: %+v, %v", status.Authorities, err)
	}
	r.register(t)
	registered := reached("an account", time.Time{})
	if _, err := r.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	ordered := reached("an order", registered)
	if _, err := r.CheckCA(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	reached("its directory", ordered)
}

// TestWatchComplainsOnTheList of what is no certificate, too.
func TestWatchComplainsOnTheList(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "[[install]]\nname = \"gone\"\ndir = \"/nonexistent/wcme\"\n")
	w.record(recordOfOne)
	watch := w.watch()
	w.look(watch)
	w.server.is("other site")
	w.look(watch)
	w.reports()
	if err := w.root.Spool().Put("20200101T000000-000000000-a-mail-b", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	o, err := watch.Overview(t.Context(), acmecore.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, complaint := range o.Complaints {
		got = append(got, string(complaint.About)+": "+complaint.Text)
	}
	for i, want := range []string{"challenges: challenges of www.example.test no longer get here", "disks: /nonexistent/wcme: no such file",
		"reports: 1 report waits to be delivered, the first since 2020-01-01"} {
		if len(got) != 3 || !strings.HasPrefix(got[i], want) {
			t.Errorf("got %q, want %q in its place", got, want)
		}
	}
	if o := overview(t, w.Manager, acmecore.Query{}); len(o.Complaints) != 0 {
		t.Errorf("without an overseer: %+v", o.Complaints)
	}
}

func TestDamagedMemoryOfTheOutsideStopsNothing(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "")
	w.record(recordOfOne)
	for _, text := range []string{"no JSON", "[]", `{"version":7,"names":null}`, `{"version":1}`} {
		w.write(text, "priv", "reach.json")
		if got := w.look(w.watch()).Challenges; got.Answered != 1 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
