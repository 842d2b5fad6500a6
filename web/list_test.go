package web_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/web"
	"wcme/web/gallery"
)

// listing is a site with these certificates alone.
func listing(certificates ...acmecore.Certificate) *stage {
	return &stage{overseer: &gallery.Overseer{OnOverview: func(acmecore.Query) acmecore.Overview { return overviewOf(certificates) }}}
}

func overviewOf(certificates []acmecore.Certificate) acmecore.Overview {
	o := acmecore.Overview{Total: len(certificates), Matching: len(certificates), Page: 1, Pages: 1, Certificates: certificates,
		States: make(map[acmecore.State]int), Services: make(map[acmecore.Service]int)}
	for _, concern := range append(acmecore.Concerns(), "") {
		for _, c := range certificates {
			if c.Concern(gallery.Now()) != concern {
				continue
			}
			o.States[c.State(gallery.Now())]++
			o.Services[c.Service]++
			if concern != "" {
				o.Attentive++
				o.Attention = append(o.Attention, c)
			}
		}
	}
	o.Attention = o.Attention[:min(8, len(o.Attention))]
	return o
}

// seenBy is the page as somebody with that role sees it.
func seenBy(t *testing.T, s *stage, role acmecore.Role, path string) string {
	t.Helper()
	s.overseer.Admission = &acmecore.Admission{User: "somebody", Role: role, Form: "token"}
	return text(t, s.ask(admin(), "GET", path))
}

// certificate is one that was issued for ninety days and has that many left.
func certificate(daysLeft int, names ...acmecore.Name) acmecore.Certificate {
	end := gallery.Now().Add(time.Duration(daysLeft)*24*time.Hour + 5*time.Hour)
	return acmecore.Certificate{
		ID: names[0].ID(), Names: names, CA: "letsencrypt", Key: acmecore.EC256,
		NotBefore: end.Add(-90 * 24 * time.Hour), NotAfter: end, Version: "1",
	}
}

func missing(names ...acmecore.Name) acmecore.Certificate {
	return acmecore.Certificate{ID: names[0].ID(), Names: names, CA: "letsencrypt"}
}

func unusable(problem string, names ...acmecore.Name) acmecore.Certificate {
	c := certificate(70, names...)
	c.Problem = problem
	return c
}

func unserved(names ...acmecore.Name) acmecore.Certificate {
	c := certificate(61, names...)
	c.Service = acmecore.ServiceUnseen
	return c
}

func TestSummary(t *testing.T) {
	for _, row := range []struct {
		list []acmecore.Certificate
		want string
	}{
		{[]acmecore.Certificate{certificate(61, "a.example")}, "1 certificate, valid."},
		{[]acmecore.Certificate{certificate(61, "a.example"), certificate(89, "b.example")}, "2 certificates, all valid."},
		{[]acmecore.Certificate{unserved("a.example"), certificate(89, "b.example")}, "2 certificates, all valid. 1 needs attention."},
		{[]acmecore.Certificate{unserved("a.example"), unserved("b.example")}, "2 certificates, all valid. 2 need attention."},
		{[]acmecore.Certificate{certificate(20, "a.example")}, "1 certificate: 1 due."},
		{[]acmecore.Certificate{missing("c.example"), certificate(61, "a.example"), certificate(-3, "b.example"), unusable("x", "d.example")},
			"4 certificates: 1 expired, 1 unusable, 1 missing, 1 valid. 3 need attention."},
	} {
		s := listing(row.list...)
		if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, `<p class="summary">`+row.want+"</p>") {
			t.Errorf("want %q in %s", row.want, page)
		}
	}
}

func TestDaysLeftInWords(t *testing.T) {
	for days, want := range map[int]string{
		89: "<b>valid</b> 89 days<", 1: "due</span> 1 day<", 0: "due</span> less than a day<", -1: "expired</span> ended less than a day ago<", -2: "expired</span> ended 1 day ago<",
	} {
		s := listing(certificate(days, "a.example"))
		if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, want) {
			t.Errorf("%d days: want %q in %s", days, want, page)
		}
	}
}

