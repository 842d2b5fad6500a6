package looks_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is Debian's package.
const chromium = "/usr/bin/chromium"

// patience bounds how long one thing here may take.
const patience = 60 * time.Second

// tabs is how many tabs look at pages at the same time.
const tabs = 2

// tab is a tab of the browser.
type tab struct {
	ctx context.Context
	mu  sync.Mutex
	// complaints are what the page has complained about since it was opened.
	complaints []string
}

// browser is the one browser of all tests. It is a variable because it remembers: the
// first test that needs it starts it.
var browser = sync.OnceValues(startBrowser)

// endBrowser ends it, where it was started.
var endBrowser = func() {}

// startBrowser starts a browser with a profile of its own.
func startBrowser() (context.Context, error) {
	if _, err := os.Stat(chromium); err != nil {
		return nil, fmt.Errorf("start Chromium: %w (Debian's package chromium; `make test` as root installs it)", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("allow-pre-commit-input", true), // otherwise what is clicked or typed before the first painting is lost
		chromedp.WSURLReadTimeout(patience))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	endBrowser = func() {
		end()
		cancel()
	}
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return ctx, nil
}

// idleTabs are tabs for the time of the test.
func idleTabs(t *testing.T) chan *tab {
	t.Helper()
	idle := make(chan *tab, tabs)
	for range tabs {
		idle <- newTab(t)
	}
	return idle
}

// watcher runs before anything of a page: it notes what the page's policy forbids, and
// what a payload would do that ran.
const watcher = `
window.__problems = [];
document.addEventListener("securitypolicyviolation", (e) => __problems.push("policy: " + e.violatedDirective + " " + e.blockedURI + " " + e.sample));
new ReportingObserver((reports) => reports.forEach((r) => __problems.push("report: " + r.type))).observe();
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => __problems.push("ran: " + name);
`

// newTab is a tab for the time of the test.
func newTab(t *testing.T) *tab {
	t.Helper()
	all, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := chromedp.NewContext(all)
	t.Cleanup(end)
	b := &tab{ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.see); err != nil {
		t.Fatal(err)
	}
	// There are several tabs at a time, and each is to be the one that somebody looks at.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watcher}); err != nil {
		t.Fatal(err)
	}
	return b
}

// see takes the events of the DevTools protocol.
func (b *tab) see(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		b.complaints = append(b.complaints, "ran: a dialog: "+e.Message)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		// A page that was refused is one that we ask for.
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of") {
			b.complaints = append(b.complaints, string(e.Entry.Source)+": "+e.Entry.Text)
		}
	}
}

// open goes to a path of the gallery.
func (b *tab) open(t *testing.T, path string) {
	t.Helper()
	b.mu.Lock()
	b.complaints = nil
	b.mu.Unlock()
	do(t, b, "open "+path, chromedp.Navigate(gallery+path))
}

// problems are what the page has complained about since it was opened.
func (b *tab) problems(t *testing.T) []string {
	t.Helper()
	found := evaluate[[]string](t, b, "__problems")
	b.mu.Lock()
	defer b.mu.Unlock()
	return append(found, b.complaints...)
}

// do does an action, which must come to its end.
func do[T any](t *testing.T, b *tab, what string, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return result
}

// evaluate is the value of an expression in the page, which may be a promise.
func evaluate[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	return do(t, b, fmt.Sprintf("evaluate %.40q", expression), chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// colours are those that the visitor prefers: "light" or "dark".
func (b *tab) colours(t *testing.T, preferred string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: preferred}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

// screen is how large the window is, in pixels.
func (b *tab) screen(t *testing.T, width, height int64) {
	t.Helper()
	do(t, b, "size", chromedp.EmulateViewport(width, height))
	b.await(t, fmt.Sprintf("innerWidth === %d", width))
}
