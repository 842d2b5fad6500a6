package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/web"
	"wcme/web/gallery"
)

// listing is a site with these certificates alone.
func listing(certificates ...acmecore.Certificate) *stage {
	return &stage{overseer: &gallery.Overseer{OnOverview: func(acmecore.Query) acmecore.Overview {
		return acmecore.Overview{Total: len(certificates), Matching: len(certificates), Page: 1, Pages: 1, Certificates: certificates}
	}}}
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

func TestSummary(t *testing.T) {
	for _, row := range []struct {
		list []acmecore.Certificate
		want string
	}{
		{[]acmecore.Certificate{certificate(61, "a.example")}, "1 certificate, valid."},
		{[]acmecore.Certificate{certificate(61, "a.example"), certificate(89, "b.example")}, "2 certificates, all valid."},
		{[]acmecore.Certificate{certificate(20, "a.example")}, "1 certificate: 1 due."},
		{[]acmecore.Certificate{missing("c.example"), certificate(61, "a.example"), certificate(-3, "b.example"), unusable("x", "d.example")},
			"4 certificates: 1 expired, 1 unusable, 1 missing, 1 valid."},
	} {
		s := listing(row.list...)
		if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, `<p class="summary">`+row.want+"</p>") {
			t.Errorf("want %q in %s", row.want, page)
		}
	}
}

func TestDaysLeftInWords(t *testing.T) {
	for days, want := range map[int]string{
		89: ">89 days<", 1: ">1 day<", 0: ">less than a day<", -1: ">ended less than a day ago<", -2: ">ended 1 day ago<", -14: ">ended 13 days ago<",
	} {
		s := listing(certificate(days, "a.example"))
		if page := text(t, s.ask(admin(), "GET", "/admin/list")); !strings.Contains(page, want) {
			t.Errorf("%d days: want %q in %s", days, want, page)
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
		{[]acmecore.Name{"a.example; id"}, "wcme certify with its names"},
		{[]acmecore.Name{"a.example", "$(id).example"}, "wcme certify with its names"},
		{[]acmecore.Name{"A.example"}, "wcme certify with its names"},
		{[]acmecore.Name{"1.example", "2.example", "3.example", "4.example", "5.example", "6.example"}, "wcme certify with its names"},
	} {
		s := listing(certificate(-3, row.names...))
		page := text(t, s.ask(admin(), "GET", "/admin/list"))
		if !strings.Contains(page, row.want) || strings.Count(page, "wcme certify") != 1 {
			t.Errorf("%q: want %q in %s", row.names, row.want, page)
		}
	}
}

func TestManyAlertsAreCounted(t *testing.T) {
	var list []acmecore.Certificate
	for i := range 20 {
		list = append(list, certificate(-3, acmecore.Name(fmt.Sprintf("h%02d.example", i))))
	}
	s := listing(list...)
	page := text(t, s.ask(admin(), "GET", "/admin/list"))
	if strings.Count(page, "wcme certify") != 8 || !strings.Contains(page, "12 more certificates need attention: see the table.") {
		t.Errorf("%s", page)
	}
}

// TestManyCertificates is W15 as far as this page has it.
func TestManyCertificates(t *testing.T) {
	var list []acmecore.Certificate
	for i := range 1000 {
		list = append(list, certificate(61, acmecore.Name(fmt.Sprintf("h%04d.example", i)), "b.example"))
	}
	s := listing(list...)
	page := text(t, s.ask(web.Visitor{User: "admin"}, "GET", "/admin/list"))
	if rows := strings.Count(page, `<th scope="row"`); rows != 1000 || len(page) > 2<<20 {
		t.Errorf("%d rows in %d bytes", rows, len(page))
	}
}
