package browser_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The certificate of the offices.
const (
	www             = "www.example.test"
	shop            = "shop.example.test"
	certificatePage = "/admin/certificate/www_example_test"
)

// TestOffice is a day of an administrator, under Apache: everything that there is to do
// with a certificate, from the first order to the end.
func TestOffice(t *testing.T) {
	t.Parallel()
	o := underApache(t, settings{})
	b := browse(t, o.identity.Certificate)
	b.signIn(o, admin)
	b.has("There are no certificates yet")
	b.shootAll("list-empty")
	b.certify(o)
	b.renew(o)
	b.breakTheLoad(o)
	b.mendTheLoad(o)
	b.restore(o)
	b.seeRecords(o)
	b.revoke(o)
	b.remove(o)
}

// certify rehearses an order for two names, orders what was rehearsed, and watches it.
func (b *tab) certify(o *office) {
	b.Helper()
	held := o.served(www)
	b.open(o.page("/admin/certify"), http.StatusOK, "Certify")
	b.fill("names", "https://"+www+"/\n"+shop+", "+www)
	b.shootAll("certify")
	b.press("Rehearse", http.StatusOK, "")
	rehearsal := b.path()
	b.awaitEnd()
	b.has(www, shop)
	b.shootAll("rehearsal")
	if got := o.wcme("list"); strings.Contains(got, www) {
		b.Fatalf("a rehearsal has ordered something: %s", got)
	}
	b.press("Order it now", http.StatusOK, "")
	if b.path() == rehearsal {
		b.Fatalf("the order is on the page of the rehearsal, %s", rehearsal)
	}
	b.awaitEnd()
	b.has("served")
	b.shootAll("job-certify")
	b.open(o.page("/admin/list"), http.StatusOK, "Certificates")
	b.has(www, shop, "valid")
	b.shootAll("list-one")
	b.follow(www, www)
	b.shootAll("certificate")
	if got, want := b.serial(), o.servedBesides(held, www); got != want {
		b.Errorf("the page says serial %q, visitors of %s get %q", got, www, want)
	}
}

// renew orders another certificate, although none is due. Whoever sends the form twice
// gets one.
func (b *tab) renew(o *office) {
	b.Helper()
	before := o.served(www)
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.follow("Renew now", "Renew "+www+" now")
	b.shootAll("renew")
	versions := o.versions()
	b.arrive("press Renew now twice", chromedp.DoubleClick(chromedp.Search(button("Renew now")), chromedp.NodeVisible), http.StatusOK, "")
	b.awaitEnd()
	b.has("served")
	b.shoot("job-renew")
	o.servedBesides(before, www)
	if got, want := o.versions(), versions+1; got != want {
		b.Errorf("a form that was sent twice: got %d versions, want %d", got, want)
	}
}

