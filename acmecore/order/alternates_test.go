package order_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

type certificates = []*x509.Certificate

// rooted is a setting whose CA has, beside its chain to the authority "root", one to
// "other root" by the same intermediate, and one with "other root" in it that leads to
// "root".
func rooted(t *testing.T) (s *setting, other, cross *x509.Certificate) {
	s = newSetting(t)
	above := s.ca.below(t, "other root", nil)
	template := s.ca.template("intermediate")
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	below := sign(template, above, s.ca.intermediate.key.Public())
	template = s.ca.template("other root")
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	cross = sign(template, s.ca.root, above.key.Public())
	s.ca.alternates = []func(certificates) certificates{
		func(c certificates) certificates { return certificates{c[0], below, cross} },
		func(c certificates) certificates { return certificates{c[0], below} },
	}
	s.ca.links = []string{`<BASE/alternate/1>;rel="alternate"`, `<BASE/alternate/2>;rel="alternate"`}
	return s, below, cross
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// colons writes a fingerprint as OpenSSL does.
func colons(fingerprint string) string {
	var pairs []string
	for pair := range slices.Chunk([]byte(strings.ToUpper(fingerprint)), 2) {
		pairs = append(pairs, string(pair))
	}
	return strings.Join(pairs, ":")
}

// TestPreferredChain is taken out of those that the CA offers (section 7.4.2).
func TestPreferredChain(t *testing.T) {
	for name, row := range map[string]struct {
		wanted    func(below, cross *x509.Certificate) string
		issuers   string // subjects beside the leaf
		downloads int    // of alternates
		step      string
	}{
		"none":                   {func(_, _ *x509.Certificate) string { return "" }, "intermediate", 0, ""},
		"the first one's":        {func(_, _ *x509.Certificate) string { return "root" }, "intermediate", 0, ""},
		"another's":              {func(_, _ *x509.Certificate) string { return "other root" }, "intermediate", 2, `took the alternate chain that ends at "other root"`},
		"in capitals":            {func(_, _ *x509.Certificate) string { return " Other Root " }, "intermediate", 2, `"other root"`},
		"by the last one's hash": {func(_, cross *x509.Certificate) string { return fingerprint(cross) }, "intermediate, other root", 1, `took the alternate chain that ends at "root"`},
		"with colons":            {func(_, cross *x509.Certificate) string { return colons(fingerprint(cross)) }, "intermediate, other root", 1, ""},
		"by any hash":            {func(below, _ *x509.Certificate) string { return fingerprint(below) }, "intermediate", 2, ""},
		"one on the way":         {func(_, _ *x509.Certificate) string { return "intermediate" }, "intermediate", 2, ""},
		"nobody's": {func(_, _ *x509.Certificate) string { return "no such root" }, "intermediate", 2,
			`the CA offers no chain of "no such root", and its own is kept; those that there are end at "root", "root", "other root"`},
		"no hash of it": {func(_, _ *x509.Certificate) string { return strings.Repeat("ab", 32) }, "intermediate", 2, "the CA offers no chain of"},
		"hostile":       {func(_, _ *x509.Certificate) string { return "\x1b[2J" }, "intermediate", 2, `no chain of "?[2J"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, below, cross := rooted(t)
			s.wanted.Chain = row.wanted(below, cross)
			leaf := s.mustObtain()
			var issuers []string
			for _, der := range s.obtained.Chain[1:] {
				c, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				issuers = append(issuers, c.Subject.CommonName)
			}
			if got := strings.Join(issuers, ", "); got != row.issuers {
				t.Errorf("the chain leads by %s, want %s", got, row.issuers)
			}
			if row.step == "" && s.told("alternate chain that leads") {
				t.Errorf("the steps tell %q", s.steps)
			} else if row.step != "" {
				s.mustTell(row.step)
			}
			s.mustCount(alternate, row.downloads)
			s.mustCount(certificate, 1)
			if len(leaf.DNSNames) != 1 {
				t.Errorf("the leaf is for %v", leaf.DNSNames)
			}
		})
	}
}

// TestLinksToChains in all the forms of RFC 8288 section 3, and where they must not lead
// (P20).
func TestLinksToChains(t *testing.T) {
	many := func(count int) (links []string) {
		for i := range count {
			links = append(links, fmt.Sprintf(`<BASE/alternate/%d>;rel="alternate"`, i+3))
		}
		return links
	}
	for name, row := range map[string]struct {
		links []string
		taken bool // the alternate 2, which is the one wanted
		looks int
		step  string
	}{
		"one field":            {[]string{`<BASE/alternate/1>;rel="alternate", <BASE/alternate/2>;rel="alternate"`}, true, 2, `took the alternate chain that ends at "other root"`},
		"beside others":        {[]string{`<BASE/x>;rel="up", <BASE/alternate/2>; title="a, b; c" ; rel="alternate"`}, true, 1, ""},
		"a token":              {[]string{`<BASE/alternate/2>; rel=alternate`}, true, 1, ""},
		"several relations":    {[]string{`<BASE/alternate/2>;rel="index Alternate"`}, true, 1, ""},
		"relative":             {[]string{`<../alternate/2>;rel="alternate"`}, true, 1, ""},
		"an absolute path":     {[]string{`</alternate/2#here>;rel="alternate"`}, true, 1, ""},
		"a scheme-less one":    {[]string{`<//127.0.0.2/alternate/2>;rel="alternate"`}, false, 0, "1 alternate chain elsewhere"},
		"the same twice":       {[]string{`<BASE/alternate/2>;rel="alternate"`, `</alternate/2>;rel="alternate"`}, true, 1, ""},
		"itself":               {[]string{`<BASE/certificate/1>;rel="alternate"`, `<1>;rel="alternate"`}, false, 0, "no chain of"},
		"another host":         {[]string{`<https://elsewhere.example/2>;rel="alternate"`}, false, 0, "1 alternate chain elsewhere, where nothing is asked for"},
		"http":                 {[]string{`<http://127.0.0.1/alternate/2>;rel="alternate"`}, false, 0, "elsewhere"},
		"a file":               {[]string{`<file:///etc/passwd>;rel="alternate"`}, false, 0, "elsewhere"},
		"no URL":               {[]string{`<https://a b/>;rel="alternate"`, `<:x>;rel="alternate"`}, false, 0, "elsewhere"},
		"another relation":     {[]string{`<BASE/alternate/2>;rel="next"`}, false, 0, "no chain of"},
		"about something else": {[]string{`<BASE/alternate/2>;rel="alternate";anchor="/x"`}, false, 0, "no chain of"},
		"the first rel counts": {[]string{`<BASE/alternate/2>;rel="up";rel="alternate"`}, false, 0, "no chain of"},
		"no link":              {[]string{`BASE/alternate/2;rel="alternate"`, `<BASE/alternate/2`, `<>`, ``, `,,;`, `<BASE/alternate/2>rel="alternate"`}, false, 0, "no chain of"},
		"100 of them":          {append(many(100), `<BASE/alternate/2>;rel="alternate"`), false, 10, "of 101 alternate chains the first 10 are looked at"},
		"100 elsewhere":        {append(slices.Repeat([]string{`<https://elsewhere.example/>;rel="alternate"`}, 100), `<BASE/alternate/2>;rel="alternate"`), true, 1, "100 alternate chains elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, _ := rooted(t)
			s.wanted.Chain, s.ca.links = "other root", row.links
			s.mustObtain()
			last, err := x509.ParseCertificate(s.obtained.Chain[len(s.obtained.Chain)-1])
			if err != nil {
				t.Fatal(err)
			}
			if taken := last.Issuer.CommonName == "other root"; taken != row.taken {
				t.Errorf("the chain ends at %q", last.Issuer.CommonName)
			}
			s.mustCount(alternate, row.looks)
			if row.step != "" {
				s.mustTell(row.step)
			}
			s.mustBePolite()
		})
	}
}

// TestAlternatesThatAreUnfit are passed over, and asked for once: there is a certificate.
func TestAlternatesThatAreUnfit(t *testing.T) {
	for name, act := range map[string]action{
		"gone":           refusing(&problem{Status: 404, Type: "malformed", Detail: "no such chain"}),
		"trouble":        answering(502, ""),
		"limited":        answering(429, "", "Retry-After: 60"),
		"cut":            dropping,
		"no chain":       answering(200, "<html>\x1b[2J"),
		"a private key":  answering(200, "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
		"a bigger loop":  saying(`Link: </alternate/1>;rel="alternate"`),
		"another's leaf": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, _ := rooted(t)
			s.wanted.Chain = "other root"
			s.ca.links = s.ca.links[:1]
			good := s.ca.alternates[1]
			s.ca.alternates[0] = good
			if act == nil {
				another := newIssuer(t, s.clock.now)
				s.ca.alternates[0] = func(certificates) certificates {
					return decoded(another.issue(newKey(t).Public(), []string{"a.example"}))
				}
			} else {
				s.ca.on(alternate, always, act)
			}
			s.mustObtain()
			s.mustCount(alternate, 1)
			if name == "a bigger loop" {
				s.mustTell(`took the alternate chain that ends at "other root"`)
				return
			}
			s.mustTell("an alternate chain is not used: ")
			s.mustTell("the CA offers no chain of")
			for _, step := range s.steps {
				if acmecore.Inert(step.Text) != step.Text {
					t.Errorf("the step is not inert: %q", step.Text)
				}
			}
		})
	}
}

// FuzzLinks: whatever is written there, what is found stands in it.
func FuzzLinks(f *testing.F) {
	for _, text := range []string{`<https://ca.example/2>;rel="alternate"`, `<a>; rel=alternate, <b>;rel="up alternate";title="\"<x>"`, `<`, `<>;rel=alternate`,
		`<a>;rel="alternate`, `<a>;;rel=alternate`, `<a>;rel = "alternate"`, `<a>;rel`, `,,,`, `<a>;x="\`, "<a>\t;\trel=alternate\t,\t<b>"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, target := range order.LinksOf([]string{text}, "alternate") {
			if !strings.Contains(text, "<"+target) && !strings.Contains(text, target+">") && strings.TrimSpace(target) != "" {
				t.Errorf("%q leads to %q", text, target)
			}
		}
	})
}
