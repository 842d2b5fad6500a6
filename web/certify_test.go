package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/web/gallery"
)

// formStage is a stage whose overseer offers a usual configuration, and begins what it
// is asked for, unless there is an error.
func formStage(refused error) *stage {
	return &stage{overseer: &gallery.Overseer{
		OnChoices: func() acmecore.Choices {
			return acmecore.Choices{CA: "letsencrypt", CAs: []string{"letsencrypt", "internal"}, Keys: acmecore.KeyTypes(), Install: []string{"nginx", "mail"}, Load: []string{"servers"}}
		},
		OnBegin: func(control.Task) (acmecore.Job, error) { return acmecore.Job{ID: "job1"}, refused },
	}}
}

func texts(names []acmecore.Name) (list []string) {
	for _, name := range names {
		list = append(list, string(name))
	}
	return list
}

// TestPastedListsOfNames: however a list is written, its names are found.
func TestPastedListsOfNames(t *testing.T) {
	for pasted, want := range map[string]string{
		"www.example.org": "www.example.org",
		"www.example.org, example.org;shop.example.org":              "www.example.org example.org shop.example.org",
		" www.example.org\r\n\texample.org\n\n":                      "www.example.org example.org",
		"https://www.example.org/ http://shop.example.org:8080/a?b#": "www.example.org shop.example.org",
		`"www.example.org", 'example.org'`:                           "www.example.org example.org",
		"WWW.Example.ORG.":                                           "www.example.org",
		"bücher.example.org":                                         "xn--bcher-kva.example.org",
		"https://bücher.example.org/x":                               "xn--bcher-kva.example.org",
		"a.example.org a.example.org":                                "a.example.org a.example.org", // a rehearsal tells of it
		"www.example.org\u00a0example.org":                           "www.example.org example.org",
	} {
		s := formStage(nil)
		w := s.send(admin(), "/admin/certify", url.Values{"names": {pasted}})
		if w.Code != http.StatusSeeOther || len(s.overseer.Tasks) != 1 {
			t.Errorf("%q: got %d and %d tasks", pasted, w.Code, len(s.overseer.Tasks))
			continue
		}
		if got := strings.Join(texts(s.overseer.Tasks[0].Certify.Names), " "); got != want {
			t.Errorf("%q: got %s, want %s", pasted, got, want)
		}
	}
}

// TestNamesThatAreNone reach no overseer (W11). Among them are those that were used
// against other web managers, and those that Let's Encrypt's own tests refuse.
func TestNamesThatAreNone(t *testing.T) {
	for _, typed := range []string{
		"", " ,;\n", "x; id", "../../etc/cron.d/x", "www.example.org; rm -rf /", "$(id).example.org", "`id`", "a.example.org|id", "a.example.org&&id", "a.example.org\x00.evil.example",
		"'; touch /tmp/x; '", `example.org"; $(touch /tmp/pwn) #`, "{{7*7}}.example.org", "<script>alert(1)</script>", "--help", "-a.example.org", "a-.example.org", "a..example.org",
		".example.org", "example", "localhost", "1.2.3", "[::1", "2001:db8::1:443:x", "0.0.0.0", "https://192.0.2.256/", "a_b.example.org", "_dmarc.example.org", "*.*.example.org", "*.", "a.*.example.org",
		"user@example.org", "example.org/path", "example.org:443", "file:///etc/passwd", "ftp://example.org/", "http://", "https:///x", "xn--a", "xn--", "\xff\xfe", "\u202egro.elpmaxe", "a\u200db.example.org",
		strings.Repeat("a", 64) + ".example.org", strings.Repeat("a.", 130) + "example.org", "a b.example.org c",
	} {
		s := formStage(nil)
		for _, do := range []string{"rehearse", "order"} {
			w := s.send(admin(), "/admin/certify", url.Values{"names": {typed}, "do": {do}})
			page := text(t, w)
			if w.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `id="names-error"`) || !strings.Contains(page, `id="mistakes"`) || !strings.Contains(page, `aria-invalid="true"`) {
				t.Errorf("%q: got %d, want that the names are wrong, beside the field and on top", typed, w.Code)
			}
		}
		if len(s.overseer.Tasks) > 0 {
			t.Errorf("%q: it reached the overseer as %q", typed, texts(s.overseer.Tasks[0].Certify.Names))
		}
	}
}

// TestChoicesThatAreNotOffered reach no overseer either: a page can name no command, no
// path and no address.
func TestChoicesThatAreNotOffered(t *testing.T) {
	for field, form := range map[string]url.Values{
		"ca":      {"ca": {"https://evil.example/directory"}},
		"key":     {"key": {"rsa1024"}},
		"profile": {"profile": {"a b"}},
		"install": {"targets": {"chosen"}, "install": {"nginx", "../../etc/cron.d"}},
		"load":    {"actions": {"chosen"}, "load": {"/bin/sh -c id"}},
		"targets": {"install": {"nginx"}},
		"actions": {"actions": {"all"}},
	} {
		s := formStage(nil)
		form.Set("names", "www.example.org")
		w := s.send(admin(), "/admin/certify", form)
		page := text(t, w)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `id="`+field+`-error"`) || !strings.Contains(page, `href="#`+field+`"`) || len(s.overseer.Tasks) > 0 {
			t.Errorf("%s: got %d and %d tasks, want that it is wrong", field, w.Code, len(s.overseer.Tasks))
		}
		if !strings.Contains(page, ">www.example.org</textarea>") {
			t.Errorf("%s: what was typed is gone", field)
		}
	}
}

