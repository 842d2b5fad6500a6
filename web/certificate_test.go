package web_test

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/web/gallery"
)

// certificateScene is the gallery's, whose overseer the test may change.
func certificateScene(t *testing.T, name string) gallery.Scene {
	t.Helper()
	for _, scene := range gallery.Scenes() {
		if scene.Name == "certificate-"+name {
			return scene
		}
	}
	t.Fatalf("the gallery has no certificate-%s", name)
	return gallery.Scene{}
}

// certificateStage is a site with the details of a scene, and an overseer that begins
// whatever it is told to.
func certificateStage(t *testing.T, name string) (*stage, string) {
	t.Helper()
	scene := certificateScene(t, name)
	s := &stage{overseer: &gallery.Overseer{OnDetails: scene.Overseer.OnDetails,
		OnBegin: func(control.Task) (acmecore.Job, error) { return acmecore.Job{ID: "7f3a"}, nil }}}
	path, _, _ := strings.Cut(scene.Path, "?")
	return s, path
}

// deeds are the acts of a certificate, and what their form must have in it.
var deeds = map[string]struct {
	deed control.Deed
	form url.Values
}{
	"renew":   {control.DeedRenew, url.Values{"seen": {"000003"}}},
	"load":    {control.DeedLoad, url.Values{"seen": {"000003"}}},
	"verify":  {control.DeedVerify, url.Values{"seen": {"000003"}}},
	"restore": {control.DeedRestore, url.Values{"seen": {"000003"}, "version": {"000002"}}},
	"revoke":  {control.DeedRevoke, url.Values{"seen": {"000003"}, "version": {"000003"}, "reason": {"1"}, "understood": {"on"}}},
	"remove":  {control.DeedRemove, url.Values{"seen": {"000003"}}},
}

func TestDeedsOfACertificateBegin(t *testing.T) {
	for act, row := range deeds {
		s, path := certificateStage(t, "usual")
		w := s.send(admin(), path+"/"+act, row.form)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/cgi-bin/wcme/admin/job/7f3a" {
			t.Errorf("%s: %d to %q", act, w.Code, w.Header().Get("Location"))
		}
		want := control.Task{Deed: row.deed, ID: "www_example_org", Version: row.form.Get("version")}
		if act == "revoke" {
			want.Reason = 1
		}
		if len(s.overseer.Tasks) != 1 || s.overseer.Tasks[0] != want {
			t.Errorf("%s: began %+v, want %+v", act, s.overseer.Tasks, want)
		}
	}
}

// TestDeedsOfACertificateTakeTheirRole: each page, and each link to it, is for those
// who may.
func TestDeedsOfACertificateTakeTheirRole(t *testing.T) {
	for _, role := range []acmecore.Role{acmecore.RoleView, acmecore.RoleOperate, acmecore.RoleAdmin} {
		s, path := certificateStage(t, "usual")
		s.overseer.Admission = &acmecore.Admission{User: "somebody", Role: role, Form: "token"}
		w := s.ask(admin(), "GET", path)
		page := text(t, w)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d", role, w.Code)
		}
		for act, row := range deeds {
			may := role.May(row.deed.Role())
			if linked := strings.Contains(page, `href="/cgi-bin/wcme`+path+"/"+act); linked != may {
				t.Errorf("%s: a link to %s: %t, want %t", role, act, linked, may)
			}
			want := http.StatusForbidden
			if may {
				want = http.StatusOK
			}
			if w := s.ask(admin(), "GET", path+"/"+act); w.Code != want {
				t.Errorf("%s: GET %s: %d, want %d", role, act, w.Code, want)
			}
			s.overseer.Tasks = nil
			s.send(admin(), path+"/"+act, row.form)
			if began := len(s.overseer.Tasks) == 1; began != may {
				t.Errorf("%s: POST %s began something: %t, want %t", role, act, began, may)
			}
		}
	}
}

// TestDeedsAreNotDoneToAnotherVersion is W12: what was decided on was the version that
// the page has shown.
func TestDeedsAreNotDoneToAnotherVersion(t *testing.T) {
	for act, row := range deeds {
		s, path := certificateStage(t, "usual")
		form := url.Values{}
		for name, values := range row.form {
			form[name] = values
		}
		form.Set("seen", "000002")
		w := s.send(admin(), path+"/"+act, form)
		page := text(t, w)
		if w.Code != http.StatusConflict || !strings.Contains(page, "another version is the current one by now") || len(s.overseer.Tasks) != 0 {
			t.Errorf("%s: %d, began %+v", act, w.Code, s.overseer.Tasks)
		}
		if !strings.Contains(page, `name="seen" value="000003"`) {
			t.Errorf("%s: the form shown again does not have the version of now", act)
		}
	}
}

// TestButtonsOnOtherPagesNeedNotSayWhatTheySaw, as long as they take nothing away.
func TestButtonsOnOtherPagesNeedNotSayWhatTheySaw(t *testing.T) {
	for act, row := range deeds {
		s, path := certificateStage(t, "usual")
		form := url.Values{}
		for name, values := range row.form {
			if name != "seen" {
				form[name] = values
			}
		}
		s.send(admin(), path+"/"+act, form)
		if began, harmless := len(s.overseer.Tasks) == 1, row.deed.Role() == acmecore.RoleOperate; began != harmless {
			t.Errorf("%s: began something: %t, want %t", act, began, harmless)
		}
	}
}

