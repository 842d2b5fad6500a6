package looks_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"wcme/deploy/lab"
)

// policy is the one that every page has: STYLE, "Front end".
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// site is a made-up site, whose pages have our script.
type site struct {
	page     string
	fragment func(w http.ResponseWriter, turn int)
	turns    atomic.Int64 // fragments asked for
	pages    atomic.Int64
	forms    atomic.Int64
	clicks   atomic.Int64  // that the page has told of
	answered chan struct{} // closed when forms may be answered
}

// serve serves the site for the time of the test, and returns its address.
func (s *site) serve(t *testing.T) string {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		switch {
		case r.URL.Path == "/script.js":
			http.ServeFile(w, r, filepath.Join(root, "static", "script.js"))
		case r.URL.Path == "/fragment":
			s.fragment(w, int(s.turns.Add(1)))
		case r.URL.Path == "/clicked":
			s.clicks.Add(1)
		case r.Method == http.MethodPost:
			s.forms.Add(1)
			select {
			case <-s.answered:
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/":
			s.pages.Add(1)
			fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><title>x</title><script src="/script.js" defer></script><main>%s</main></html>`, s.page)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// visit opens the site in a tab of its own.
func (s *site) visit(t *testing.T) *tab {
	t.Helper()
	b := newTab(t)
	do(t, b, "open", chromedp.Navigate(s.serve(t)))
	return b
}

// await returns when the expression is true in the page, which may go away meanwhile.
func (b *tab) await(t *testing.T, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		so, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression, chromedp.EvalAwaitPromise))
		if so && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %s (%v)", patience, expression, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// awaitThat is await for what can be seen from outside.
func awaitThat(t *testing.T, what string, so func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// TestRunningPageIsRefreshedInPlace: what changes is changed, what is read meanwhile
// stays, trouble is told and passes, and at the end the page is loaded once more.
func TestRunningPageIsRefreshedInPlace(t *testing.T) {
	t.Parallel()
	var seen, done atomic.Bool // the trouble was seen; the end may come
	s := &site{page: `<div data-refresh="/fragment" data-every="0.05"><a id="kept" href="#x">a</a><details><summary>More</summary>y</details><ol><li>one</li></ol></div>`}
	s.fragment = func(w http.ResponseWriter, turn int) {
		if turn > 2 && !seen.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		if done.Swap(false) {
			w.Header().Set("Wcme-Done", "yes")
		}
		fmt.Fprintf(w, `<a id="kept" href="#x">a</a><details><summary>More</summary>y</details><ol><li>one</li><li>turn %d <script>alert(1)</script><img src=x onerror=alert(1)></li></ol>`, turn)
	}
	b := s.visit(t)
	evaluate[bool](t, b, `document.getElementById("kept").focus(), document.querySelector("details").open = true, window.before = true`)
	b.await(t, `document.querySelector("main").textContent.includes("The overseer does not answer")`)
	seen.Store(true)
	b.await(t, `!document.querySelector(".note")`)
	if !evaluate[bool](t, b, `document.activeElement.id === "kept" && document.querySelector("details").open && document.querySelectorAll("li").length === 2`) {
		t.Error("the focus, or what was unfolded, is lost")
	}
	if got := evaluate[string](t, b, `document.querySelector("[role=status]").textContent`); !strings.HasPrefix(got, "turn ") {
		t.Errorf("a screen reader is told %q", got)
	}
	done.Store(true)
	b.await(t, `!window.before`)
	if n := s.pages.Load(); n != 2 {
		t.Errorf("the page was loaded %d times, want 2", n)
	}
	for _, problem := range b.problems(t) {
		if strings.HasPrefix(problem, "ran") {
			t.Error(problem)
		}
	}
}

// TestRefreshEndsWhereItIsRefused: who was logged out meanwhile is told, and nothing is
// asked for again and again.
func TestRefreshEndsWhereItIsRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusSeeOther} {
		s := &site{page: `<div data-refresh="/fragment" data-every="0.05">so far</div>`}
		s.fragment = func(w http.ResponseWriter, _ int) {
			w.Header().Set("Location", "/login")
			w.WriteHeader(status)
			fmt.Fprint(w, "another page")
		}
		b := s.visit(t)
		b.await(t, `document.querySelector("main").textContent.includes("Load the page again")`)
		if text := evaluate[string](t, b, `document.querySelector("[data-refresh]").textContent`); text != "so far" {
			t.Errorf("%d: the page shows %q", status, text)
		}
		if n := s.turns.Load(); n != 1 {
			t.Errorf("%d: asked %d times", status, n)
		}
	}
}

// TestLogIsFollowed: new rows come on top, each once, until there is no next address.
func TestLogIsFollowed(t *testing.T) {
	t.Parallel()
	s := &site{page: `<div class="box"><table><tbody data-follow="/fragment?after=0" data-every="0.05"><tr><td>old</td></tr></tbody></table></div>`}
	s.fragment = func(w http.ResponseWriter, turn int) {
		if turn < 3 {
			w.Header().Set("Wcme-Next", fmt.Sprintf("/fragment?after=%d", turn))
		}
		if turn != 2 {
			fmt.Fprintf(w, `<tr><td>new %d</td></tr>`, turn)
		}
	}
	b := s.visit(t)
	b.await(t, `[...document.querySelectorAll("td")].map((e) => e.textContent).join() === "new 3,new 1,old"`)
	b.await(t, `!document.querySelector("button")`)
	if got := evaluate[string](t, b, `document.querySelector("[role=status]").textContent`); got != "1 new line" {
		t.Errorf("a screen reader is told %q", got)
	}
	if n := s.turns.Load(); n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
}

// TestLogCanBePaused (WCAG 2.2, 2.2.2): what was asked for before still comes, and nothing
// is asked for after it.
func TestLogCanBePaused(t *testing.T) {
	t.Parallel()
	paused := make(chan struct{})
	s := &site{page: `<ul data-follow="/fragment" data-every="0.05"></ul>`}
	s.fragment = func(w http.ResponseWriter, turn int) {
		if turn == 3 {
			<-paused
		}
		w.Header().Set("Wcme-Next", "/fragment")
		fmt.Fprintf(w, `<li>%d</li>`, turn)
	}
	b := s.visit(t)
	answer := sync.OnceFunc(func() { close(paused) })
	t.Cleanup(answer) // or the site would never end
	awaitThat(t, "the third question", func() bool { return s.turns.Load() == 3 })
	evaluate[any](t, b, `document.querySelector("button").click()`)
	answer()
	b.await(t, `document.querySelectorAll("li").length === 3`)
	evaluate[bool](t, b, `new Promise((done) => setTimeout(() => done(true), 300))`)
	if n := s.turns.Load(); n != 3 {
		t.Errorf("%d questions, want the 3 of before the pause", n)
	}
	evaluate[any](t, b, `document.querySelector("button").click()`)
	b.await(t, `document.querySelectorAll("li").length > 3`)
}

// TestSecondClickSendsNothing while the first one is fresh: one order. The time of the
// clicks is made up.
func TestSecondClickSendsNothing(t *testing.T) {
	t.Parallel()
	s := &site{page: `<form method="post" action="/send"><button type="submit">Send</button></form>`, answered: make(chan struct{})}
	b := s.visit(t)
	click := func(at int) string {
		return fmt.Sprintf(`Object.defineProperty(Event.prototype, "timeStamp", {get: () => %d, configurable: true}), document.querySelector("button").click()`, at)
	}
	// The page evaluates nothing for us while a form is under way.
	evaluate[any](t, b, click(10_000)+`; setTimeout(() => { `+click(12_900)+`; fetch("/clicked"); }, 100)`)
	awaitThat(t, "the form, and the second click", func() bool { return s.forms.Load() > 0 && s.clicks.Load() > 0 })
	close(s.answered)
	evaluate[bool](t, b, `true`) // now there is none
	if n := s.forms.Load(); n != 1 {
		t.Errorf("the form was sent %d times", n)
	}
	evaluate[any](t, b, click(13_100)) // somebody means it
	awaitThat(t, "the form once more", func() bool { return s.forms.Load() == 2 })
}

// TestMistakesAndCommands: the list of mistakes has the focus, and a command can be
// copied.
func TestMistakesAndCommands(t *testing.T) {
	t.Parallel()
	s := &site{page: `<div id="mistakes" tabindex="-1">mistakes</div><pre><code data-copy>wcme overseer</code></pre>`}
	b := s.visit(t)
	b.await(t, `document.activeElement.id === "mistakes"`)
	evaluate[any](t, b, `navigator.clipboard.writeText = async (text) => { window.copied = text; },
		window.setTimeout = () => 0, // "Copied" stays
		document.querySelector("button.copy").click()`)
	b.await(t, `window.copied === "wcme overseer" && document.querySelector("button.copy").textContent === "Copied"`)
}

// TestBrowserWouldTell: what the tests of the pages look for is found where it is.
func TestBrowserWouldTell(t *testing.T) {
	t.Parallel()
	s := &site{page: `<p onclick="1">x</p><input><script>alert(1)</script><img src="https://example.test/x">`}
	b := s.visit(t)
	b.await(t, `__problems.filter((p) => p.startsWith("policy: ")).length >= 2`) // not every version tells of a handler that is not called
	evaluate[any](t, b, `alert(1)`)
	if found := strings.Join(b.problems(t), "\n"); !strings.Contains(found, "ran: alert") {
		t.Errorf("what ran is not in %q", found)
	}
	do(t, b, "inject axe-core", chromedp.Evaluate[bool](axeCore(t)+";true"))
	found := violations(t, b, `{}`)
	if all := strings.Join(found, "\n"); !strings.Contains(all, "label: ") || !strings.Contains(all, "image-alt: ") {
		t.Errorf("axe-core finds %q", all)
	}
}