// TestRowSaysEverything has what each fact reads like in the table.
func TestRowSaysEverything(t *testing.T) {
	at := gallery.Now().Add(20 * 24 * time.Hour)
	change := func(c acmecore.Certificate, change func(*acmecore.Certificate)) acmecore.Certificate {
		change(&c)
		return c
	}
	good := change(certificate(61, "a.example"), func(c *acmecore.Certificate) {
		c.Profile, c.Service, c.Proved = "tlsserver", acmecore.ServiceServed, gallery.Now().Add(-time.Hour)
		c.Targets, c.Loads, c.LastRun = []string{"nginx", "mail"}, []string{"reload"}, "20261120T002011-4f2c"
		c.Renewal = acmecore.Renewal{At: at, Reason: acmecore.BecauseThird}
	})
	for _, row := range []struct {
		what string
		c    acmecore.Certificate
		want string
	}{
		{"profile", good, `>letsencrypt, tlsserver<`},
		{"life", good, `>2026-10-23 <wbr>to 2027-01-21<`},
		{"renewal", good, `>2026-12-11, a third left<`},
		{"proof", good, `<b>served</b> on 2026-11-21<br>in nginx, mail, loaded by reload<`},
		{"last run", good, `<a href="/cgi-bin/wcme/admin/runs/20261120T002011-4f2c">2026-11-20</a>`},
		{"page", good, `<a href="/cgi-bin/wcme/admin/certificate/a_example">a.example</a>`},
		{"renewal at once", change(good, func(c *acmecore.Certificate) { c.Renewal.At = time.Time{} }), ">now, a third left<"},
		{"next try", change(good, func(c *acmecore.Certificate) { c.Renewal.At, c.Next = time.Time{}, at }), ">2026-12-11 05:46, the next try<"},
		{"no plan", change(good, func(c *acmecore.Certificate) { c.Renewal = acmecore.Renewal{} }), `data-head="Renewal">–<`},
		{"not loaded", change(good, func(c *acmecore.Certificate) { c.Service = acmecore.ServiceUnloaded }), "not loaded</span> <br>in nginx, mail, to be loaded by reload<"},
		{"many targets", change(good, func(c *acmecore.Certificate) { c.Targets = strings.Fields("a b c d e") }), "in a, b, c and 2 more, loaded"},
		{"a run that is none", change(good, func(c *acmecore.Certificate) { c.LastRun = "20261120T002011-../../x" }), `data-head="Run"></td>`},
		{"an ID that is none", change(good, func(c *acmecore.Certificate) { c.ID = "../x" }), `<b>a.example</b>`},
		{"a revocation", change(good, func(c *acmecore.Certificate) { c.Problem, c.Revoked = "it was revoked", true }), "revoked</span> 61 days<"},
	} {
		s := listing(row.c)
		if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, row.want) {
			t.Errorf("%s: want %q in %s", row.what, row.want, page)
		}
	}
}

// TestCommandIsOnlyShownForNames keeps what an administrator pastes into a root
// shell free of anything but host names (T9).
func TestCommandIsOnlyShownForNames(t *testing.T) {
	for _, row := range []struct {
		names []acmecore.Name
		want  string
	}{
		{[]acmecore.Name{"a.example", "b.example"}, "<code>wcme certify a.example,b.example</code>"},
		{[]acmecore.Name{"*.a.example", "2001:db8::1"}, "<code>wcme certify &#39;*.a.example,2001:db8::1&#39;</code>"},
		{[]acmecore.Name{"*.a.example", "*"}, "wcme certify with its names"},
		{[]acmecore.Name{"a.example; id"}, "wcme certify with its names"},
		{[]acmecore.Name{"a.example", "$(id).example"}, "wcme certify with its names"},
		{[]acmecore.Name{"A.example"}, "wcme certify with its names"},
		{[]acmecore.Name{"1.example", "2.example", "3.example", "4.example", "5.example", "6.example"}, "wcme certify with its names"},
	} {
		page := seenBy(t, listing(certificate(-3, row.names...)), acmecore.RoleView, "/admin/list")
		if !strings.Contains(page, row.want) || strings.Count(page, "wcme certify") != 1 || strings.Contains(page, `method="post"`) {
			t.Errorf("%q: want %q in %s", row.names, row.want, page)
		}
	}
}

