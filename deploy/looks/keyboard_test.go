package looks_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused tells of the element with the focus what it is, and whether that can be seen:
// it has an outline, and stands on the screen.
const focused = `(() => {
	const e = document.activeElement, at = e.getBoundingClientRect();
	const seen = getComputedStyle(e).outlineStyle !== "none" && at.width > 0 && at.height > 0 &&
		at.right > 0 && at.bottom > 0 && at.left < innerWidth && at.top < innerHeight;
	return {What: e === document.body ? "" : e.outerHTML.slice(0, 120), Seen: seen};
})()`

// TestKeyboardIsEnough walks through pages by the Tab key alone: past the sections, if
// one likes, and to everything that can be used, each of which shows that it has the
// focus.
func TestKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	for _, name := range []string{"list-bad", "certificate-usual", "certify-empty", "log-usual"} {
		b.open(t, "/"+name+"/")
		want := evaluate[int](t, b, `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
			.filter((e) => e.type !== "radio" && e.checkVisibility()).length`)
		reached := 0
		for range 2 * want {
			do(t, b, "press Tab", chromedp.KeyEvent(kb.Tab))
			now := evaluate[struct {
				What string
				Seen bool
			}](t, b, focused)
			if now.What == "" {
				break // the last one was before
			}
			reached++
			if !now.Seen {
				t.Errorf("%s: it cannot be seen that the focus is on %s", name, now.What)
			}
			if reached == 1 && !evaluate[bool](t, b, `document.activeElement.matches(".skip")`) {
				t.Errorf("%s: the first one is %s, not the way past the sections", name, now.What)
			}
		}
		if reached < want {
			t.Errorf("%s: %d of %d were reached", name, reached, want)
		}
	}
}
