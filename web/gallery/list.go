package gallery

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
)

// listScenes are those of the list of certificates.
func listScenes() []Scene {
	scene := func(name, query string, certificates ...acmecore.Certificate) Scene {
		return Scene{Name: "list-" + name, Visitor: Admin(), Path: "/admin/list" + query, Status: 200,
			Overseer: &Overseer{OnOverview: func(acmecore.Query) acmecore.Overview { return overview(certificates) }}}
	}
	as := func(role acmecore.Role, scene Scene) Scene {
		scene.Overseer.Admission = &acmecore.Admission{User: "victor", Role: role, Form: "token"}
		return scene
	}
	nothing := scene("nothing-found", "?words=shop+%25+%5B&state=expired&sort=expires&order=down", usual()...)
	nothing.Overseer.OnOverview = func(acmecore.Query) acmecore.Overview {
		found := overview(usual())
		found.Certificates, found.Matching = []acmecore.Certificate{}, 0
		return found
	}
	return []Scene{
		scene("empty", ""),
		as(acmecore.RoleView, scene("empty-for-viewers", "")),
		scene("one", "", usual()[0]),
		scene("usual", "", usual()...),
		scene("sorted", "?sort=expires&order=down&words=example", usual()...),
		scene("bad", "", inTrouble()...),
		as(acmecore.RoleView, scene("bad-for-viewers", "", inTrouble()...)),
		as(acmecore.RoleOperate, scene("bad-for-operators", "", inTrouble()...)),
		nothing,
		scene("long-names", "", longNames()...),
		scene("right-to-left", "", rightToLeftRow()),
		scene("hostile", "", hostile()...),
		complaining(scene("complaints", "", usual()...)),
		complaining(scene("complaints-and-alerts", "", inTrouble()...)),
		scene("fresh", "", fresh()),
		scene("revoked", "", revoked()),
		many("fifty", 50),
		scene("fifty-missing", "", fiftyOf(missing)...),
		scene("fifty-not-served", "", fiftyOf(unseen)...),
		scene("fifty-failing", "", fiftyOf(tried)...),
		many("ten-thousand", 10000),
		{Name: "list-overseer-fails", Visitor: Admin(), Path: "/admin/list", Status: 500, Overseer: &Overseer{Err: errors.New("read disk")}, Changing: true},
	}
}

// many is a page of many certificates, the usual ones.
func many(name string, count int) Scene {
	page := 1
	if count > 50 {
		page = 3
	}
	return Scene{Name: "list-" + name, Visitor: Admin(), Path: "/admin/list?page=" + strconv.Itoa(page), Status: 200,
		Overseer: &Overseer{OnOverview: func(query acmecore.Query) acmecore.Overview {
			all := make([]acmecore.Certificate, count)
			for i := range all {
				name := acmecore.Name(fmt.Sprintf("host-%05d.example.org", i))
				all[i] = inService(certificate(31+i*7%59, name))
				if i%10 == 0 {
					all[i].Names = append(all[i].Names, "www."+name)
				}
			}
			found := overview(all)
			found.Page, found.Pages = query.Page, (count+49)/50
			found.Certificates = all[(query.Page-1)*50 : min(query.Page*50, count)]
			return found
		}}}
}

// fiftyOf are fifty certificates of one kind, as where something is wrong with a whole
// host.
func fiftyOf(kind func(acmecore.Certificate) acmecore.Certificate) []acmecore.Certificate {
	list := make([]acmecore.Certificate, 50)
	for i := range list {
		list[i] = kind(inService(certificate(80, acmecore.Name(fmt.Sprintf("host-%05d.example.org", i)))))
	}
	return list
}

func missing(c acmecore.Certificate) acmecore.Certificate {
	return acmecore.Certificate{ID: c.ID, Names: c.Names, CA: c.CA, Renewal: acmecore.Renewal{Reason: acmecore.BecauseMissing}, LastRun: c.LastRun,
		Trouble: "order: " + string(c.Names[0]) + ": the CA says \"too many certificates (50) already issued for example.org in the last 168 hours, retry after " +
			"2026-11-24 05:46:00 UTC\"; see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain",
		Hint: "wait until then; `wcme list` says when wCME tries again", Next: Now().Add(72 * time.Hour)}
}

func unseen(c acmecore.Certificate) acmecore.Certificate {
	c.Service, c.Hint = acmecore.ServiceUnseen, "is the server told to read that file? `wcme check served` looks again"
	c.Trouble = string(c.Names[0]) + " at 192.0.2.7, port 443: serves another certificate, of serial number 05e1c2a9f3b7"
	return c
}