// TestRepairIsAButtonForThoseWhoMay has what is wrong, and what the button begins.
func TestRepairIsAButtonForThoseWhoMay(t *testing.T) {
	serving := func(service acmecore.Service) acmecore.Certificate {
		c := certificate(61, "a.example")
		c.Service = service
		return c
	}
	late := certificate(61, "a.example")
	late.Renewal.At = gallery.Now().Add(-72 * time.Hour)
	failing := certificate(25, "a.example")
	failing.Trouble = "refused"
	for _, row := range []struct {
		what, address, text string
		c                   acmecore.Certificate
	}{
		{"expired", "renew", "expired 2 days ago.", certificate(-3, "a.example")},
		{"unusable", "renew", "has a certificate that cannot be used.", unusable("x", "a.example")},
		{"missing", "renew", "has no certificate.", missing("a.example")},
		{"failing", "renew", "could not be renewed, and expires in 25 days.", failing},
		{"late", "renew", "was to be renewed on 2026-11-18, and expires in 61 days.", late},
		{"not installed", "load", "is not in every place", serving(acmecore.ServiceMissing)},
		{"not loaded", "load", "servers have not loaded it.", serving(acmecore.ServiceUnloaded)},
		{"not served", "verify", "visitors do not meet it.", serving(acmecore.ServiceUnseen)},
	} {
		const form = `<form method="post" action="/cgi-bin/wcme/admin/certificate/a_example/`
		button := `<button type="submit" class="quiet" formaction="/cgi-bin/wcme/admin/certificate/a_example/` + row.address + `">`
		for _, role := range []acmecore.Role{acmecore.RoleView, acmecore.RoleOperate, acmecore.RoleAdmin} {
			page := seenBy(t, listing(row.c), role, "/admin/list")
			may := role != acmecore.RoleView
			if !strings.Contains(page, row.text) || strings.Contains(page, form) != may || strings.Contains(page, button) != may {
				t.Errorf("%s, %s: want %q and %s in %s", row.what, role, row.text, button, page)
			}
		}
	}
}

// TestNothingIsOfferedForWhatNobodyKnows: without a name there is nothing to order, and
// without an ID no address.
func TestNothingIsOfferedForWhatNobodyKnows(t *testing.T) {
	unread := acmecore.Certificate{ID: "a_example", Problem: "a_example.toml:1: no TOML", Hint: "mend it"}
	strange := certificate(-3, "a.example")
	strange.ID = "../../x"
	for what, c := range map[string]acmecore.Certificate{"no names": unread, "no ID": strange} {
		page := seenBy(t, listing(c), acmecore.RoleAdmin, "/admin/list")
		if strings.Contains(page, `method="post"`) || strings.Contains(page, "../x") {
			t.Errorf("%s: %s", what, page)
		}
	}
}

func TestManyAlertsAreCounted(t *testing.T) {
	var list []acmecore.Certificate
	for i := range 20 {
		list = append(list, certificate(-3, acmecore.Name(fmt.Sprintf("h%02d.example", i))))
	}
	s := listing(list...)
	page := seenBy(t, s, acmecore.RoleView, "/admin/list")
	if strings.Count(page, "wcme certify") != 8 || !strings.Contains(page, `<a href="/cgi-bin/wcme/admin/list?state=attention">12 more certificates need attention</a>`) {
		t.Errorf("%s", page)
	}
}

// TestListAsksForWhatTheAddressSays, as far as there is such a thing.
func TestListAsksForWhatTheAddressSays(t *testing.T) {
	for _, row := range []struct {
		address string
		want    acmecore.Query
	}{
		{"", acmecore.Query{}},
		{"?words=A+%25+%5B&state=valid&sort=expires&order=down&page=3",
			acmecore.Query{Words: "A % [", State: "valid", Sort: acmecore.ByExpiry, Descending: true, Page: 3}},
		{"?state=not+served", acmecore.Query{State: "not served"}},
		{"?state=attention", acmecore.Query{State: acmecore.Attention}},
		{"?state=happy&sort=key&order=up&page=x", acmecore.Query{}},
		{"?page=-7", acmecore.Query{}},
		{"?page=99999999999999999999", acmecore.Query{}},
		{"?page=999999999", acmecore.Query{Page: 1_000_000}},
		{"?words=a%0d%0ab%00c", acmecore.Query{Words: "a  b?c"}},
		{"?words=" + strings.Repeat("a", 10<<10), acmecore.Query{Words: strings.Repeat("a", 200)}},
		{"?words=" + url.QueryEscape(strings.Repeat("ü", 5<<10)), acmecore.Query{Words: strings.Repeat("ü", 100)}},
		{"?%zz;;", acmecore.Query{}},
	} {
		var got []acmecore.Query
		s := stage{overseer: &gallery.Overseer{OnOverview: func(q acmecore.Query) acmecore.Overview {
			got = append(got, q)
			return overviewOf([]acmecore.Certificate{certificate(61, "a.example")})
		}}}
		row.want.Size, row.want.Page = 50, max(row.want.Page, 1)
		w := s.ask(admin(), "GET", "/admin/list"+row.address)
		if w.Code != 200 || !slices.Equal(got, []acmecore.Query{row.want}) {
			t.Errorf("%.80s: %d, asked for %+v, want %+v", row.address, w.Code, got, row.want)
		}
	}
}