// breakTheLoad spoils the server's configuration, as a slip of the pen does, and looks
// where that is told.
func (b *tab) breakTheLoad(o *office) {
	b.Helper()
	before := o.served(www)
	if err := os.WriteFile(o.faulty, []byte(slip+" on\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	b.open(o.page(certificatePage+"/renew"), http.StatusOK, "Renew")
	b.press("Renew now", http.StatusOK, "")
	b.awaitEnd()
	b.has(slip) // the server's own words
	b.shootAll("job-load-failed")
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.has("last attempt failed", "load")
	b.shoot("certificate-load-failed")
	b.open(o.page("/admin/list"), http.StatusOK, "Certificates")
	if got := b.text("main form .alerts"); !strings.Contains(got, www) {
		b.Errorf("on top of the list: got %q, want what is wrong with %s", got, www)
	}
	b.shootAll("list-load-failed")
	o.expect("files before put back", slip)
	if after := o.served(www); after != before {
		b.Errorf("visitors of %s get %s, want what they got before the failure, %s", www, after, before)
	}
}

// slip is what Apache and nginx both do not know.
const slip = "NoSuchDirective"

// mendTheLoad puts the configuration right and runs the load again.
func (b *tab) mendTheLoad(o *office) {
	b.Helper()
	if err := os.WriteFile(o.faulty, []byte("# what else there is\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	before := o.served(www)
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.follow("Run the load", "Run the load of "+www)
	b.shoot("load")
	b.press("Run the load", http.StatusOK, "")
	b.awaitEnd()
	b.has("served")
	b.shoot("job-load")
	o.servedBesides(before, www)
	b.open(o.page("/admin/list"), http.StatusOK, "Certificates")
	if got := b.text("main form .alerts"); strings.Contains(got, www) {
		b.Errorf("on top of the list: got %q, want nothing about %s", got, www)
	}
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.follow("Verify", "Verify "+www)
	b.press("Verify now", http.StatusOK, "")
	b.awaitEnd()
	b.has("127.0.0.1")
	b.shoot("job-verify")
}

// restore brings the version before into service again.
func (b *tab) restore(o *office) {
	b.Helper()
	before, versions := o.served(www), o.versions()
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.follow("Restore", "Restore a version of "+www)
	b.shootAll("restore")
	b.press("Restore it", http.StatusOK, "")
	b.awaitEnd()
	b.shoot("job-restore")
	o.servedBesides(before, www)
	if got := o.versions(); got != versions {
		b.Errorf("got %d versions, want %d: nothing is ordered", got, versions)
	}
}

// revoke has the CA revoke the current version, not without being told that it is meant.
func (b *tab) revoke(o *office) {
	b.Helper()
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.follow("Revoke", "Revoke")
	b.shootAll("revoke")
	b.do("leave the box open", chromedp.Evaluate[chromedp.Void](`document.querySelector("[name=understood]").required = false`))
	b.expect("422")
	b.press("Revoke it", http.StatusUnprocessableEntity, "Revoke")
	b.has("There is something to correct")
	b.shoot("revoke-mistake")
	b.choose("reason", "4")
	b.tick("understood", "on")
	b.press("Revoke it", http.StatusOK, "")
	b.awaitEnd()
	b.shoot("job-revoke")
	b.open(o.page(certificatePage), http.StatusOK, www)
	b.has("revoked")
	b.shoot("certificate-revoked")
}

// remove ends it.
func (b *tab) remove(o *office) {
	b.Helper()
	b.follow("Stop managing", "Stop managing")
	b.shootAll("remove")
	stale := b.another()
	stale.open(o.page(certificatePage+"/renew"), http.StatusOK, "Renew")
	b.press("Stop managing it", http.StatusOK, "")
	b.awaitEnd()
	b.shoot("job-remove")
	stale.expect("404")
	stale.press("Renew now", http.StatusNotFound, "There is no such certificate") // removed meanwhile
	stale.shoot("certificate-removed")
	b.open(o.page("/admin/list"), http.StatusOK, "Certificates")
	b.has("There are no certificates yet")
}

// seeRecords opens what there is to read.
func (b *tab) seeRecords(o *office) {
	b.Helper()
	for name, row := range map[string]struct{ path, heading, text string }{
		"runs":   {"/admin/runs", "Runs", admin},
		"log":    {"/admin/log", "Log", "certificate renewed"},
		"audit":  {"/admin/audit", "Audit", admin},
		"status": {"/admin/status", "Status", "Apache"},
		"checks": {"/admin/check", "Checks", ""},
	} {
		b.open(o.page(row.path), http.StatusOK, row.heading)
		b.has(row.text)
		b.shootAll(name)
	}
}

// awaitEnd watches the page of a job, which follows it by itself, to its end.
func (b *tab) awaitEnd() {
	b.Helper()
	if got, want := b.path(), mount+"/admin/job/"; !strings.HasPrefix(got, want) {
		b.Fatalf("the form led to %s, want %s…", got, want)
	}
	b.awaitThat("the end of "+b.tryText("h1"), func() bool { return b.tryText("main") != "" && b.tryCount("[data-refresh]") == 0 })
}

// serial is what the certificate's page says.
func (b *tab) serial() string {
	b.Helper()
	return run(b, "read the serial number", chromedp.Evaluate[string](
		`[...document.querySelectorAll("dl.facts div")].find(f => f.querySelector("dt").innerText.startsWith("Serial"))?.querySelector("dd").innerText.trim() ?? ""`))
}