func tried(c acmecore.Certificate) acmecore.Certificate {
	c = inService(certificate(25, c.Names...))
	c.Trouble, c.Hint = "order: "+string(c.Names[0])+": the CA could not fetch the challenge: connection refused", "is port 80 open to the world? try: `wcme check challenge`"
	c.Next = Now().Add(3 * time.Hour)
	return c
}

// fresh was obtained a moment ago: its renewal is further away than the timeline goes.
func fresh() acmecore.Certificate {
	c := inService(certificate(90, "www.example.org"))
	c.Renewal.At = Now().Add(63 * 24 * time.Hour)
	return c
}

func revoked() acmecore.Certificate {
	c := inService(certificate(70, "www.example.org"))
	c.Problem, c.Revoked, c.Renewal = "it was revoked at 2026-11-20T17:02:11Z; obtain another one", true, acmecore.Renewal{Reason: acmecore.BecauseUnusable}
	return c
}

// complaining is a list beside whose certificates something is wrong, too.
func complaining(scene Scene) Scene {
	certificates := scene.Overseer.OnOverview
	scene.Overseer.OnOverview = func(query acmecore.Query) acmecore.Overview {
		found, status := certificates(query), badStatus()
		status.States, status.Services = nil, nil
		found.Complaints = status.Complaints()
		return found
	}
	return scene
}

// usual are certificates that are all in service.
func usual() []acmecore.Certificate {
	list := []acmecore.Certificate{
		certificate(74, "cloud.example.org"),
		certificate(61, "mail.example.org", "imap.example.org", "smtp.example.org"),
		certificate(88, "www.example.org", "example.org"),
	}
	for i := range list {
		list[i] = inService(list[i])
	}
	list[1].Profile, list[1].Loads = "tlsserver", []string{"nginx", "mail"}
	list[2].Renewal.Reason = acmecore.BecauseWindow
	return list
}

// inService is the certificate with what an overseer plans for it, and has seen.
func inService(c acmecore.Certificate) acmecore.Certificate {
	c.Issuer = "R11"
	c.Renewal = acmecore.Renewal{At: c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3), Reason: acmecore.BecauseThird, Text: "a third of its life is left"}
	c.Service, c.Proved = acmecore.ServiceServed, Now().Add(-5*time.Hour)
	c.Targets, c.Loads = []string{"nginx"}, []string{"nginx"}
	c.LastRun = c.NotBefore.Format("20060102T150405") + "-4f2c"
	return c
}

// inTrouble are certificates of which each needs attention for another reason.
func inTrouble() []acmecore.Certificate {
	trouble := func(c acmecore.Certificate, change func(*acmecore.Certificate)) acmecore.Certificate {
		c = inService(c)
		change(&c)
		return c
	}
	failed := func(c *acmecore.Certificate) {
		c.Trouble, c.Hint = "order: shop.example.org: the CA could not fetch the challenge: connection refused", "is port 80 open to the world? try: wcme check challenge"
		c.Next = Now().Add(3 * time.Hour)
	}
	return []acmecore.Certificate{
		trouble(certificate(18, "cloud.example.org"), func(c *acmecore.Certificate) {}),
		trouble(certificate(61, append([]acmecore.Name{"intranet.example.org"}, manyNames(24)...)...), func(c *acmecore.Certificate) {
			c.Service, c.Trouble, c.Hint = acmecore.ServiceUnloaded, "nginx -t: unknown directive \"listn\" in /etc/nginx/nginx.conf:14", "mend the configuration of nginx"
		}),
		trouble(certificate(-13, "mail.example.org", "imap.example.org", "smtp.example.org"), failed),
		{ID: "new_example_org", Names: []acmecore.Name{"new.example.org"}, CA: "letsencrypt", Renewal: acmecore.Renewal{Reason: acmecore.BecauseMissing}},
		trouble(certificate(70, "shop.example.org", "www.shop.example.org"), func(c *acmecore.Certificate) {
			c.Problem, c.Renewal = "the private key does not match the certificate", acmecore.Renewal{Reason: acmecore.BecauseUnusable}
		}),
		trouble(certificate(29, "stock.example.org"), failed),
		trouble(certificate(80, "target.example.org"), func(c *acmecore.Certificate) {
			c.Service, c.Targets = acmecore.ServiceMissing, []string{"haproxy", "nginx", "mail", "ldap", "dns"}
		}),
		{ID: "unreadable", CA: "", Problem: "unreadable.toml:3: there is no key \"naems\"", Hint: "is \"names\" meant?", Renewal: acmecore.Renewal{Reason: acmecore.BecauseUnusable}},
		trouble(certificate(83, "visible.example.org"), func(c *acmecore.Certificate) {
			c.Service, c.Trouble = acmecore.ServiceUnseen, "visible.example.org at 192.0.2.7, port 443: serves another certificate"
		}),
		trouble(certificate(88, "www.example.org", "example.org"), func(*acmecore.Certificate) {}),
	}
}