// TestListKeepsWhatWasChosen: the form, the heads and the other pages.
func TestListKeepsWhatWasChosen(t *testing.T) {
	list := make([]acmecore.Certificate, 50)
	for i := range list {
		list[i] = certificate(61, acmecore.Name(fmt.Sprintf("h%03d.example", i)))
	}
	s := stage{overseer: &gallery.Overseer{OnOverview: func(q acmecore.Query) acmecore.Overview {
		o := overviewOf(list)
		o.Total, o.Matching, o.Page, o.Pages = 10000, 1234, 3, 25
		return o
	}}}
	page := text(t, s.ask(admin(), "GET", "/admin/list?words=%22%3Cb%3E&sort=ca&order=down&page=3"))
	const base, chosen = `href="/cgi-bin/wcme/admin/list?order=down&amp;page=`, `&amp;sort=ca&amp;words=%22%3Cb%3E"`
	for _, want := range []string{
		`type="search" id="words" name="words" value="&#34;&lt;b&gt;"`,
		`<input type="hidden" name="sort" value="ca"><input type="hidden" name="order" value="down">`,
		`<th scope="col" aria-sort="descending"><a href="/cgi-bin/wcme/admin/list?sort=ca&amp;words=%22%3Cb%3E">CA</a>`,
		`<th scope="col"><a href="/cgi-bin/wcme/admin/list?sort=expires&amp;words=%22%3Cb%3E">Valid</a>`,
		"<span>101 to 150 of 1,234</span>",
		base + "2" + chosen + ` rel="prev"`, base + "4" + chosen + ` rel="next"`, base + "25" + chosen + ">Last",
		`<a href="/cgi-bin/wcme/admin/list?order=down&amp;sort=ca">Show all</a>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("want %s in %s", want, page)
		}
	}
}

// TestPagesOfTheListAreSmall: 50 rows, usual ones and such that all need attention, and
// ten thousand certificates (W15).
func TestPagesOfTheListAreSmall(t *testing.T) {
	for _, scene := range gallery.Scenes() {
		if !strings.HasPrefix(scene.Name, "list-fifty") && scene.Name != "list-ten-thousand" {
			continue
		}
		s := stage{overseer: scene.Overseer}
		page := text(t, s.ask(admin(), "GET", scene.Path))
		if rows := strings.Count(page, `<th scope="row"`); rows != 50 || len(page) > 30<<10 {
			t.Errorf("%s: %d rows in %d bytes", scene.Name, rows, len(page))
		}
		alerts, rest, _ := strings.Cut(page, `<svg class="timeline"`)
		if drawing, _, _ := strings.Cut(rest, "</details>"); len(drawing) > 6<<10 {
			t.Errorf("%s: the timeline has %d bytes", scene.Name, len(drawing))
		}
		if repairs := strings.Count(alerts, " formaction="); strings.HasPrefix(scene.Name, "list-fifty-") != (repairs == 8) || strings.Count(alerts, `method="post"`) > 1 {
			t.Errorf("%s: %d repairs: %s", scene.Name, repairs, alerts)
		}
	}
}

// TestTimelineSaysWhatItDraws: each renewal, expiry and window stands in the list, too.
func TestTimelineSaysWhatItDraws(t *testing.T) {
	days := make([]acmecore.Day, acmecore.OverviewDays)
	for i := range days {
		days[i].Date = time.Date(2026, 11, 21+i, 0, 0, 0, 0, time.UTC)
	}
	days[0] = acmecore.Day{Date: days[0].Date, Renewals: 1, Names: []acmecore.Name{"a.example"}}
	days[9].Renewals, days[9].Expiries = 1234, 1
	days[9].Names = []acmecore.Name{"a.example", "b.example", "c.example"}
	days[20].Windows, days[21].Windows, days[59].Windows = 1, 4, 1
	s := stage{overseer: &gallery.Overseer{OnOverview: func(acmecore.Query) acmecore.Overview {
		o := overviewOf([]acmecore.Certificate{certificate(61, "a.example")})
		o.Days = days
		return o
	}}}
	page := text(t, s.ask(web.Visitor{User: "admin"}, "GET", "/admin/list"))
	for _, want := range []string{
		"<li>2026-11-21: 1 renewal (a.example)</li>", "<li>2026-11-30: 1,234 renewals, 1 expiry</li>",
		"<li>2026-12-11 to 2026-12-12: windows of CAs, of up to 4 certificates a day</li>",
		"<li>2027-01-19: windows of CAs, of up to 1 certificate a day</li>",
		`role="img" aria-label="Planned from 2026-11-21 to 2027-01-19: 1,235 renewals, 1 expiry."`,
		`d="M25 60v-6M115 60v-34"`, `d="M115 12h1"`, `d="M220 67h20M610 67h10"`, `<text x="90" y="88">28 Nov</text>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("want %s in %s", want, page)
		}
	}
}

