package browser_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// tab is a tab of a browser.
type tab struct {
	*testing.T
	ctx      context.Context
	witness  *witness
	expected *[]string // what it may complain about, in part
}

// newTab makes the first tab of a browser, or another one: see chromedp.NewContext.
func newTab(t *testing.T, ctx context.Context) *tab {
	t.Helper()
	b := &tab{T: t, ctx: ctx, witness: new(witness), expected: new([]string)}
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as the context of the first call
		t.Fatalf("start Chromium: %v", err)
	}
	if err := chromedp.Listen(ctx, b.witness.see); err != nil {
		t.Fatal(err)
	}
	b.do("desk", chromedp.EmulateViewport(width, height))
	t.Cleanup(b.judge)
	return b
}

// on is the same tab for a part of the test.
func (b *tab) on(t *testing.T) *tab {
	part := *b
	part.T = t
	return &part
}

// another makes a tab of the same browser, which has the same cookies.
func (b *tab) another() *tab {
	b.Helper()
	ctx, end := chromedp.NewContext(b.ctx)
	b.Cleanup(end)
	return newTab(b.T, ctx)
}

// expect says what the tab may complain about.
func (b *tab) expect(parts ...string) { *b.expected = append(*b.expected, parts...) }

// judge fails the test for what the tab has complained about, and for answers without
// the headers that each has to have.
func (b *tab) judge() {
	answers := b.witness.answered()
	for _, answer := range answers {
		if isInterlude(answer) {
			b.expect("status of 503 (Service Unavailable) " + answer.URL)
		}
	}
	for _, complaint := range b.witness.take() {
		if !slices.ContainsFunc(*b.expected, func(part string) bool { return strings.Contains(complaint, part) }) {
			b.Errorf("the browser complains: %s", complaint)
		}
	}
	for _, answer := range answers {
		if problem := lacks(answer); problem != "" {
			b.Errorf("%s: %s", answer.URL, problem)
		}
	}
	if b.Failed() {
		b.shoot("failed-" + strings.ReplaceAll(b.Name(), "/", "-"))
		b.Logf("the tab shows %s:\n%.4000s", b.location(), b.text("body"))
	}
}

// isInterlude tells of what Apache itself answers where a job is shown, while the job's
// load has it read its configuration again: for a moment there is nobody who starts
// scripts (mod_cgid has a daemon for that). What wCME answers so has its own headers.
func isInterlude(answer *network.Response) bool {
	return answer.Status == http.StatusServiceUnavailable && strings.Contains(answer.URL, mount+"/admin/job/") && headerOf(answer).Get("Content-Type") == "text/html; charset=iso-8859-1"
}

// do does the actions, which must come to their end.
func (b *tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	run(b, what, chromedp.Steps(actions...))
}

// run does an action, which must come to its end.
func run[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		b.Fatalf("%s: %v", what, err)
	}
	return result
}

// open goes to an address, and wants the status and the heading of its answer.
func (b *tab) open(address string, status int, heading string) {
	b.Helper()
	b.arrive("open "+address, chromedp.Navigate(address), status, heading)
}

// arrive does what leads to another page, and wants the status and the heading of that.
func (b *tab) arrive(what string, action chromedp.Action[chromedp.Void], status int, heading string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, action)
	for err == nil && isInterlude(answer) { // which passes
		answer, err = chromedp.RunResponse(ctx, chromedp.Reload())
	}
	if err != nil {
		b.Fatalf("%s: %v", what, err)
	}
	if int(answer.Status) != status {
		b.Fatalf("%s: got %d at %s, want %d", what, answer.Status, answer.URL, status)
	}
	if got := b.text("h1"); !strings.Contains(got, heading) {
		b.Fatalf("%s: got the page %q, want %q", what, got, heading)
	}
}

// follow clicks on the link with the text.
func (b *tab) follow(text string, heading string) {
	b.Helper()
	b.arrive("follow "+text, click(link(text)), 200, heading)
}

// press clicks on the button with the text, which sends a form, and wants the status
// and the heading of the page that comes of it.
func (b *tab) press(text string, status int, heading string) {
	b.Helper()
	b.arrive("press "+text, click(button(text)), status, heading)
}