func TestFormBecomesATask(t *testing.T) {
	for _, row := range []struct {
		what string
		form url.Values
		deed control.Deed
		want control.CertifyRequest
	}{
		{"all left open", url.Values{"do": {"rehearse"}}, control.DeedRehearse, control.CertifyRequest{}},
		{"no button", url.Values{}, control.DeedRehearse, control.CertifyRequest{}},
		{"everything chosen", url.Values{"do": {"order"}, "ca": {"internal"}, "profile": {" tlsserver "}, "key": {"rsa2048"}, "targets": {"chosen"}, "install": {"mail", "nginx"},
			"actions": {"chosen"}}, control.DeedCertify,
			control.CertifyRequest{CA: "internal", Profile: "tlsserver", Keys: []acmecore.KeyType{acmecore.RSA2048}, Install: []string{"mail", "nginx"}, Load: []string{}}},
	} {
		s := formStage(nil)
		row.form.Set("names", "www.example.org")
		w := s.send(admin(), "/admin/certify", row.form)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/cgi-bin/wcme/admin/job/job1" {
			t.Errorf("%s: got %d to %q", row.what, w.Code, w.Header().Get("Location"))
			continue
		}
		task := s.overseer.Tasks[0]
		got := *task.Certify
		if task.Deed != row.deed || got.CA != row.want.CA || !slices.Equal(got.Keys, row.want.Keys) || got.Profile != row.want.Profile || got.Force ||
			!slices.Equal(got.Install, row.want.Install) || (got.Install == nil) != (row.want.Install == nil) ||
			!slices.Equal(got.Load, row.want.Load) || (got.Load == nil) != (row.want.Load == nil) {
			t.Errorf("%s: got %s %+v, want %s %+v", row.what, task.Deed, got, row.deed, row.want)
		}
	}
}

// TestFormThatIsNotTakenIsShownAgain, filled in, with what is so.
func TestFormThatIsNotTakenIsShownAgain(t *testing.T) {
	for _, row := range []struct {
		kind   acmecore.Kind
		status int
		text   string
	}{
		{acmecore.Stale, http.StatusConflict, "had expired"},
		{acmecore.Invalid, http.StatusUnprocessableEntity, "it is so"},
		{acmecore.Busy, http.StatusConflict, "it is so"},
		{acmecore.Limited, http.StatusTooManyRequests, "it is so"},
	} {
		s := formStage(&acmecore.Error{Kind: row.kind, Op: "certify", Cause: errors.New("it is so"), Hint: "do that"})
		w := s.send(admin(), "/admin/certify", url.Values{"names": {"www.example.org"}, "key": {"ec384"}, "do": {"order"}})
		page := text(t, w)
		if w.Code != row.status || !strings.Contains(page, row.text) || !strings.Contains(page, ">www.example.org</textarea>") || !strings.Contains(page, `value="ec384" checked`) {
			t.Errorf("%s: got %d, want %d, and %q", row.kind, w.Code, row.status, row.text)
		}
	}
	for kind, status := range map[acmecore.Kind]int{acmecore.Denied: http.StatusForbidden, acmecore.Unreachable: http.StatusServiceUnavailable} {
		s := formStage(&acmecore.Error{Kind: kind, Cause: errors.New("it is so")})
		if w := s.send(admin(), "/admin/certify", url.Values{"names": {"www.example.org"}}); w.Code != status {
			t.Errorf("%s: got %d, want %d", kind, w.Code, status)
		}
	}
}

func TestOrdinaryFormIsShort(t *testing.T) {
	names := make([]string, 100)
	for i := range names {
		names[i] = "host-" + strings.Repeat("x", 20) + ".intranet.example.org"
	}
	form := url.Values{"form": {strings.Repeat("t", 300)}, "names": {strings.Join(names, "\r\n")}, "ca": {"letsencrypt"}, "profile": {"tlsserver"}, "key": {"ec256"},
		"targets": {"chosen"}, "install": {"nginx", "mail"}, "actions": {"chosen"}, "load": {"servers"}, "do": {"order"}}
	if size := len(form.Encode()); size > 8<<10 {
		t.Errorf("a hundred names make a form of %d bytes, want 8 KiB at most", size)
	}
}

func TestFormIsForAdminsAlone(t *testing.T) {
	for _, role := range []acmecore.Role{acmecore.RoleView, acmecore.RoleOperate} {
		s := formStage(nil)
		s.overseer.Admission = &acmecore.Admission{User: "olga", Role: role, Form: "token"}
		if w := s.ask(admin(), "GET", "/admin/certify"); w.Code != http.StatusForbidden {
			t.Errorf("%s: got %d", role, w.Code)
		}
		if w := s.send(admin(), "/admin/certify", url.Values{"names": {"www.example.org"}}); w.Code != http.StatusForbidden || len(s.overseer.Tasks) > 0 {
			t.Errorf("%s: sent: got %d and %d tasks", role, w.Code, len(s.overseer.Tasks))
		}
	}
}

// TestRehearsalThatWouldOrderNothing says so, and offers no order: where the record would
// change that alone, and otherwise the page that renews.
func TestRehearsalThatWouldOrderNothing(t *testing.T) {
	for _, scene := range gallery.Scenes() {
		changes := scene.Name == "job-rehearsed-kept-with-changes"
		if !changes && scene.Name != "job-rehearsed-kept" {
			continue
		}
		s := stage{overseer: scene.Overseer}
		page := text(t, s.ask(admin(), "GET", scene.Path))
		if !strings.Contains(page, "it would be kept, and none ordered.") || strings.Contains(page, "Order it now") ||
			strings.Contains(page, "Change its record") != changes ||
			strings.Contains(page, `<a href="/cgi-bin/wcme/admin/certificate/www_example_org/renew">Renew it</a>`) == changes {
			t.Errorf("%s: %s", scene.Name, page)
		}
	}
}