// TestCausesAreCutShort in the list; the certificate's own page has them whole.
func TestCausesAreCutShort(t *testing.T) {
	c := certificate(25, "a.example")
	c.Trouble, c.Hint = "the CA said "+strings.Repeat("no, ", 300), "run `wcme check ca`"
	page := text(t, listing(c).ask(admin(), "GET", "/admin/list"))
	_, cause, _ := strings.Cut(page, "The CA said no, no, ")
	if cause, _, _ = strings.Cut(cause, "</details>"); len(cause) > 300 || !strings.Contains(cause, "no… Run <code>wcme check ca</code>.") {
		t.Errorf("%q in %s", cause, page)
	}
}

// TestComplaintsStandOnTheList: nobody shall take for well what the status complains of.
func TestComplaintsStandOnTheList(t *testing.T) {
	complaints := []acmecore.Complaint{{Health: acmecore.Critical, About: acmecore.OfChallenges, Text: "challenges of a.example no longer get here <b>"},
		{Health: acmecore.Warning, About: acmecore.OfDisks, Text: "little space is left"}, {Health: acmecore.Warning, About: acmecore.OfReports, Text: "three"},
		{Health: acmecore.Warning, About: acmecore.OfReports, Text: "four"}}
	s := stage{overseer: &gallery.Overseer{OnOverview: func(acmecore.Query) acmecore.Overview {
		o := overviewOf([]acmecore.Certificate{certificate(61, "a.example")})
		o.Complaints = complaints
		return o
	}}}
	page := seenBy(t, &s, acmecore.RoleView, "/admin/list")
	for _, want := range []string{"Challenges of a.example no longer get here &lt;b&gt;. <a href=\"/cgi-bin/wcme/admin/status\">See the status</a>", "Little space is left.",
		"Three. <a href=\"/cgi-bin/wcme/admin/status\">See the status, which has 1 more</a>"} {
		if !strings.Contains(page, want) {
			t.Errorf("want %s in %s", want, page)
		}
	}
	if strings.Contains(page, "Nothing does.") || strings.Contains(page, "Four") {
		t.Errorf("%s", page)
	}
}

// TestFirstRenewalAfterTheTimelineIsSaid where there is nothing on it.
func TestFirstRenewalAfterTheTimelineIsSaid(t *testing.T) {
	s := stage{overseer: &gallery.Overseer{OnOverview: func(acmecore.Query) acmecore.Overview {
		o := overviewOf([]acmecore.Certificate{certificate(89, "a.example")})
		o.Later = time.Date(2027, 1, 22, 3, 4, 5, 0, time.UTC)
		return o
	}}}
	if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, "The first renewal after that is on 2027-01-22.") {
		t.Errorf("%s", page)
	}
}

func TestNothingPlannedIsSaid(t *testing.T) {
	page := text(t, listing(certificate(61, "a.example")).ask(admin(), "GET", "/admin/list"))
	if !strings.Contains(page, "Nothing is planned") || strings.Contains(page, "<svg class=\"timeline\"") || !strings.Contains(page, "Nothing does.") {
		t.Errorf("%s", page)
	}
}
