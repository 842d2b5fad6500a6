package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// TestOverseerIsAway is what pages say while the overseer does not run, and of what was
// shown before it was started again.
func TestOverseerIsAway(t *testing.T) {
	t.Parallel()
	o := underApache(t, settings{})
	o.wcme("certify", www+","+shop)
	b := browse(t, o.identity.Certificate)
	b.signIn(o, admin)
	b.open(o.page(certificatePage+"/verify"), http.StatusOK, "Verify "+www)
	b.press("Verify now", http.StatusOK, "")
	b.awaitEnd()
	job := b.location()
	b.open(o.page(certificatePage+"/renew"), http.StatusOK, "Renew")
	b.expect("409", "503", "404")

	if err := o.overseer.Stop(); err != nil {
		t.Fatal(err)
	}
	away := b.another()
	away.expect("503")
	away.open(o.page("/admin/list"), http.StatusServiceUnavailable, "The overseer does not answer")
	away.has("wcme overseer")
	away.shootAll("overseer-away")
	response, body := o.ask(http.MethodGet, mount+"/admin/list", admin, "")
	o.judgeAnswer("while the overseer is away", response, body)

	o.overseer = lab.MustOverseer(t, o.programs, o.root)
	before := o.served(www)
	b.press("Renew now", http.StatusConflict, "Renew")
	b.has("expired")
	b.shoot("form-expired")
	b.press("Renew now", http.StatusOK, "")
	b.awaitEnd()
	o.servedBesides(before, www)
	b.open(job, http.StatusNotFound, "")
	b.shoot("job-unknown")
	o.expect("overseer does not answer")
}

// keepsRoles shows what the users of a lower role do not get, and that a form is the one
// of whoever it was shown to.
func (o *office) keepsRoles() {
	o.Helper()
	for _, row := range []struct {
		user, method, path string
		status             int
	}{
		{viewer, http.MethodGet, certificatePage, http.StatusOK},
		{viewer, http.MethodGet, "/admin/log", http.StatusOK},
		{viewer, http.MethodGet, "/admin/audit", http.StatusForbidden},
		{viewer, http.MethodGet, "/admin/certify", http.StatusForbidden},
		{viewer, http.MethodGet, certificatePage + "/renew", http.StatusForbidden},
		{viewer, http.MethodPost, certificatePage + "/renew", http.StatusForbidden},
		{viewer, http.MethodPost, "/admin/check/load", http.StatusForbidden},
		{operator, http.MethodGet, certificatePage + "/renew", http.StatusOK},
		{operator, http.MethodGet, certificatePage + "/revoke", http.StatusForbidden},
		{operator, http.MethodPost, certificatePage + "/revoke", http.StatusForbidden},
		{operator, http.MethodPost, certificatePage + "/remove", http.StatusForbidden},
		{operator, http.MethodPost, certificatePage + "/restore", http.StatusForbidden},
		{operator, http.MethodPost, "/admin/certify", http.StatusForbidden},
		{"", http.MethodGet, "/admin/list", http.StatusUnauthorized},
		{"mallory", http.MethodGet, "/admin/list", http.StatusUnauthorized},
	} {
		form := "form=" + o.token(admin) + "&seen=000001&understood=on&version=000001&reason=0&names=evil.example.test&do=order"
		if row.method == http.MethodGet {
			form = ""
		}
		response, _ := o.ask(row.method, mount+row.path, row.user, form, "Content-Type", "application/x-www-form-urlencoded")
		if response.StatusCode != row.status {
			o.Errorf("%s, %s %s: got %d, want %d", row.user, row.method, row.path, response.StatusCode, row.status)
		}
	}
	response, _ := o.ask(http.MethodPost, mount+certificatePage+"/renew", admin, "form="+o.token(operator), "Content-Type", "application/x-www-form-urlencoded")
	if response.StatusCode != http.StatusConflict {
		o.Errorf("a form that was shown to somebody else: got %d, want 409", response.StatusCode)
	}
	if _, body := o.ask(http.MethodGet, mount+certificatePage, viewer, ""); strings.Contains(body, certificatePage+"/renew") {
		o.Errorf("the page of %s leads to what that user may not do:\n%.2000s", viewer, body)
	}
}

// token is that of a form which was shown to the user.
func (o *office) token(user string) string {
	o.Helper()
	_, body := o.ask(http.MethodGet, mount+certificatePage+"/renew", user, "")
	_, rest, _ := strings.Cut(body, `name="form" value="`)
	token, _, found := strings.Cut(rest, `"`)
	if !found {
		o.Fatalf("there is no form for %s:\n%.2000s", user, body)
	}
	return token
}