// click clicks on the first element that can be seen.
func click(xpath string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.Search(xpath), chromedp.NodeVisible)
}

// link is the XPath of a link in the page's own content, whatever lies around it.
func link(text string) string { return fmt.Sprintf(`//main//a[normalize-space()=%q]`, text) }

func button(text string) string { return fmt.Sprintf(`//button[normalize-space()=%q]`, text) }

// fill puts a text into the field with the name, in place of what is there.
func (b *tab) fill(name, text string) {
	b.Helper()
	css := fmt.Sprintf(`main [name=%q]`, name)
	run(b, "clear "+name, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).value = ""`, css)))
	b.do("fill "+name, chromedp.SendKeys(chromedp.CSS(css), text))
}

// choose chooses a value of a select.
func (b *tab) choose(name, value string) {
	b.Helper()
	b.do("choose "+name, chromedp.SetValue(chromedp.CSS(fmt.Sprintf(`main select[name=%q]`, name)), value))
}

// tick clicks on a box or a round one, by its field and its value.
func (b *tab) tick(name, value string) {
	b.Helper()
	b.do("tick "+name, chromedp.Click(chromedp.CSS(fmt.Sprintf(`main input[name=%q][value=%q]`, name, value))))
}

// text is what can be read in the element, or "" where there is none.
func (b *tab) text(css string) string {
	b.Helper()
	return read(b, css, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, css)))
}

// read reads something of the page, or of the one that takes its place meanwhile: that of
// a job does so by itself.
func read(b *tab, what string, action chromedp.Action[string]) string {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		text, err := chromedp.Run(ctx, action)
		if err == nil {
			return text
		}
		if !isReplaced(err) {
			b.Fatalf("read %s: %v", what, err)
		}
	}
}

// isReplaced tells of the errors that say that there is another page now.
func isReplaced(err error) bool {
	var answer *cdproto.Error
	return errors.As(err, &answer) && slices.ContainsFunc([]string{"navigated or closed", "context was destroyed", "Cannot find default execution context", "Cannot find context"},
		func(part string) bool { return strings.Contains(answer.Message, part) })
}

// value is that of the field with the name.
func (b *tab) value(name string) string {
	b.Helper()
	return run(b, "read "+name, chromedp.Value(chromedp.CSS(fmt.Sprintf(`main [name=%q]`, name))))
}

// location is the address of the page.
func (b *tab) location() string {
	b.Helper()
	return read(b, "the address", chromedp.Location())
}

// path is its path.
func (b *tab) path() string {
	b.Helper()
	parsed, err := url.Parse(b.location())
	if err != nil {
		b.Fatal(err)
	}
	return parsed.Path
}

// has wants the page to say something.
func (b *tab) has(texts ...string) {
	b.Helper()
	page := b.text("main")
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.Errorf("%s does not say %q:\n%.3000s", b.location(), text, page)
		}
	}
}

// pause lies between two looks.
const pause = 50 * time.Millisecond

// awaitThat returns when it is so.
func (b *tab) awaitThat(what string, so func() bool) {
	b.Helper()
	for late := time.After(patience); !so(); {
		select {
		case <-late:
			b.Fatalf("%s: not within %v", what, patience)
		case <-time.After(pause):
		}
	}
}

// tryText is text, for a page that may go away meanwhile.
func (b *tab) tryText(css string) string {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, css)))
	if err != nil {
		return ""
	}
	return text
}

// tryCount is how many elements there are, likewise: -1 while the page is not there yet.
func (b *tab) tryCount(css string) int {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	count, err := chromedp.Run(ctx, chromedp.Evaluate[int](fmt.Sprintf(`document.readyState === "complete" ? document.querySelectorAll(%q).length : -1`, css)))
	if err != nil {
		return -1
	}
	return count
}

// cookies are those that the browser would send to the address.
func (b *tab) cookies(address string) []*network.Cookie {
	b.Helper()
	return run(b, "read the cookies", func(ctx context.Context, t *chromedp.Target) ([]*network.Cookie, error) {
		result, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
		return result.Cookies, err
	})
}
