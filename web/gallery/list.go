package gallery

import (
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
)

// listScenes are those of the list of certificates.
func listScenes() []Scene {
	scene := func(name string, certificates ...acmecore.Certificate) Scene {
		return Scene{Name: "list-" + name, Visitor: Admin(), Path: "/admin/list", Status: 200,
			Overseer: &Overseer{OnOverview: func(acmecore.Query) acmecore.Overview { return overview(certificates) }}}
	}
	return []Scene{
		scene("empty"),
		scene("usual",
			certificate(74, "cloud.example.org"),
			certificate(61, "mail.example.org", "imap.example.org", "smtp.example.org"),
			certificate(88, "www.example.org", "example.org")),
		scene("hostile", hostile()...),
	}
}

// overview is what an overseer would say that manages these alone.
func overview(certificates []acmecore.Certificate) acmecore.Overview {
	return acmecore.Overview{Total: len(certificates), Matching: len(certificates), Page: 1, Pages: 1, Certificates: certificates}
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