func TestIncompleteFormsAreShownAgain(t *testing.T) {
	for what, row := range map[string]struct {
		act  string
		form url.Values
		want string
	}{
		"not understood":          {"revoke", url.Values{"version": {"000002"}, "reason": {"4"}}, "Tick this when you do."},
		"no such reason":          {"revoke", url.Values{"version": {"000002"}, "reason": {"2"}, "understood": {"on"}}, "Choose one of these."},
		"no such version":         {"revoke", url.Values{"version": {"../etc"}, "reason": {"4"}, "understood": {"on"}}, "Choose one of these."},
		"no version":              {"restore", url.Values{}, "Choose one of these."},
		"restore the current one": {"restore", url.Values{"version": {"000003"}}, "Choose one of these."},
	} {
		s, path := certificateStage(t, "usual")
		row.form.Set("seen", "000003")
		w := s.send(admin(), path+"/"+row.act, row.form)
		page := text(t, w)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(page, row.want) || !strings.Contains(page, `id="mistakes"`) || len(s.overseer.Tasks) != 0 {
			t.Errorf("%s: %d, began %+v", what, w.Code, s.overseer.Tasks)
		}
		if row.form.Get("reason") == "4" && !strings.Contains(page, `<option value="4" selected>`) {
			t.Errorf("%s: the reason that was chosen is lost", what)
		}
	}
}

// TestRevokedVersionsAreNotOffered, neither to go back to nor to be revoked again.
func TestRevokedVersionsAreNotOffered(t *testing.T) {
	s, path := certificateStage(t, "revoked")
	for act, version := range map[string]string{"revoke": "000003", "restore": "000001"} {
		page := text(t, s.ask(admin(), "GET", path+"/"+act))
		if strings.Contains(page, `value="`+version+`, `) || strings.Count(page, `value="`+version+`"`) > strings.Count(page, `name="seen" value="`+version+`"`) {
			t.Errorf("%s: version %s is offered", act, version)
		}
		if !strings.Contains(page, `value="000002"`) {
			t.Errorf("%s: version 000002 is not offered", act)
		}
	}
}

func TestErrorsOfABegunDeed(t *testing.T) {
	for kind, want := range map[acmecore.Kind]struct {
		status int
		text   string
	}{
		acmecore.Stale:    {409, "This form has expired, and nothing was done."},
		acmecore.NotFound: {404, "It may have been removed meanwhile."},
		acmecore.Busy:     {409, "another run works on it"},
		acmecore.Invalid:  {400, "another run works on it"},
	} {
		s, path := certificateStage(t, "usual")
		s.overseer.OnBegin = func(control.Task) (acmecore.Job, error) {
			return acmecore.Job{}, &acmecore.Error{Kind: kind, Op: "begin", Cause: errors.New("another run works on it")}
		}
		form := url.Values{"seen": {"000003"}, "version": {"000002"}, "reason": {"5"}, "understood": {"on"}}
		w := s.send(admin(), path+"/revoke", form)
		page := text(t, w)
		if w.Code != want.status || !strings.Contains(page, want.text) {
			t.Errorf("%s: %d, want %d with %q", kind, w.Code, want.status, want.text)
		}
		if kind == acmecore.Stale && (!strings.Contains(page, `<option value="5" selected>`) || !strings.Contains(page, `<option value="000002" selected>`) ||
			!strings.Contains(page, ` checked`)) {
			t.Error("what was chosen in the expired form is lost")
		}
	}
}

// TestUnknownCertificates: whatever is asked of them is answered alike, and tells
// nothing of where they would be.
func TestUnknownCertificates(t *testing.T) {
	for _, path := range []string{"/admin/certificate/other_example_org", "/admin/certificate/..%2F..%2Fetc%2Fpasswd", "/admin/certificate/UPPER", "/admin/certificate/%00",
		"/admin/certificate/" + strings.Repeat("a", 300)} {
		for _, act := range []string{"", "/chain.pem", "/renew", "/revoke"} {
			s, _ := certificateStage(t, "usual")
			w := s.ask(admin(), "GET", path+act)
			if page := text(t, w); w.Code != http.StatusNotFound || strings.Contains(page, "/var/lib") || strings.Contains(page, "passwd") {
				t.Errorf("GET %s: %d, %s", path+act, w.Code, page)
			}
		}
		s, _ := certificateStage(t, "usual")
		if w := s.send(admin(), path+"/remove", url.Values{"seen": {"000003"}}); w.Code != http.StatusNotFound || len(s.overseer.Tasks) != 0 {
			t.Errorf("POST %s: %d, began %+v", path, w.Code, s.overseer.Tasks)
		}
	}
}