func longNames() []acmecore.Certificate {
	label := strings.Repeat("a-long-label-", 4) + "end"
	long := acmecore.Name(label + "." + label + "." + label + ".example.org")
	many := inService(certificate(70, append([]acmecore.Name{long}, manyNames(99)...)...))
	many.Targets = strings.Fields("a-target-with-quite-a-long-name another-target-with-a-long-name third fourth")
	many.Profile = "a-profile-with-quite-a-long-name"
	return []acmecore.Certificate{many, inService(certificate(12, "xn--"+acmecore.Name(strings.Repeat("a", 58))+".example.org"))}
}

func rightToLeftRow() acmecore.Certificate {
	c := inService(certificate(70, "xn--4dbrk0ce.example.org"))
	c.CA, c.Issuer, c.Trouble = "רשות", "سلطة الشهادات", "הרשות אמרה לא"
	return c
}

// overview is what an overseer would say that manages these alone.
func overview(certificates []acmecore.Certificate) acmecore.Overview {
	found := acmecore.Overview{Total: len(certificates), Matching: len(certificates), Page: 1, Pages: 1, Certificates: certificates,
		States: make(map[acmecore.State]int), Services: make(map[acmecore.Service]int), Days: make([]acmecore.Day, acmecore.OverviewDays)}
	today := Now().Truncate(24 * time.Hour)
	for i := range found.Days {
		found.Days[i].Date = today.AddDate(0, 0, i)
	}
	on := func(at time.Time, plan func(*acmecore.Day)) {
		if i := int(at.Sub(today) / (24 * time.Hour)); at.After(today) && i < len(found.Days) {
			plan(&found.Days[i])
		}
	}
	for _, c := range certificates {
		found.States[c.State(Now())]++
		found.Services[c.Service]++
		named := func(day *acmecore.Day) {
			if len(day.Names) < 3 && len(c.Names) > 0 {
				day.Names = append(day.Names, c.Names[0])
			}
		}
		on(c.Renewal.At, func(day *acmecore.Day) { day.Renewals++; named(day) })
		on(c.NotAfter, func(day *acmecore.Day) { day.Expiries++; named(day) })
		if c.Renewal.Reason == acmecore.BecauseWindow {
			for i := range 3 {
				on(c.Renewal.At.AddDate(0, 0, i-1), func(day *acmecore.Day) { day.Windows++ })
			}
		}
	}
	end := today.AddDate(0, 0, acmecore.OverviewDays)
	for _, c := range certificates {
		if at := c.Renewal.At; !at.Before(end) && (found.Later.IsZero() || at.Before(found.Later)) {
			found.Later = at
		}
	}
	for _, concern := range acmecore.Concerns() {
		for _, c := range certificates {
			if c.Concern(Now()) != concern {
				continue
			}
			if found.Attentive++; found.Attentive <= 8 {
				found.Attention = append(found.Attention, c)
			}
		}
	}
	return found
}

// certificate is one that was issued for ninety days and has that many left.
func certificate(daysLeft int, names ...acmecore.Name) acmecore.Certificate {
	end := Now().Add(time.Duration(daysLeft)*24*time.Hour + 5*time.Hour)
	return acmecore.Certificate{
		ID: names[0].ID(), Names: names, CA: "letsencrypt", Key: acmecore.EC256,
		NotBefore: end.Add(-90 * 24 * time.Hour), NotAfter: end, Version: "000001",
	}
}

func manyNames(n int) []acmecore.Name {
	names := make([]acmecore.Name, n)
	for i := range names {
		names[i] = acmecore.Name(fmt.Sprintf("host-%02d.intranet.example.org", i+1))
	}
	return names
}

// Payloads are texts that would do harm on a page that took them for more than text.
func Payloads() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, "a\x00\x1b[2J\r\nb",
		"\u202egro.elpmaxe", "\xff\xfe", `{{.}}`, `' onmouseover='alert(1)`, `</table></main><h1>x`, strings.Repeat("long", 1000),
	}
}

// hostile are certificates that no parser of ours lets through: the page is the
// last one to keep them inert (W07).
func hostile() []acmecore.Certificate {
	var list []acmecore.Certificate
	for i, p := range Payloads() {
		c := certificate(80-20*i, acmecore.Name(p), acmecore.Name(p+".example"))
		c.ID, c.CA = acmecore.ID(p), p
		if i%3 == 2 {
			c.Problem = p
		}
		list = append(list, c)
	}
	return append(list, acmecore.Certificate{ID: "no-names"})
}
