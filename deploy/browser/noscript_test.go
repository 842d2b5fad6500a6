package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestNoScript orders a certificate with scripts off: the page of the order follows it
// all the same.
func TestNoScript(t *testing.T) {
	t.Parallel()
	o := underApache(t, settings{})
	b := browse(t, o.identity.Certificate)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.signIn(o, admin)
	b.open(o.page("/admin/certify"), http.StatusOK, "Certify")
	b.fill("names", "not a name; id")
	b.expect("422")
	b.press("Order now", http.StatusUnprocessableEntity, "Certify")
	b.has("There is something to correct")
	if got := b.value("names"); got != "not a name; id" {
		t.Errorf("the field has %q, want what was typed", got)
	}
	b.shoot("noscript-mistake")
	b.fill("names", www+"\n"+shop)
	b.press("Order now", http.StatusOK, "")
	job := b.path()
	b.awaitThat("the end of the order", func() bool {
		if b.tryText("h1") == "Service Unavailable" { // by Apache itself: see isInterlude
			b.open(o.origin()+job, http.StatusOK, "")
		}
		text := b.tryText("main")
		return text != "" && b.tryCount("noscript, meta[http-equiv=refresh]") == 0
	})
	b.has("served")
	b.shoot("noscript-job")
	if got := b.path(); got != job {
		t.Errorf("the page went on to %s, want to stay at %s", got, job)
	}
	if got := o.wcme("list"); !strings.Contains(got, www) {
		t.Errorf("nothing was ordered: %s", got)
	}
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.shoot("noscript-certificate")
}
