package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
)

// TestCodesAreSentWithThePassword, which is asked for beside the code, and told of there
// when it is wrong.
func TestCodesAreSentWithThePassword(t *testing.T) {
	s := newLoginStage(true)
	s.answer = acmecore.AccountAnswer{Ticket: "ticket", Codes: &acmecore.NewCodes{Secret: "GEZDGNBV"}}
	const field = `<input type="password" id="password" name="password"`
	if page := text(t, s.ask(outsider(true), "GET", "/admin/account/codes")); !strings.Contains(page, field) {
		t.Errorf("there is no field for the password: %s", page)
	}
	s.answer.Mistakes = []acmecore.Mistake{{Field: "password", Text: "That is not your password."}}
	w := s.send(outsider(true), "/admin/account/codes", url.Values{"ticket": {"ticket"}, "code": {"123456"}, "password": {"guess"}})
	if page := text(t, w); w.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "That is not your password.") || strings.Contains(page, "guess") {
		t.Errorf("got %d, %s", w.Code, page)
	}
	last := s.asked[len(s.asked)-1]
	if last.Deed != acmecore.AccountConfirmCodes || last.Password != "guess" || last.Code != "123456" || last.Ticket != "ticket" {
		t.Errorf("asked for %+v", last)
	}
}