// TestChainCanBeDownloaded, and the key cannot: W14.
func TestChainCanBeDownloaded(t *testing.T) {
	s, path := certificateStage(t, "usual")
	w := s.ask(admin(), "GET", path+"/chain.pem")
	want := pageHeaders()
	want.Set("Content-Type", "application/pem-certificate-chain")
	want.Set("Content-Disposition", `attachment; filename="fullchain_www_example_org.pem"`)
	wantHeaders(t, w.Header(), want)
	if body := text(t, w); w.Code != http.StatusOK || !strings.HasPrefix(body, "-----BEGIN CERTIFICATE-----\n") {
		t.Errorf("%d %q", w.Code, body)
	}
	for _, name := range []string{"key.pem", "key", "privkey.pem", "fullchain.pem", "chain.p12", "chain.pem/key"} {
		if w := s.ask(admin(), "GET", path+"/"+name); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", name, w.Code)
		}
	}
	s, path = certificateStage(t, "never-obtained")
	if w := s.ask(admin(), "GET", path+"/chain.pem"); w.Code != http.StatusNotFound {
		t.Errorf("one that was never obtained: %d, want 404", w.Code)
	}
}

// TestWordsOfTheCAStandApart from ours.
func TestWordsOfTheCAStandApart(t *testing.T) {
	s, path := certificateStage(t, "refused")
	page := text(t, s.ask(admin(), "GET", path))
	for _, want := range []string{
		"The CA’s own words: <q>too many certificates (5) already issued for this exact set of identifiers</q>",
		"Place order at https://ca.example/directory: see the CA’s own words (rateLimited)",
		"The CA asks for patience.", "The CA asks not to try before 2026-11-21 08:46 UTC.",
		"The CA said no. It will say so again until what it names is mended.",
		"5 of 5 certificates for these very names in the last seven days",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestNothingOfACertificateIsALink: what a CA calls an explanation is a text.
func TestNothingOfACertificateIsALink(t *testing.T) {
	s, path := certificateStage(t, "hostile")
	page := text(t, s.ask(admin(), "GET", path))
	if strings.Contains(page, `href="javascript`) || !strings.Contains(page, "<code>javascript:alert(1)</code>") {
		t.Error("the explanation is not shown as a text")
	}
}

// TestPagesOfACertificateAreSmall: they are read on phones.
func TestPagesOfACertificateAreSmall(t *testing.T) {
	s, path := certificateStage(t, "many-names")
	if page := text(t, s.ask(admin(), "GET", path)); len(page) > 40<<10 {
		t.Errorf("%d bytes", len(page))
	}
}

// TestAdminsChangeWhatIsOrdered: the form is filled in with what there is.
func TestAdminsChangeWhatIsOrdered(t *testing.T) {
	page := html.UnescapeString(scenePage(t, "certificate-usual"))
	_, query, found := strings.Cut(page, `href="/cgi-bin/wcme/admin/certify?`)
	query, _, _ = strings.Cut(query, `"`)
	values := parseQuery(t, query)
	for name, want := range map[string]string{"names": "www.example.org\nexample.org", "ca": "letsencrypt", "profile": "tlsserver", "install": "nginx mail", "load": "servers mail"} {
		if got := strings.Join(values[name], " "); !found || got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, scene := range []string{"certificate-for-operators", "certificate-for-viewers"} {
		if strings.Contains(scenePage(t, scene), "/admin/certify?") {
			t.Errorf("%s: the form is offered", scene)
		}
	}
}

// TestLimitsAreThoseOfTheCA: only of Let's Encrypt's it is known how many are allowed.
func TestLimitsAreThoseOfTheCA(t *testing.T) {
	for scene, row := range map[string][2]string{
		"certificate-usual":  {"What Let’s Encrypt allows", "Asked of the CA lately"},
		"certificate-own-ca": {"Asked of the CA lately", "of 5"},
	} {
		page := scenePage(t, scene)
		if !strings.Contains(page, row[0]) || strings.Contains(page, row[1]) {
			t.Errorf("%s: want %q and not %q", scene, row[0], row[1])
		}
	}
}

// TestRenewalCountsWhereNoLimitIsKnown: how many there were is said in whole words.
func TestRenewalCountsWhereNoLimitIsKnown(t *testing.T) {
	for issued, want := range map[int]string{0: ">0 certificates; this is one more<", 1: ">1 certificate; this is one more<", 2: ">2 certificates; this is one more<"} {
		s, path := certificateStage(t, "usual")
		usual := s.overseer.OnDetails
		s.overseer.OnDetails = func(id acmecore.ID) (acmecore.Details, error) {
			details, err := usual(id)
			details.Budget = acmecore.Budget{Issued7Days: issued}
			return details, err
		}
		if page := text(t, s.ask(admin(), http.MethodGet, path+"/renew")); !strings.Contains(page, want) {
			t.Errorf("%d: want %q in %s", issued, want, page)
		}
	}
}

// TestPlacesOfTheProbeAreTold: behind a balancer, other ports may be asked than the
// certificate's.
func TestPlacesOfTheProbeAreTold(t *testing.T) {
	page := scenePage(t, "certificate-own-ca")
	if !strings.Contains(page, "192.0.2.7, [2001:db8::7]:8443") || strings.Contains(page, "Verified at ports") {
		t.Error("the addresses that are asked are not told")
	}
}
