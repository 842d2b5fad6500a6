package browser_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// maxTabs is how often the tab key may have to be pressed before what is looked for has
// the focus.
const maxTabs = 120

// TestKeyboard goes from the list to a certificate and renews it, without a mouse.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	o := underApache(t, settings{})
	o.wcme("certify", www+","+shop)
	before := o.served(www)
	b := browse(t, o.identity.Certificate)
	b.signIn(o, operator)
	b.skip()
	b.walkTo(www)
	b.enter(http.StatusOK, www)
	b.walkTo("Renew now")
	b.enter(http.StatusOK, "Renew "+www+" now")
	b.walkTo("Renew now")
	b.shoot("keyboard-renew")
	b.enter(http.StatusOK, "")
	b.awaitEnd()
	o.servedBesides(before, www)
}

// skip takes the first link, which leads past the navigation to the content.
func (b *tab) skip() {
	b.Helper()
	b.do("press tab", chromedp.KeyEvent(kb.Tab))
	if got, want := b.focused(), "Skip to the content"; got != want {
		b.Errorf("the first tab leads to %q, want %q", got, want)
	}
	b.do("press enter", chromedp.KeyEvent(kb.Enter))
	if got := run(b, "look for the focus", chromedp.Evaluate[string](`document.activeElement.id`)); got != "content" {
		b.Errorf("the skip link leads to %q, want the content", got)
	}
}

// walkTo presses the tab key until a link or a button with the text has the focus. All
// that has it on the way has to show it.
func (b *tab) walkTo(text string) {
	b.Helper()
	for range maxTabs {
		b.do("press tab", chromedp.KeyEvent(kb.Tab))
		shows := run(b, "look for the focus", chromedp.Evaluate[bool](`getComputedStyle(document.activeElement).outlineStyle !== "none" || document.activeElement === document.body`))
		if !shows {
			b.Errorf("%q has the focus and does not show it", b.focused())
		}
		if b.focused() == text {
			return
		}
	}
	b.Fatalf("%d tabs do not lead to %q", maxTabs, text)
}

// focused is the text of what has the focus.
func (b *tab) focused() string {
	b.Helper()
	return run(b, "look for the focus", chromedp.Evaluate[string](`document.activeElement.innerText.trim()`))
}

// enter presses the enter key, which leads to another page.
func (b *tab) enter(status int, heading string) {
	b.Helper()
	b.arrive("press enter", chromedp.KeyEvent(kb.Enter), status, heading)
}
